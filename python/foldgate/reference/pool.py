"""Max pooling by a loop over the taps of the window.

    y[n, p, c] = max over taps j of x[n, p * strides + j * dilation_rate - before, c]

Padding never wins: only taps inside the image count. The first maximum in row-major tap order wins, and a NaN
wins over every number (the first NaN over later ones), so that it is seen in the output.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from foldgate.reference._types import Array, Ints, Padding
from foldgate.reference._window import (
    Axis,
    from_channels_last,
    make_axes,
    out_shape,
    pad,
    tap_slices,
    to_channels_last,
    unpad,
)

__all__ = ["max_pool", "max_pool_backward"]


def max_pool(
    x: Array,
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool | Literal["taps"] = False,
) -> Array | tuple[Array, Array]:
    """The largest value of each window.

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)` with channels first; one to three spatial axes.
        pool_size: the taps of the window: an int, or one per spatial axis.
        strides: an int, or one per spatial axis; `None` means `pool_size`.
        padding: `"valid"`, `"same"`, an int, an int per axis, or a (before, after) pair per axis; no amount
            may exceed half the effective window.
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: an int, or one per spatial axis.
        ceil_mode: round the output extent up, so that the last window may hang over the edge; one that would
            start in the padding after the image is dropped.
        return_indices: `True` for the winner's flat position in its plane (row-major, without batch and
            channel) as int64; `"taps"` for its tap number inside the window, as uint8 (int32 for windows of
            more than 256 taps).

    Returns:
        `y` of shape `(N, *out, C)`, or `(N, C, *out)` with channels first; with `return_indices`,
        `(y, indices)`, both of that shape.

    Raises:
        ValueError: when the window is larger than the padded input, the padding larger than half the window,
            or a window has no tap inside the image.

    Example:
        >>> import numpy as np
        >>> max_pool(np.array([0.1, 1.0, 0.2, 0.1]).reshape(1, 4, 1), 3, 1, "same").ravel()
        array([1. , 1. , 1. , 0.2])
    """
    x = to_channels_last(x, data_format)
    axes = pool_axes("max_pool", x.shape[1:-1], pool_size, strides, padding, dilation_rate, ceil_mode)
    inside = _inside(axes)
    values = pad(x, axes, -np.inf)
    best = np.full((x.shape[0], *out_shape(axes), x.shape[-1]), -np.inf, x.dtype)
    taps = np.full(best.shape, -1, np.int32)
    for tap, index in enumerate(tap_slices(axes)):
        value = values[index]
        wins = (taps < 0) | (value > best) | (np.isnan(value) & ~np.isnan(best))
        wins &= inside[index]
        best[wins] = value[wins]
        taps[wins] = tap
    y = from_channels_last(best, data_format)
    if not return_indices:
        return y
    indices = taps.astype(_tap_dtype(axes)) if return_indices == "taps" else _positions(taps, axes)
    return y, from_channels_last(indices, data_format)


def max_pool_backward(
    dy: Array,
    indices: Array,
    input_shape: Sequence[int],
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
) -> Array:
    """The gradient of `sum(dy * max_pool(x, ...))`: each `dy` goes to the position that won.

        dx[n, q, c] = sum of dy[n, p, c] over all p whose winner is q

    Args:
        dy: the gradient of the output, of the output's shape.
        indices: what `max_pool` returned: int64 positions, or tap numbers (told apart by their dtype).
        input_shape: the full shape of `x`, with batch and channels, in `data_format`'s order.
        pool_size, strides, padding, data_format, dilation_rate, ceil_mode: as in `max_pool`.

    Returns:
        `dx`, of shape `input_shape`.

    Raises:
        ValueError: when the shapes disagree.
        IndexError: when an index is not a position of its own window.

    Example:
        >>> import numpy as np
        >>> y, indices = max_pool(np.array([3.0, 5.0, 4.0, 1.0]).reshape(1, 4, 1), 3, 1, return_indices=True)
        >>> indices.ravel(), max_pool_backward(np.ones_like(y), indices, (1, 4, 1), 3, 1).ravel()
        (array([1, 1]), array([0., 2., 0., 0.]))
    """
    last = (0, *range(2, len(input_shape)), 1) if data_format == "channels_first" else range(len(input_shape))
    n, *spatial, channels = (input_shape[i] for i in last)
    axes = pool_axes("max_pool_backward", spatial, pool_size, strides, padding, dilation_rate, ceil_mode)
    dy, indices = to_channels_last(dy, data_format), to_channels_last(indices, data_format)
    expected = (n, *out_shape(axes), channels)
    if dy.shape != expected or indices.shape != expected:
        raise ValueError(f"max_pool_backward: dy is {dy.shape}, indices {indices.shape}; expected {expected}")
    taps = _taps_of_positions(indices, axes) if indices.dtype == np.int64 else indices
    _check_taps(indices, taps, axes)
    padded = pad(np.zeros((n, *spatial, channels), dy.dtype), axes, 0)
    for tap, index in enumerate(tap_slices(axes)):
        padded[index] += np.where(taps == tap, dy, np.zeros_like(dy))
    return from_channels_last(unpad(padded, axes), data_format)


def pool_axes(
    op: str,
    spatial: Sequence[int],
    pool_size: Ints,
    strides: Ints | None,
    padding: Padding,
    dilation_rate: Ints,
    ceil_mode: bool,
) -> tuple[Axis, ...]:
    if padding == "causal":
        raise ValueError(f"{op}: padding is 'causal'; expected 'valid', 'same' or ints")
    strides = pool_size if strides is None else strides
    axes = make_axes(op, spatial, pool_size, strides, padding, dilation_rate, ceil_mode)
    for axis in axes:
        if max(axis.before, axis.after) > axis.effective // 2:
            raise ValueError(
                f"{op}: padding is {padding}; expected at most {axis.effective // 2}, half the window"
            )
    if not np.all(np.any([_inside(axes)[index] for index in tap_slices(axes)], axis=0)):
        raise ValueError(
            f"{op}: dilation_rate is {dilation_rate}; expected a tap of every window in the image"
        )
    return axes


def _inside(axes: Sequence[Axis]) -> Array:
    """(1, *padded, 1): True on the image, False on the padding around it."""
    return pad(np.ones((1, *(axis.extent for axis in axes), 1), np.bool_), axes, 0)


def _tap_dtype(axes: Sequence[Axis]) -> type[np.uint8] | type[np.int32]:
    return np.uint8 if math.prod(axis.taps for axis in axes) <= 256 else np.int32


def _starts(axes: Sequence[Axis]) -> list[Array]:
    """Per axis, the input coordinate of every window's first tap, to broadcast against (N, *out, C)."""
    rank = len(axes)
    return [
        (np.arange(a.out) * a.stride - a.before).reshape((1,) * (1 + i) + (a.out,) + (1,) * (rank - i))
        for i, a in enumerate(axes)
    ]


def _positions(taps: Array, axes: Sequence[Axis]) -> Array:
    """Tap numbers -> flat positions in the plane, ((d * H) + h) * W + w."""
    offsets = np.unravel_index(taps, [axis.taps for axis in axes])
    position = np.zeros(taps.shape, np.int64)
    for axis, start, offset in zip(axes, _starts(axes), offsets, strict=True):
        position = position * axis.extent + start + offset * axis.dilation
    return position


def _taps_of_positions(positions: Array, axes: Sequence[Axis]) -> Array:
    """The inverse of `_positions`; -1 where a position is none of its window's taps."""
    plane = [axis.extent for axis in axes]
    valid = (positions >= 0) & (positions < math.prod(plane))
    coordinates = np.unravel_index(np.where(valid, positions, 0), plane)
    taps = np.zeros(positions.shape, np.int64)
    for axis, start, coordinate in zip(axes, _starts(axes), coordinates, strict=True):
        tap, rest = np.divmod(coordinate - start, axis.dilation)
        valid &= (rest == 0) & (tap >= 0) & (tap < axis.taps)
        taps = taps * axis.taps + tap
    return np.where(valid, taps, -1)


def _check_taps(indices: Array, taps: Array, axes: Sequence[Axis]) -> None:
    """Each tap number must be one of its own window's taps that lie inside the image."""
    valid = np.zeros(taps.shape, np.bool_)
    for tap, index in enumerate(tap_slices(axes)):
        valid |= (taps == tap) & _inside(axes)[index]
    if not valid.all():
        found = indices[~valid][0]
        raise IndexError(f"max_pool_backward: indices hold {found}; expected a position of its own window")
