"""Layers that prepare data."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.config import image_data_format
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer
from foldgate.ops._interpolation import interpolation_matrix, nearest


def rescaling(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Rescaling: scale x + offset."""
    value = w.laid(w.floats(given["inputs"], layer.compute_dtype), "plain")
    scale, offset = np.asarray(layer.scale, value.dtype), np.asarray(layer.offset, value.dtype)
    if scale.ndim and image_data_format() == "channels_first":
        scale = scale.reshape(scale.shape + (1,) * (3 - scale.ndim))
    y = w.op("Mul", value.name, w.constant(scale))
    return w.same(value, w.op("Add", y, w.constant(offset)))


def resizing(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Resizing of images whose size is known: a product along each axis, or a choice of its rows."""
    value = w.laid(w.floats(given["inputs"], layer.compute_dtype), "plain")
    if layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio:
        raise w.refuse("crop_to_aspect_ratio and pad_to_aspect_ratio have no ONNX form here")
    y, axes = value.name, layer._axes(value.rank)
    for axis, size in zip(axes, (layer.height, layer.width), strict=True):
        found = value.shape[axis]
        if found is None:
            raise w.refuse(f"its input has shape {value.shape}; expected a known height and width")
        if found == size:
            continue
        if layer.interpolation == "nearest":
            y = w.op("Gather", y, w.constant(nearest(found, size)), axis=axis)
            continue
        matrix = interpolation_matrix(layer.interpolation, found, size, layer.antialias, np.dtype(np.float64))
        perm = [i for i in range(value.rank) if i != axis] + [axis]
        moved = w.op("MatMul", w.op("Transpose", y, perm=perm), w.constant(matrix.T, value.dtype, "resize"))
        y = w.op("Transpose", moved, perm=[int(i) for i in np.argsort(perm)])
    return Value(y, tuple(shapes[0]), value.dtype)


HANDLERS = {"Rescaling": rescaling, "Resizing": resizing}
