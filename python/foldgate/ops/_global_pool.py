"""What the global pools share: operands that have positions, and results of (N, C)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any

from foldgate._arrays import operand
from foldgate._typing import FloatArray
from foldgate.ops._scalars import check_flags
from foldgate.ops._window import channels_axis, spatial_shape
from foldgate.ops.pool import shape_argument, spatial_rank


def image_operand(op: str, x: FloatArray, data_format: str) -> FloatArray:
    """`x`, which has positions."""
    x = operand(op, "x", x)
    spatial_rank(op, "x", x.shape)
    _check_positions(op, "x has shape", x.shape, data_format)
    return x


def _check_positions(op: str, what: str, shape: tuple[int, ...], data_format: str) -> None:
    if 0 in spatial_shape(op, data_format, shape):
        raise ValueError(f"{op}: {what} {shape}; expected at least one position")


def per_channel(op: str, x: FloatArray, data_format: str, keepdims: bool) -> Callable[[Any], Any] | None:
    """What makes (N, C) of an array with one position of each image of x; None where the axes stay."""
    check_flags(op, keepdims=keepdims)
    pair = x.shape[0], x.shape[channels_axis(op, data_format, x.ndim)]
    return None if keepdims else methodcaller("reshape", pair)


def _pair(shape: tuple[int, ...]) -> tuple[int, int]:
    """(N, C) of a shape whose other extents are 1, wherever its channels stand."""
    return shape[0], math.prod(shape[1:])


def gradient_operand(
    op: str, dy: FloatArray, input_shape: Sequence[int], data_format: str
) -> tuple[tuple[int, ...], FloatArray]:
    """The shape of x, and `dy` with one position an axis."""
    dy = operand(op, "dy", dy)
    shape = shape_argument(op, input_shape)
    spatial_rank(op, "input_shape", shape)
    channels = channels_axis(op, data_format, len(shape))
    _check_positions(op, "input_shape is", shape, data_format)
    kept = tuple(e if i in (0, channels) else 1 for i, e in enumerate(shape))
    check_per_channel(op, "dy", dy.shape, kept)
    return shape, dy.reshape(kept)


def check_per_channel(op: str, name: str, shape: tuple[int, ...], kept: tuple[int, ...]) -> None:
    """ValueError unless `shape` is `kept`, whose spatial extents are 1, or (N, C)."""
    if shape not in (kept, _pair(kept)):
        raise ValueError(f"{op}: {name} has shape {shape}; expected {_pair(kept)} or {kept}")
