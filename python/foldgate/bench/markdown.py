"""`python -m foldgate.bench.markdown [--plots FOLDER] FILE.json ...`: docs/performance.md's tables and plots.

The files are what `--json` wrote. Several are taken as one benchmark of one machine, so that it can be run in
parts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from .peers import PEERS
from .plot import save_family_plots
from .report import COLUMN_TITLES, family_means, milliseconds, times
from .result import FOLDGATE, REFERENCE, Report, Row, Run, report_from_json


def markdown(reports: Sequence[Report]) -> str:
    """The machine, then for each number of threads the means by family and every row.

    Args:
        reports: At least one.
    """
    first = reports[0]
    versions = ", ".join(
        f"{name} {version}" for report in reports for name, version in report.versions.items()
    )
    lines = [", ".join(dict.fromkeys(versions.split(", "))) + ".", ""]
    runs = sorted((run for report in reports for run in report.runs), key=lambda run: run.threads)
    for threads, same in groupby(runs, key=lambda run: run.threads):
        lines += _section(first, threads, list(same))
    return "\n".join(lines)


def _section(report: Report, threads: int, runs: list[Run]) -> Iterator[str]:
    yield f"## {threads} thread{'s' * (threads > 1)}"
    yield ""
    peaks = "; ".join(dict.fromkeys(run.peak.text() for run in runs))  # each file has its own
    yield f"{report.machine['isa']}, {peaks}. Times in ms."
    yield ""
    rows = [row for run in runs for row in run.rows]
    peers = [name for name in PEERS if any(name in row.times for row in rows)]
    yield "| family | pass | cases | over reference | over fastest peer | worst | at |"
    yield "|---|---|---|---|---|---|---|"
    for means in family_means(rows):
        yield f"| {' | '.join(means)} |"
    yield ""
    titles = ["case", "pass", "reference", "foldgate", "speed-up", "rate", "% of peak"]
    titles += [COLUMN_TITLES[name] for name in peers]
    yield f"| {' | '.join(titles)} | ratio |"
    yield f"|{'---|' * (8 + len(peers))}"
    for run in runs:
        for row in run.rows:
            yield f"| {' | '.join(_cells(run, row, peers))} |"
    yield ""


def _cells(run: Run, row: Row, peers: list[str]) -> list[str]:
    rate = run.rate(row)
    fastest = row.fastest_peer()
    return [
        f"{row.op} {row.name}",
        row.pass_,
        milliseconds(row.seconds(REFERENCE)),
        "error" if FOLDGATE in row.errors else milliseconds(row.seconds(FOLDGATE)),
        times(row.ratio(REFERENCE)),
        f"{rate[0]:.3g} {rate[1]}" if rate else "-",
        f"{rate[2]:.0f}" if rate else "-",
        *(milliseconds(row.seconds(name)) for name in peers),
        times(row.ratio(fastest) if fastest else None),
    ]


def main(arguments: Sequence[str]) -> int:
    """Print the tables of the files, and draw a plot a family where `--plots` names a folder."""
    parser = argparse.ArgumentParser(prog="python -m foldgate.bench.markdown")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE.json", help="what --json wrote")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw a picture a family into it")
    options = parser.parse_args(arguments)
    reports = [report_from_json(json.loads(path.read_text(encoding="utf-8"))) for path in options.files]
    print(markdown(reports))
    if options.plots is not None:
        save_family_plots(reports, options.plots)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
