"""What the benchmark's cases execute: instructions for each vector of results or multiply-adds, by parts.

    python benchmarks/instructions.py                                   # the shapes beyond the tables
    python benchmarks/instructions.py --cases tables --filter "*k3*"

Valgrind counts, and knows no AVX-512: the counts are the AVX2 tier's, of one thread, and the same in every
run. A case of products is counted by the multiply-adds of eight lanes that its shape asks for (a register
tile of 6 x 2 takes some 24 instructions for 12 of them, 2.0 each), a pool by the vectors that it reads and
writes. So a case whose tiles are at 2 and whose other parts are small is bound by its arithmetic, one at 8
by what its lanes leave empty; packing, joining and cells are told for what they cost. Functions are joined
to parts by their names, as in where.py, so it takes a build with symbols: `tools/dev_build`.
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from where import part_of

import foldgate
import foldgate.ops
from foldgate.bench.cases import CASE_SETS, Case, select

LANES = 8  # float32 of an AVX2 vector
# A line of callgrind_annotate, but for the frames that were open throughout: those are given all.
LINE = re.compile(r"\s*([\d,]+) \((?!100).*?\)\s+(?:.*?):(.*?)(?: \[(.*)\])?$")


def main() -> None:
    """Count all cases in one process under valgrind, and print a line for each of their passes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", choices=CASE_SETS, default="beyond")
    parser.add_argument("--filter", default="*", help="pattern of names")
    parser.add_argument("--worker", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    cases = [case for case in select(options.cases) if fnmatch(case.name, options.filter)]
    if not cases:
        parser.error(f"--filter is {options.filter!r}; expected a pattern of a case of {options.cases!r}")
    if options.worker:
        return work(cases, options.worker)
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder, "counts")
        for number, case in enumerate(cases):
            np.savez(operands(folder, number), **case.inputs(np.random.default_rng(0)))
        callgrind = ["valgrind", "-q", "--tool=callgrind", "--dump-before=sched_yield"]
        environment = {**os.environ, "FOLDGATE_MAX_ISA": "avx2", "PYTHONMALLOC": "malloc"}
        arguments = ["--worker", folder, "--cases", options.cases, "--filter", options.filter]
        command = [*callgrind, f"--callgrind-out-file={counts}", sys.executable, __file__, *arguments]
        subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
        for number, (case, pass_) in enumerate(passes(cases), start=1):
            found = by_part(case.op, Path(f"{counts}.{2 * number}"))
            unit = vectors(case, pass_) * repeats(case, pass_)
            print(f"| {case.op} {case.name} | {pass_} |", told(found, unit), "|", flush=True)


def passes(cases: Sequence[Case]) -> Iterator[tuple[Case, str]]:
    return ((case, pass_) for case in cases for pass_ in case.passes)


def operands(folder: str | Path, number: int) -> Path:
    """Where a case's are, which would take longer under valgrind than the case."""
    return Path(folder, f"{number}.npz")


def work(cases: Sequence[Case], folder: Path) -> None:
    """Call each pass of each case between two calls of sched_yield, at which valgrind ends a count."""
    foldgate.set_num_threads(1)
    gc.disable()
    for number, case in enumerate(cases):
        arrays = dict(np.load(operands(folder, number)))
        for pass_ in case.passes:
            call, count = case.prepared(pass_, foldgate.ops, arrays), repeats(case, pass_)
            if count > 1:
                call()  # what is done once is not counted
            os.sched_yield()
            for _ in range(count):
                call()
            os.sched_yield()


def repeats(case: Case, pass_: str) -> int:
    """Calls, as many as make the loop around them small."""
    return min(100, 1 + round(1e6 / vectors(case, pass_)))


def vectors(case: Case, pass_: str) -> float:
    """Multiply-adds of vectors that the shape asks for; without products, vectors read and written."""
    return case.flops(pass_) / (2 * LANES) or case.traffic(pass_) / (case.item_size * LANES)


def by_part(op: str, dump: Path) -> dict[str, int]:
    """The instructions of each part, by callgrind's report of a dump."""
    report = subprocess.run(
        ["callgrind_annotate", "--threshold=100", str(dump)], check=True, capture_output=True, text=True
    ).stdout
    found: dict[str, int] = defaultdict(int)
    for line in report.splitlines():
        if match := LINE.match(line):
            count, function, library = match.groups()
            found[part_of(op, library or "", function)] += int(count.replace(",", ""))
    return found


def told(found: dict[str, int], unit: float) -> str:
    """The total for a vector, and its parts of 3 % and more, the largest first."""
    total = sum(found.values())
    parts = sorted(found.items(), key=lambda item: -item[1])
    return f"{total / unit:.2f} |" + ",".join(
        f" {part} {count / unit:.2f}" for part, count in parts if count >= 0.03 * total
    )


if __name__ == "__main__":
    main()
