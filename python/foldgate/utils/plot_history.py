"""A training's losses and metrics as a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ._matplotlib import COLOURS, FAINT, INK, new_figure

COLUMNS = 3


def plot_history(
    history: Any,
    path: str | os.PathLike[str] | None = None,
    metrics: Sequence[str] | None = None,
    dpi: int = 150,
) -> Any:
    """Draw each metric over the epochs, with its values on the validation data in the same panel.

    Args:
        history: What `fit` returned, or its `.history`: lists of one value an epoch; "val_" begins the name
            of what was measured on the validation data.
        path: A .png, .svg or .pdf that the picture is written to; None writes none.
        metrics: Names without "val_", in the order of the panels; None for all.
        dpi: Dots an inch of a .png.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ImportError: matplotlib is not installed; the message names the extra.
        ValueError: There is nothing to draw, or no such metric.

    Example:
        >>> figure = plot_history({"loss": [1.0, 0.5, 0.4], "val_loss": [1.1, 0.7, 0.8]})
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['training', 'validation', 'best: epoch 2']
    """
    values: dict[str, list[float]] = getattr(history, "history", history)
    names = metrics or list(dict.fromkeys(name.removeprefix("val_") for name in values))
    missing = [name for name in names if name not in values and f"val_{name}" not in values]
    if not names or missing:
        raise ValueError(
            f"plot_history: no {missing[0] if missing else 'metric'}; history holds {sorted(values)}"
        )
    epochs = getattr(history, "epoch", None) or range(max(map(len, values.values())))
    rows, columns = -(-len(names) // COLUMNS), min(len(names), COLUMNS)
    figure = new_figure(4.6 * columns, 3.2 * rows)
    for i, name in enumerate(names):
        axes = figure.add_subplot(rows, columns, i + 1)
        parts = (("training", name), ("validation", f"val_{name}"))
        for (label, key), colour in zip(parts, COLOURS, strict=False):
            if key in values:
                _draw(axes, list(epochs), values[key], label, colour)
        _dress(axes, name, best=min if "loss" in name or "error" in name else None)
    figure.tight_layout()
    if path is not None:
        figure.savefig(path, dpi=dpi)
    return figure


def _draw(axes: Any, epochs: list[int], values: Sequence[float], label: str, colour: str) -> None:
    # Epochs count from 1 in the progress bar, and here. A single epoch is a point, no line.
    steps = [epoch + 1 for epoch in epochs[: len(values)]]
    marker = "o" if len(values) <= 30 else None
    axes.plot(steps, values, label=label, color=colour, marker=marker, markersize=3.5, linewidth=1.8)


def _dress(axes: Any, name: str, best: Any) -> None:
    axes.set_title(name.replace("_", " "), loc="left", color=INK, fontsize=11, fontweight="bold")
    axes.set_xlabel("epoch", color=FAINT, fontsize=9)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(colors=FAINT, labelsize=8)
    axes.grid(axis="y", color="#e6e9ec", linewidth=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#cfd5da")
    if len(axes.lines) > 1:
        _mark_best(axes, best)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)


def _mark_best(axes: Any, best: Any) -> None:
    """A ring at the validation's lowest loss; of a metric nobody knows which way is better."""
    if best is None:
        return
    steps, values = axes.lines[1].get_data()
    finite = [(value, step) for step, value in zip(steps, values, strict=True) if value == value]
    if finite:
        value, step = best(finite)
        axes.plot(
            [step], [value], "o", color="none", markeredgecolor=INK, markersize=8, label=f"best: epoch {step}"
        )
