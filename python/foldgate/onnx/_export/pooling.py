"""Pooling over windows, over everything, and to a given number of positions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer, channels_value

_RANKS = ("1D", "2D", "3D")


def _window(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    kind = "MaxPool" if type(layer).__name__.startswith("Max") else "AveragePool"
    value = w.floats(given["inputs"], layer.compute_dtype)
    attributes: dict[str, Any] = {"kernel_shape": list(layer.pool_size), "strides": list(layer.strides)}
    if layer.padding == "same":
        sizes = value.shape[1:-1] if layer.data_format == "channels_last" else value.shape[2:]
        found = map(_reach, layer.pool_size, layer.strides, sizes)
        reach = [r for r in found if r is not None]
        if len(reach) < len(sizes):
            attributes["auto_pad"] = "SAME_UPPER"
        else:
            attributes["pads"] = [r // 2 for r in reach] + [r - r // 2 for r in reach]
    y = w.op(kind, w.channels_first(value, layer.data_format), **attributes)
    return channels_value(y, shapes[0], value.dtype, layer.data_format)


def _reach(window: int, stride: int, size: int | None) -> int | None:
    """What "same" pads an axis by; None where it follows from a size that is not known.

    It is written out where it is: with a stride beyond the window onnxruntime pads by less than nothing.
    """
    if window == 1 or stride == 1:
        return window - 1
    return None if size is None else max((-(-size // stride) - 1) * stride + window - size, 0)


def _global(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    value = w.floats(given["inputs"], layer.compute_dtype)
    largest = "Max" in type(layer).__name__
    mask = given.get("mask")
    mask = value.mask if mask is None else w.plain(mask)
    if mask is not None and type(layer).__name__ == "GlobalAveragePooling1D":
        return _masked_mean(w, layer, value, mask, shapes[0])
    spatial = range(1, value.rank - 1) if layer.data_format == "channels_last" else range(2, value.rank)
    if value.rank == 3 and layer.data_format == "channels_last" and value.layout != "first":
        axes = w.ints(*sorted(value.place(axis) for axis in spatial))
        y = w.op("ReduceMax" if largest else "ReduceMean", value.name, axes, keepdims=int(layer.keepdims))
        return Value(y, shapes[0], value.dtype, value.layout if layer.keepdims else "plain")
    x = w.channels_first(value, layer.data_format)
    y = w.op("GlobalMaxPool" if largest else "GlobalAveragePool", x)
    if layer.keepdims:
        return channels_value(y, shapes[0], value.dtype, layer.data_format)
    return Value(w.op("Flatten", y, axis=1), shapes[0], value.dtype)


def _masked_mean(w: Writer, layer: Any, value: Value, mask: str, shape: Any) -> Value:
    axis = 1 if layer.data_format == "channels_last" else 2
    seen = w.op("Unsqueeze", mask, w.ints(3 - axis))
    count = w.op("ReduceSum", w.cast(seen, value.dtype), w.ints(axis), keepdims=int(layer.keepdims))
    kept = w.op("Where", seen, w.plain(value), w.constant(np.zeros(()), value.dtype))
    total = w.op("ReduceSum", kept, w.ints(axis), keepdims=int(layer.keepdims))
    return Value(w.op("Div", total, count), shape, value.dtype)


def _adaptive(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Parts of equal size by a pool, others one by one; their sizes have to be known."""
    value = w.floats(given["inputs"], layer.compute_dtype)
    largest = "Max" in type(layer).__name__
    last = layer.data_format == "channels_last"
    sizes = value.shape[1:-1] if last else value.shape[2:]
    x, wanted = w.channels_first(value, layer.data_format), layer.output_size
    if set(wanted) == {1}:
        y = w.op("GlobalMaxPool" if largest else "GlobalAveragePool", x)
    elif None in sizes:
        raise w.refuse(f"its input has shape {value.shape}; expected known spatial sizes to make {wanted} of")
    elif all(size % n == 0 for size, n in zip(sizes, wanted, strict=True)):
        steps = [size // n for size, n in zip(sizes, wanted, strict=True)]
        y = w.op("MaxPool" if largest else "AveragePool", x, kernel_shape=steps, strides=steps)
    else:
        y = x
        for axis, n in enumerate(wanted, 2):
            y = _in_parts(w, y, axis, sizes[axis - 2] or 0, n, "ReduceMax" if largest else "ReduceMean")
    return channels_value(y, shapes[0], value.dtype, layer.data_format)


def _in_parts(w: Writer, x: str, axis: int, size: int, n: int, kind: str) -> str:
    """Part i of n goes from floor(i size / n) to ceil((i + 1) size / n)."""
    if size == n:
        return x
    parts = []
    for i in range(n):
        start, end = i * size // n, -(-(i + 1) * size // n)
        part = w.op("Slice", x, w.ints(start), w.ints(end), w.ints(axis))
        parts.append(w.op(kind, part, w.ints(axis), keepdims=1))
    return w.op("Concat", *parts, axis=axis)


def _dropping_mask(handler: Any) -> Any:
    def handle(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
        found: Value = replace(handler(w, layer, given, shapes), mask=None)
        return found

    return handle


HANDLERS: dict[str, Any] = {}
for _rank in _RANKS:
    for _kind in ("Max", "Average"):
        HANDLERS[f"{_kind}Pooling{_rank}"] = _window
        HANDLERS[f"Global{_kind}Pooling{_rank}"] = _dropping_mask(_global)
        HANDLERS[f"Adaptive{_kind}Pooling{_rank}"] = _adaptive
