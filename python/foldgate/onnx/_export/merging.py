"""Layers of several inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from foldgate.onnx._export.value import Layout, Value
from foldgate.onnx._export.writer import Writer

_KINDS = {
    "Add": "Add",
    "Average": "Add",
    "Subtract": "Sub",
    "Multiply": "Mul",
    "Maximum": "Max",
    "Minimum": "Min",
}


def aligned(w: Writer, values: list[Value]) -> list[Value]:
    """Values of one rank in one order of axes: that of the first that is not plain."""
    if len({value.rank for value in values}) > 1:
        return [w.laid(value, "plain") for value in values]
    layouts = [value.layout for value in values if value.layout != "plain"]
    layout: Layout = layouts[0] if layouts else "plain"
    return [w.laid(value, layout) for value in values]


def elementwise(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Add, Average, Subtract, Multiply, Maximum and Minimum; lower ranks get axes behind the batch."""
    values = [w.floats(value, layer.compute_dtype) for value in given["inputs"]]
    name, masks = type(layer).__name__, [value.mask for value in values]
    if name in ("Multiply", "Maximum", "Minimum") and any(mask is not None for mask in masks):
        raise w.refuse("masked inputs of this layer have no ONNX form here")
    rank = max(value.rank for value in values)
    values = aligned(w, [_widened(w, value, rank) for value in values])
    y = values[0].name
    for value in values[1:]:
        y = w.op(_KINDS[name], y, value.name)
    if name == "Average":
        y = w.op("Mul", y, w.constant(1 / len(values), values[0].dtype))
    return Value(y, shapes[0], values[0].dtype, values[0].layout, any_mask(w, masks))


def _widened(w: Writer, value: Value, rank: int) -> Value:
    if value.rank == rank:
        return value
    axes = range(1, 1 + rank - value.rank)
    shape = (value.shape[0], *(1,) * len(axes), *value.shape[1:])
    return Value(w.op("Unsqueeze", w.plain(value), w.ints(*axes)), shape, value.dtype)


def any_mask(w: Writer, masks: list[str | None]) -> str | None:
    """A step counts where it does in one input; None where an input has no mask."""
    known = [mask for mask in masks if mask is not None]
    if len(known) < len(masks):
        return None
    joined = known[0]
    for mask in known[1:]:
        joined = joined if mask == joined else w.op("Or", joined, mask)
    return joined


def concatenate(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Concatenate; the mask counts a step where one of its inputs does, as the layer has it."""
    values = aligned(w, [w.floats(value, layer.compute_dtype) for value in given["inputs"]])
    y = w.op("Concat", *(value.name for value in values), axis=values[0].place(layer.axis))
    found = Value(y, shapes[0], values[0].dtype, values[0].layout)
    masks = [value.mask for value in values]
    if all(mask is None for mask in masks):
        return found
    axis = layer.axis % found.rank
    if found.rank != 3 or axis not in (1, 2):
        raise w.refuse(f"masked inputs of rank {found.rank} along axis {axis} have no ONNX form here")
    if axis == 2:  # an input without a mask counts everywhere
        return found if None in masks else replace(found, mask=any_mask(w, masks))
    parts = [_whole(w, value) if value.mask is None else value.mask for value in values]
    return replace(found, mask=w.op("Concat", *parts, axis=1))


def _whole(w: Writer, value: Value) -> str:
    return w.op("Expand", w.constant(np.ones((1, 1), bool)), w.sizes(w.plain(value), 0, 2))


def dot(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Dot of inputs of two or three axes."""
    values = [w.laid(w.floats(value, layer.compute_dtype), "plain") for value in given["inputs"]]
    ranks = {value.rank for value in values}
    if ranks not in ({2}, {3}):
        raise w.refuse("inputs of other than 2 or 3 axes each have no ONNX form here")
    axes = layer._axes_of([value.shape for value in values])
    names = [value.name for value in values]
    if layer.normalize:
        names = [w.op("LpNormalization", name, axis=a, p=2) for name, a in zip(names, axes, strict=True)]
    if ranks == {2}:
        y = w.op("ReduceSum", w.op("Mul", *names), w.ints(1), keepdims=1)
    else:
        a = w.op("Transpose", names[0], perm=[0, 2, 1]) if axes[0] == 1 else names[0]
        b = w.op("Transpose", names[1], perm=[0, 2, 1]) if axes[1] == 2 else names[1]
        y = w.op("MatMul", a, b)
    return Value(y, shapes[0], values[0].dtype)


HANDLERS = {**dict.fromkeys(_KINDS, elementwise), "Concatenate": concatenate, "Dot": dot}
