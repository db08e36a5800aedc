"""A model as a picture: a box a layer, an arrow wherever one's output goes to another."""

from __future__ import annotations

import os
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple

from ._layout import Layout, Point
from ._matplotlib import FAINT, INK, new_figure

# Room of a layer's class -> its boxes' (paper, edge).
PAPERS = {
    "input_layer": ("#eef0f2", "#9aa4ad"),
    "convolution": ("#dfeaf5", "#3b76af"),
    "pooling": ("#e8f1ea", "#6ea37f"),
    "rnn": ("#dcefe3", "#3f8f5f"),
    "dense": ("#fbe9d7", "#d98a34"),
    "embedding": ("#fbe9d7", "#d98a34"),
    "normalization": ("#efe8f5", "#8a72b0"),
    "attention": ("#f7e1e4", "#b85c6b"),
    "merging": ("#f6f1d8", "#b09a3a"),
    "models": ("#e3eef0", "#4b8792"),
}
PLAIN = ("#ffffff", "#b4bcc4")
SIZE, SMALL = 9.0, 7.5  # points
MARGIN, PADDING = 14.0, 7.0


class _Box(NamedTuple):
    lines: list[tuple[str, bool]]  # text, whether it is the title
    paper: str
    edge: str


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] | None = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> Any:
    """Draw a model's layers and how they follow each other.

    Args:
        model: A Sequential or a functional model, built.
        to_file: A .png, .svg or .pdf; None writes none.
        show_shapes: Whether to write the shapes of what goes in and comes out.
        show_dtype: Whether to write the dtype of what comes out.
        show_layer_names: Whether to write the layers' names.
        rankdir: "TB" from top to bottom, "LR" from left to right.
        expand_nested: Whether to draw the layers of models within the model in place of a box for each.
        dpi: Dots an inch of a .png.
        show_layer_activations: Whether to write the activations of layers that have one.
        show_trainable: Whether to mark layers that do not train.
        splines: Accepted for Keras' scripts: lines are straight.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ImportError: matplotlib is not installed; the message names the extra.
        ValueError: The model is no such or is not built, or `rankdir` is neither.

    Example:
        >>> import foldgate as keras
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
        >>> figure = keras.utils.plot_model(model, to_file=None, show_shapes=True)
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['InputLayer', '(None, 8)', 'Dense', '(None, 8) → (None, 2)']
    """
    if rankdir not in ("TB", "LR"):
        raise ValueError(f"plot_model: rankdir is {rankdir!r}; expected 'TB' or 'LR'")
    nodes, edges = _graph(model, expand_nested)
    shown = {
        "shapes": show_shapes,
        "dtype": show_dtype,
        "names": show_layer_names,
        "activations": show_layer_activations,
        "trainable": show_trainable,
    }
    boxes = [_box(node, shown) for node in nodes]
    sideways = rankdir == "LR"
    sizes = [_size(box) for box in boxes]
    layout = Layout([(h, w) if sideways else (w, h) for w, h in sizes], edges)
    figure = _draw(boxes, sizes, layout, sideways)
    if to_file is not None:
        figure.savefig(to_file, dpi=dpi)
    return figure


# --- the model as boxes ---


def _graph(model: Any, expand: bool) -> tuple[list[Any], list[tuple[int, int]]]:
    """The calls of layers in the model, and which of them read what others give."""
    nodes: list[Any] = []
    edges: list[tuple[int, int]] = []
    _add_graph(model, expand, nodes, edges, None)
    return nodes, list(dict.fromkeys(edges))


def _add_graph(
    model: Any, expand: bool, nodes: list[Any], edges: list[tuple[int, int]], feeds: list[int] | None
) -> list[int]:
    """Adds a model's calls; `feeds` are the boxes that its inputs come from. Gives its outputs' boxes."""
    graph = _functional(model)
    given: dict[int, list[int]] = {}  # of each call, the boxes that its output comes from
    if feeds is not None:
        for tensor, feed in zip(graph.inputs, feeds * len(graph.inputs), strict=False):
            given[id(tensor._keras_history.node)] = [feed]
    for node in _calls(graph):
        if id(node) in given:
            continue
        sources = [box for parent in node.parents for box in given[id(parent)]]
        if expand and _is_model(node.operation):
            given[id(node)] = _add_graph(node.operation, expand, nodes, edges, sources)
            continue
        edges += [(source, len(nodes)) for source in sources]
        given[id(node)] = [len(nodes)]
        nodes.append(node)
    return [box for tensor in graph.outputs for box in given[id(tensor._keras_history.node)]]


def _calls(graph: Any) -> list[Any]:
    """The calls that lead to a model's outputs, each after those that it reads."""
    done: dict[int, Any] = {}
    open_ones = [tensor._keras_history.node for tensor in reversed(graph.outputs)]
    while open_ones:
        node = open_ones[-1]
        missing = [parent for parent in node.parents if id(parent) not in done]
        if missing:
            open_ones += missing
            continue
        done.setdefault(id(node), node)
        open_ones.pop()
    return list(done.values())


