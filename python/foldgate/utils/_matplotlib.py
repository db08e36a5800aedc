"""matplotlib, loaded when something is drawn."""

from __future__ import annotations

from importlib import import_module
from typing import Any

PAPER, INK, FAINT = "#ffffff", "#26303a", "#8a949e"
COLOURS = ("#3b76af", "#e08a2e", "#4f9d69", "#b0504f", "#7d68a8", "#7f6a5b")


def new_figure(width: float, height: float) -> Any:
    """An empty figure of that many inches, on a canvas that needs no screen.

    Raises:
        ImportError: matplotlib is not installed; the message names the extra.
    """
    try:
        figure = import_module("matplotlib.figure").Figure((width, height), facecolor=PAPER)
        import_module("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    except ImportError as error:
        raise ImportError(
            f"pictures need matplotlib, which is not installed ({error}); "
            "python -m pip install 'foldgate[plot]'"
        ) from error
    return figure
