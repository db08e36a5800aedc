"""The picture: speed-up over the reference, and over the fastest peer."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .result import REFERENCE, Report, Row, Run

COLOURS = {"forward": "#3b76af", "train": "#e08a2e"}


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
    pyplot = load_matplotlib()
    with_peers = bool(report.settings["peers"])
    panels = 2 if with_peers else 1
    runs = [run for run in report.runs if _cases(run)]
    heights = [1.6 + 0.3 * len(_cases(run)) for run in runs]
    figure, grid = pyplot.subplots(
        len(runs),
        panels,
        figsize=(6.0 + 4.5 * panels, sum(heights)),
        squeeze=False,
        gridspec_kw={"height_ratios": heights},
        layout="constrained",
    )
    for run, axes in zip(runs, grid, strict=True):
        _draw_reference(axes[0], run)
        if with_peers:
            _draw_peers(axes[1], run)
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _cases(run: Run) -> list[str]:
    return list(dict.fromkeys(f"{row.op}  {row.name}" for row in run.rows))


def _draw_reference(axes: Any, run: Run) -> None:
    _bars(axes, run, lambda row: row.ratio(REFERENCE))
    cases = _cases(run)
    axes.set_yticks(range(len(cases)), cases, fontsize=8)
    threads = f"{run.threads} thread{'s' * (run.threads > 1)}"
    axes.set_title(f"times faster than the NumPy reference, {threads}", fontsize=10)


def _draw_peers(axes: Any, run: Run) -> None:
    def ratio(row: Row) -> float | None:
        peer = row.fastest_peer()
        return row.ratio(peer) if peer else None

    _bars(axes, run, ratio)
    axes.set_yticks(range(len(_cases(run))), [])
    axes.set_title("times faster than the fastest peer", fontsize=10)


def _bars(axes: Any, run: Run, value: Any) -> None:
    """Two bars a case, forward above train, on a logarithmic axis from the line at 1."""
    places = {case: index for index, case in enumerate(_cases(run))}
    for pass_, colour in COLOURS.items():
        offset = -0.2 if pass_ == "forward" else 0.2
        found = [
            (places[f"{r.op}  {r.name}"] + offset, v)
            for r in run.rows
            if r.pass_ == pass_ and (v := value(r))
        ]
        if not found:
            continue
        where, ratios = zip(*found, strict=True)
        # a bar from 1 to the ratio: to the right when foldgate is faster, to the left when it is slower
        axes.barh(where, [ratio - 1.0 for ratio in ratios], left=1.0, height=0.38, color=colour, label=pass_)
        for y, ratio in found:
            text = f"{ratio:.0f}" if ratio >= 20 else f"{ratio:.2g}" if ratio >= 10 else f"{ratio:.2f}"
            axes.annotate(
                text,
                (ratio, y),
                xytext=(3 if ratio >= 1 else -3, 0),
                textcoords="offset points",
                ha="left" if ratio >= 1 else "right",
                va="center",
                fontsize=6.5,
            )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(import_module("matplotlib.ticker").LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.axvline(1.0, color="#444444", linewidth=1.0)
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.margins(x=0.12)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
