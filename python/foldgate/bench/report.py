"""The tables that a person reads, in at most a hundred columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .peers import PEERS, installed
from .result import FOLDGATE, REFERENCE, Report, Row, Run, geometric_mean

WIDTH = 100
COLUMN_TITLES = {"torch": "torch", "onnxruntime": "ort", "openvino": "ov"}
ON_PAR = 0.95  # a peer's ratio below this is a loss, and is shown as one


def print_report(report: Report, console: Console) -> None:
    """Print every run: against the reference, against the peers, and the means."""
    for run in report.runs:
        console.print(_machine_line(report, run), highlight=False)
        console.print(_reference_table(run))
        console.print()
        peers = [name for name in PEERS if name in report.settings["peers"]]
        if peers:
            console.print(_peers_table(run, peers))
            console.print()
        for row in run.rows:
            for who, message in row.errors.items():
                text = f"{row.op} {row.name} {row.pass_}: {who}: {message}"
                console.print(f"[bold red]error[/] {escape(text)}", highlight=False)
        console.print(_summary_table(run, bool(peers)))
    console.print(f"\n[dim]{escape(_footnote(report))}[/]", highlight=False)


def milliseconds(seconds: float | None) -> str:
    """Three digits, whatever the size."""
    if seconds is None:
        return "-"
    return _digits(seconds * 1e3)


def times(ratio: float | None) -> str:
    return "-" if ratio is None else _digits(ratio) + "x"


def _digits(value: float) -> str:
    if value >= 99.95:
        return f"{value:.0f}"
    if value >= 9.995:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.0995 else f"{value:.4f}"


def _machine_line(report: Report, run: Run) -> str:
    isa = report.machine.get("isa", "")
    threads = f"{run.threads} thread{'s' * (run.threads > 1)}"
    return f"\n[bold]{threads}[/] · {isa} · {run.peak.text()}"


def _table(title: str, first: str) -> Table:
    """A table whose columns stand two blanks apart and are never cut; the first two say which row it is."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column(first, no_wrap=True)
    table.add_column("pass", no_wrap=True)
    return table


def _sections(rows: list[Row]) -> list[tuple[Row, bool]]:
    """The rows with a mark where a case begins (its name is printed once)."""
    return [
        (row, index == 0)
        for _, case in groupby(rows, key=lambda r: (r.op, r.name))
        for index, row in enumerate(case)
    ]


def _reference_table(run: Run) -> Table:
    table = _table("foldgate and its NumPy reference, ms", "case")
    for title in ("reference", "foldgate", "speed-up", "rate", "% of peak"):
        table.add_column(title, justify="right", no_wrap=True)
    op = ""
    for row, begins in _sections(run.rows):
        if row.op != op:
            op = row.op
            table.add_row(f"[bold cyan]{op}[/]")
        rate = run.rate(row)
        table.add_row(
            f"  {row.name}" if begins else "",
            row.pass_,
            milliseconds(row.seconds(REFERENCE)),
            "[bold red]error[/]" if FOLDGATE in row.errors else milliseconds(row.seconds(FOLDGATE)),
            times(row.ratio(REFERENCE)),
            f"{_digits(rate[0])} {rate[1]}" if rate else "-",
            f"{rate[2]:.0f}" if rate else "-",
        )
    return table


def _peers_table(run: Run, peers: list[str]) -> Table:
    table = _table("foldgate and other libraries, ms; ratio = theirs / foldgate's", "case")
    table.add_column("foldgate", justify="right", no_wrap=True)
    for name in peers:
        table.add_column(COLUMN_TITLES[name], justify="right", no_wrap=True)
        table.add_column("ratio", justify="right", no_wrap=True)
    op = ""
    for row, begins in _sections(run.rows):
        if row.op != op:
            op = row.op
            table.add_row(f"[bold cyan]{op}[/]")
        cells = [f"  {row.name}" if begins else "", row.pass_, milliseconds(row.seconds(FOLDGATE))]
        for name in peers:
            failed = name in row.errors and name not in row.times
            cells += [
                "[bold red]error[/]" if failed else milliseconds(row.seconds(name)),
                _coloured(row.ratio(name)),
            ]
        table.add_row(*cells)
    return table


def _coloured(ratio: float | None) -> str:
    if ratio is None:
        return "-"
    return f"[red]{times(ratio)}[/]" if ratio < ON_PAR else f"[green]{times(ratio)}[/]"


def _summary_table(run: Run, with_peers: bool) -> Table:
    table = _table("Geometric means", "family")
    table.add_column("cases", justify="right")
    table.add_column("over reference", justify="right", no_wrap=True)
    if with_peers:
        table.add_column("over fastest", justify="right", no_wrap=True)
        table.add_column("worst", justify="right", no_wrap=True)
        table.add_column("at", no_wrap=True)
    for means in family_means(run.rows):
        table.add_row(*(means if with_peers else means[:4]))
    return table


def family_means(rows: Sequence[Row]) -> Iterator[list[str]]:
    """Family, pass, cases, mean over the reference; mean over the fastest peer, the worst ratio, its case."""
    for family, pass_ in dict.fromkeys((row.family, row.pass_) for row in rows):
        chosen = [row for row in rows if (row.family, row.pass_) == (family, pass_)]
        speed_ups = [ratio for row in chosen if (ratio := row.ratio(REFERENCE))]
        if speed_ups:
            mean = times(geometric_mean(speed_ups))
            yield [family, pass_, str(len(speed_ups)), mean, *_peer_cells(chosen)]


def _peer_cells(rows: Sequence[Row]) -> list[str]:
    ratios = [
        (ratio, row.name) for row in rows if (peer := row.fastest_peer()) and (ratio := row.ratio(peer))
    ]
    if not ratios:
        return ["-", "-", ""]
    worst, name = min(ratios)
    return [times(geometric_mean([ratio for ratio, _ in ratios])), times(worst), name]


def _footnote(report: Report) -> str:
    notes = [
        "train = forward + backward to every input. Medians of alternating rounds; results checked first.",
        "GB/s counts each operand once; a case that stays in the caches can pass 100 % of the copy's.",
    ]
    if not report.settings["reference_threads_limited"]:
        notes.append(
            "The reference's BLAS ran on its own number of threads (install threadpoolctl to hold it)."
        )
    others = [name for name in installed() if name not in report.settings["peers"]]
    if others:
        notes.append(f"Installed to compare with: --peers {','.join(others)}")
    return "\n".join(notes)
