"""A model's layers as a table, with Keras' columns and numbers."""

from __future__ import annotations

import math
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from foldgate._nest import flatten, map_shapes
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate.models.functional import Functional

WIDEST, WIDEST_GRAPH = 88, 108  # characters a line
UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Prints the summary; see `Model.summary`."""
    connected = _is_graph(model)
    columns = ["Layer (type)", "Output Shape", "Param #"]
    ends = [0.3, 0.56, 0.74, 1.0] if connected else [0.45, 0.8, 1.0]
    widest = WIDEST_GRAPH if connected else WIDEST
    columns += ["Connected to"] * connected
    if show_trainable:
        columns.append("Trainable")
        ends = [0.9 * end for end in ends] + [1.0]
        widest += 12
    width = line_length or min(widest, shutil.get_terminal_size().columns - 4)
    table = _table(columns, list(positions or ends), width)
    for layer in _in_range(_rows_of(model), layer_range):
        _add_rows(table, model, layer, connected, expand_nested, show_trainable)
    console = Console(highlight=False, width=max(width, 20), file=sys.stdout)
    if print_fn is not None:
        console = Console(highlight=False, width=max(width, 20), color_system=None, force_terminal=False)
        console.begin_capture()
    console.print(f'[bold]Model: "{escape(model.name)}"[/]')
    console.print(table)
    for label, count, size in totals(model):
        console.print(f"[bold] {label}: [/][color(34)]{count:,}[/] ({readable_size(size)})")
    if print_fn is not None:
        print_fn(console.end_capture())


def totals(model: Any) -> list[tuple[str, int, int]]:
    """The label, the number of values and the bytes of the lines below the table."""
    optimizer = getattr(model, "optimizer", None)
    slots = list(optimizer.variables) if optimizer is not None and getattr(optimizer, "built", False) else []
    kinds = [
        ("Trainable params", model.trainable_weights),
        ("Non-trainable params", model.non_trainable_weights),
    ]
    if slots:
        kinds.append(("Optimizer params", slots))
    lines = [(label, *_extent(values)) for label, values in kinds]
    total = ("Total params", sum(line[1] for line in lines), sum(line[2] for line in lines))
    return [total, *lines]


def _extent(values: list[Any]) -> tuple[int, int]:
    """The number of values, and of bytes."""
    sizes = [math.prod(value.shape) for value in values]
    parts = zip(sizes, values, strict=True)
    return sum(sizes), sum(size * np.dtype(value.dtype).itemsize for size, value in parts)


def readable_size(size: float) -> str:
    """A number of bytes in the unit that leaves it below 1024."""
    for unit in UNITS[:-1]:
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} {UNITS[-1]}"


def output_shape(layer: Any) -> str:
    """The shape of a layer's output as the summary shows it, `?` where it is not known."""
    nodes, shapes = layer._inbound_nodes, getattr(layer, "_build_shapes", None)
    if nodes:
        found = [tensor.shape for tensor in nodes[-1].output_tensors]
        return str(found[0] if len(found) == 1 else found)
    if hasattr(layer, "outputs") and layer.built:
        return str(layer.output_shape)
    if not shapes:
        return "?"
    try:
        given = layer.compute_output_shape(next(iter(shapes.values())))
    except (NotImplementedError, TypeError):
        return "?"
    return str(map_shapes(lambda shape: shape, given))


def _table(columns: list[str], ends: list[float], width: int) -> Table:
    table = Table(width=width, show_lines=True)
    begin = 0
    for name, end in zip(columns, ends, strict=True):
        stop = int(end * width)
        if stop - begin < 4:
            raise ValueError(f"summary: {width} characters a line are too few for {len(columns)} columns")
        justify: Any = {"Param #": "right", "Trainable": "center"}.get(name, "left")
        table.add_column(name, justify=justify, width=stop - begin)
        begin = stop
    return table


def _rows_of(model: Any) -> list[Any]:
    return list(model.operations if isinstance(model, Functional) else model.layers)


def _is_graph(model: Any) -> bool:
    """Whether the table says what each layer reads: where the layers are no simple stack."""
    if not isinstance(model, Functional):
        return False
    nodes = [node for node in model._graph.nodes if not node.is_input]
    alone = [len(node.input_tensors) == 1 and len(node.output_tensors) == 1 for node in nodes]
    parents = [id(node.input_tensors[0]) for node in nodes if node.input_tensors]
    shared = len({id(node.operation) for node in nodes}) < len(nodes)
    return not all(alone) or shared or len(set(parents)) < len(parents) or len(model.inputs) > 1


def _in_range(layers: list[Any], names: Sequence[str] | None) -> list[Any]:
    if names is None:
        return layers
    if len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise ValueError(f"summary: layer_range is {names!r}; expected the names of two layers")
    first = [i for i, layer in enumerate(layers) if re.match(names[0], layer.name)]
    last = [i for i, layer in enumerate(layers) if re.match(names[1], layer.name)]
    if not first or not last:
        raise ValueError(f"summary: layer_range is {names!r}; there is no such layer")
    begin, end = min(first[0], last[-1]), max(first[0], last[-1])
    return layers[begin : end + 1]


def _add_rows(
    table: Table, model: Any, layer: Any, connected: bool, nested: bool, trainable: bool, level: int = 0
) -> None:
    prefix = "   " * level + "└ " if level else ""
    kind = getattr(layer, "keras_class", type(layer).__name__)
    name = escape(f"{prefix}{layer.name}") + f" ([color(33)]{escape(kind)}[/])"
    fields = [name, _colored(output_shape(layer)), _parameters(layer)]
    if connected:
        fields.append(escape(_connections(model, layer)))
    if trainable:
        fields.append(("Y" if layer.trainable else "N") if getattr(layer, "weights", ()) else "-")
    table.add_row(*fields)
    if nested:
        for inner in getattr(layer, "layers", ()):
            _add_rows(table, model, inner, connected, nested, trainable, level + 1)


def _parameters(layer: Any) -> str:
    if not getattr(layer, "built", True):
        return "[color(34)]0[/] (unbuilt)"
    return f"[color(34)]{layer.count_params():,}[/]" if hasattr(layer, "count_params") else "[color(34)]0[/]"


def _colored(shape: str) -> str:
    return re.sub(r"None|\d+", lambda m: f"[color({45 if m[0] == 'None' else 34})]{m[0]}[/]", escape(shape))


def _connections(model: Any, layer: Any) -> str:
    found = []
    for node in layer._inbound_nodes:
        if id(node) in model._graph.members:
            for tensor in flatten(node.input_tensors):
                if isinstance(tensor, KerasTensor):
                    operation, index, place = tensor._keras_history
                    found.append(f"{operation.name}[{index}][{place}]")
    return ", ".join(found) or "-"
