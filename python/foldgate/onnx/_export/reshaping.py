"""Layers that lay values out anew."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer


def flatten(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Flatten: in the order of channels last."""
    value = given["inputs"]
    x = w.plain(value)
    if layer.data_format == "channels_first" and value.rank > 2:
        x = w.op("Transpose", x, perm=[0, *range(2, value.rank), 1])
    return Value(w.op("Flatten", x, axis=1), shapes[0], value.dtype)


def reshape(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Reshape: the batch stays as it is."""
    value = given["inputs"]
    x, target = w.plain(value), layer.target_shape
    if 0 in target:
        raise w.refuse(f"target_shape is {target}; expected sizes above 0")
    return Value(w.op("Reshape", x, w.ints(0, *target)), shapes[0], value.dtype)


def permute(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Permute."""
    value = given["inputs"]
    return Value(w.op("Transpose", w.plain(value), perm=[0, *layer.dims]), shapes[0], value.dtype)


def repeat_vector(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """RepeatVector."""
    value = given["inputs"]
    y = w.op("Expand", w.op("Unsqueeze", value.name, w.ints(1)), w.ints(1, layer.n, 1))
    return Value(y, shapes[0], value.dtype)


def zero_padding(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """ZeroPadding, in whatever order the input is stored."""
    value = given["inputs"]
    before, after = [0] * value.rank, [0] * value.rank
    for axis, (one, other) in enumerate(layer._pairs, layer._first):
        before[value.place(axis)], after[value.place(axis)] = one, other
    y = w.op("Pad", value.name, w.ints(*before, *after), w.constant(np.zeros(()), value.dtype))
    return Value(y, tuple(shapes[0]), value.dtype, value.layout)


def cropping(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Cropping, in whatever order the input is stored."""
    value = given["inputs"]
    axes, starts, ends = [], [], []
    for axis, (before, after) in enumerate(layer._pairs, layer._first):
        axes.append(value.place(axis))
        starts.append(before)
        ends.append(-after if after else 2**31)
    y = w.op("Slice", value.name, w.ints(*starts), w.ints(*ends), w.ints(*axes))
    return Value(y, tuple(shapes[0]), value.dtype, value.layout)


_RESIZES: dict[str, dict[str, Any]] = {
    "nearest": {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    "bilinear": {"mode": "linear"},
    "bicubic": {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1},
}


def up_sampling(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """UpSampling: Resize of the spatial axes."""
    value = w.floats(given["inputs"], layer.compute_dtype)
    value = w.laid(value, "first" if layer.data_format == "channels_last" else "plain")
    scales = w.constant([1, 1, *layer._factors], np.float32)
    interpolation = getattr(layer, "interpolation", "nearest")
    if interpolation not in _RESIZES:
        raise w.refuse(f"its interpolation is {interpolation!r}; expected nearest, bilinear or bicubic")
    y = w.op("Resize", value.name, None, scales, **_RESIZES[interpolation])
    return Value(y, tuple(shapes[0]), value.dtype, value.layout)


_RANKS = ("1D", "2D", "3D")
HANDLERS = {
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "RepeatVector": repeat_vector,
    **{f"ZeroPadding{rank}": zero_padding for rank in _RANKS},
    **{f"Cropping{rank}": cropping for rank in _RANKS},
    **{f"UpSampling{rank}": up_sampling for rank in _RANKS},
}