def _functional(model: Any) -> Any:
    graph = getattr(model, "_functional", None) or model
    if not (hasattr(graph, "inputs") and hasattr(graph, "outputs") and getattr(graph, "built", False)):
        raise ValueError(
            f"plot_model: {getattr(model, 'name', model)!r} has no graph; expected a built Sequential or "
            "functional model"
        )
    return graph


def _is_model(operation: Any) -> bool:
    return hasattr(operation, "inputs") and hasattr(operation, "outputs")


def _box(node: Any, shown: dict[str, bool]) -> _Box:
    layer = node.operation
    # A function of NumPy in the graph is known by its name, of which there may be several: add, add_1.
    kind = type(layer).__name__ if hasattr(layer, "weights") else layer.name.rstrip("0123456789").rstrip("_")
    activation = getattr(getattr(layer, "activation", None), "__name__", None)
    if shown["activations"] and activation not in (None, "linear"):
        kind = f"{kind} · {activation}"
    lines = [(kind, True)]
    if shown["names"]:
        lines.append((str(layer.name), False))
    if shown["shapes"]:
        given, made = _shapes(node.input_tensors), _shapes(node.output_tensors)
        lines.append((f"{given} → {made}" if given else made, False))
    if shown["dtype"]:
        lines.append((", ".join(str(tensor.dtype) for tensor in node.output_tensors), False))
    if shown["trainable"] and getattr(layer, "weights", None) and not layer.trainable:
        lines.append(("not trainable", False))
    return _Box(lines, *_papers(layer))


def _papers(layer: Any) -> tuple[str, str]:
    rooms = type(layer).__module__.split(".")
    return next((PAPERS[room] for room in rooms if room in PAPERS), PLAIN)


def _shapes(tensors: Any) -> str:
    return ", ".join(str(tuple(tensor.shape)) for tensor in tensors)


# --- boxes on paper ---


def _size(box: _Box) -> Point:
    measure = import_module("matplotlib.textpath").text_to_path.get_text_width_height_descent
    fonts = import_module("matplotlib.font_manager").FontProperties
    widths = []
    for text, title in box.lines:
        font = fonts(size=SIZE if title else SMALL, weight="bold" if title else "normal")
        widths.append(measure(text, font, ismath=False)[0])
    height = sum(_height(title) for _, title in box.lines)
    return max([64.0, *widths]) + 2 * PADDING, height + 2 * PADDING


def _height(title: bool) -> float:
    return 1.35 * (SIZE if title else SMALL)


def _draw(boxes: list[_Box], sizes: list[Point], layout: Layout, sideways: bool) -> Any:
    width, height = (layout.height, layout.width) if sideways else (layout.width, layout.height)
    width, height = width + 2 * MARGIN, height + 2 * MARGIN
    figure = new_figure(width / 72, height / 72)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-MARGIN, width - MARGIN)
    axes.set_ylim(height - MARGIN, -MARGIN)
    axes.axis("off")
    for route in layout.routes:
        _draw_route(axes, route, sideways)
    for box, size, (x, y) in zip(boxes, sizes, layout.centers, strict=True):
        _draw_box(axes, box, size, (y, x) if sideways else (x, y))
    return figure


def _draw_box(axes: Any, box: _Box, size: Point, center: Point) -> None:
    (width, height), (x, y) = size, center
    rounded = import_module("matplotlib.patches").FancyBboxPatch
    corner = (x - width / 2 + 3, y - height / 2 + 3)
    style = "round,pad=3,rounding_size=4"
    axes.add_patch(
        rounded(corner, width - 6, height - 6, style, facecolor=box.paper, edgecolor=box.edge, linewidth=0.9)
    )
    top = y - height / 2 + PADDING
    for text, title in box.lines:
        middle = top + _height(title) / 2
        axes.text(
            x,
            middle,
            text,
            ha="center",
            va="center_baseline",
            fontsize=SIZE if title else SMALL,
            fontweight="bold" if title else "normal",
            color=INK if title else "#55606b",
            parse_math=False,
        )
        top += _height(title)


def _draw_route(axes: Any, route: list[Point], sideways: bool) -> None:
    """A smooth line through the points: each part leaves and arrives along the direction of the rows."""
    shapes = import_module("matplotlib.path").Path
    patches = import_module("matplotlib.patches")
    points, codes = [route[0]], [shapes.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(route):
        middle = (y0 + y1) / 2
        points += [(x0, middle), (x1, middle), (x1, y1)]
        codes += [shapes.CURVE4] * 3
    path = shapes([(y, x) for x, y in points] if sideways else points, codes)
    axes.add_patch(
        patches.FancyArrowPatch(
            path=path, arrowstyle="-|>", mutation_scale=7, color=FAINT, linewidth=1.0, shrinkA=0, shrinkB=0
        )
    )
