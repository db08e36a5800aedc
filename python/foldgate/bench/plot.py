"""The pictures: speed-up over the reference and over the fastest peer, and a family's share of the peak."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

from .result import REFERENCE, Report, Row, Run

COLOURS = {"forward": "#3b76af", "packed": "#4f9d69", "train": "#e08a2e"}
Ratio = Callable[[Row], float | None]
Panel = tuple[str, Ratio, float]  # its title, what its bars show, and where they start: a ratio at 1


def load_matplotlib() -> Any:
    """matplotlib's pyplot on a canvas that needs no screen.

    Raises:
        ImportError: It is not installed; the message names the extra.
    """
    try:
        import_module("matplotlib").use("Agg")
        return import_module("matplotlib.pyplot")
    except ImportError as error:
        raise ImportError(
            f"bench: --plot needs matplotlib, which is not installed ({error}); "
            "python -m pip install 'foldgate[plot]'"
        ) from error


def save_plot(report: Report, path: str) -> None:
    """Draw each run as one row of panels of horizontal bars and write the picture to `path`."""
    panels: list[Panel] = [("times faster than the NumPy reference", _over_reference, 1.0)]
    if report.settings["peers"]:
        panels.append(("times faster than the fastest peer", _over_fastest_peer, 1.0))
    _save([run for run in report.runs if run.rows], panels, path)


def save_family_plots(reports: Sequence[Report], folder: Path) -> list[Path]:
    """Draw each family's ratio to the fastest peer and its share of the peak, for each number of threads.

    Args:
        reports: Benchmarks of one machine, taken as one.
        folder: Where `<family>.png` is written; made where it is missing.

    Returns:
        The pictures' paths.
    """
    runs = sorted((run for report in reports for run in report.runs), key=lambda run: run.threads)
    folder.mkdir(parents=True, exist_ok=True)
    panels: list[Panel] = [
        ("times faster than the fastest peer", _over_fastest_peer, 1.0),
        ("% of the peak", partial(_share_of_peak, runs), 0.0),
    ]
    paths = []
    for family in dict.fromkeys(row.family for run in runs for row in run.rows):
        chosen = [_joined(family, list(same)) for _, same in groupby(runs, key=lambda run: run.threads)]
        path = folder / f"{family.replace(' ', '_')}.png"
        _save([run for run in chosen if run.rows], panels, str(path))
        paths.append(path)
    return paths


def _joined(family: str, runs: list[Run]) -> Run:
    return replace(runs[0], rows=[row for run in runs for row in run.rows if row.family == family])


def _over_reference(row: Row) -> float | None:
    return row.ratio(REFERENCE)


def _over_fastest_peer(row: Row) -> float | None:
    peer = row.fastest_peer()
    return row.ratio(peer) if peer else None


def _share_of_peak(runs: Sequence[Run], row: Row) -> float | None:
    """Of the peak that was measured in the row's own run, which is of its file."""
    rate = next(run for run in runs if any(one is row for one in run.rows)).rate(row)
    return rate[2] if rate else None


def _save(runs: list[Run], panels: Sequence[Panel], path: str) -> None:
    """A row of panels a run."""
    pyplot = load_matplotlib()
    heights = [1.6 + 0.3 * len(_cases(run)) for run in runs]
    figure, grid = pyplot.subplots(
        len(runs),
        len(panels),
        figsize=(6.0 + 4.5 * len(panels), sum(heights)),
        squeeze=False,
        gridspec_kw={"height_ratios": heights},
        layout="constrained",
    )
    for run, row in zip(runs, grid, strict=True):
        threads = f"{run.threads} thread{'s' * (run.threads > 1)}"
        for axes, (title, value, start) in zip(row, panels, strict=True):
            _bars(axes, run, value, start)
            if start:
                _logarithmic(axes)
            axes.set_title(f"{title}, {threads}", fontsize=10)
            axes.set_yticks(range(len(_cases(run))), _cases(run) if axes is row[0] else [], fontsize=8)
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _cases(run: Run) -> list[str]:
    return list(dict.fromkeys(f"{row.op}  {row.name}" for row in run.rows))


def _bars(axes: Any, run: Run, value: Ratio, start: float) -> None:
    """A bar a pass of each case, in the order of COLOURS, from the line at `start`."""
    places = {case: index for index, case in enumerate(_cases(run))}
    shown = [pass_ for pass_ in COLOURS if any(row.pass_ == pass_ for row in run.rows)]
    height = 0.8 / len(shown)
    for index, pass_ in enumerate(shown):
        offset = (index + 0.5) * height - 0.4
        found = [
            (places[f"{r.op}  {r.name}"] + offset, v)
            for r in run.rows
            if r.pass_ == pass_ and (v := value(r))
        ]
        if not found:
            continue
        where, ratios = zip(*found, strict=True)
        # a bar from 1 to a ratio goes to the right when foldgate is faster, to the left when it is slower
        lengths = [ratio - start for ratio in ratios]
        axes.barh(where, lengths, left=start, height=0.95 * height, color=COLOURS[pass_], label=pass_)
        for y, ratio in found:
            text = f"{ratio:.0f}" if ratio >= 20 else f"{ratio:.2g}" if ratio >= 10 else f"{ratio:.2f}"
            axes.annotate(
                text,
                (ratio, y),
                xytext=(3 if ratio >= start else -3, 0),
                textcoords="offset points",
                ha="left" if ratio >= start else "right",
                va="center",
                fontsize=6.5,
            )
    axes.axvline(start, color="#444444", linewidth=1.0)
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.margins(x=0.12)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)


def _logarithmic(axes: Any) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(import_module("matplotlib.ticker").LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
