"""Every bad input, one after the other, under an address-space limit: run by test_bad_inputs.py."""

from __future__ import annotations

import resource
import sys

from bad_inputs.every import all_rows, complaint

LIMIT = 3 << 30


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    seen, complaints = 0, []
    for row in all_rows():
        if "-v" in sys.argv:
            print(row.name, file=sys.stderr, flush=True)
        seen += 1
        wrong = complaint(row)
        if wrong:
            complaints.append(wrong)
    print(*complaints, f"{seen} rows, {len(complaints)} complaints", sep="\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
