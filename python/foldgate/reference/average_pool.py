"""Average pooling by a loop over the taps of the window, and by a loop over the parts of each axis.

    y[n, p, c] = sum over taps j of x[n, p * strides + j * dilation_rate - before, c] / counted(p)

Padding adds nothing to the sum; whether it counts is `count_include_pad`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from foldgate.reference._types import Array, Ints, Padding
from foldgate.reference._window import (
    Axis,
    from_channels_last,
    out_shape,
    pad,
    tap_slices,
    to_channels_last,
    unpad,
)
from foldgate.reference.pool import pool_axes

__all__ = [
    "adaptive_average_pool",
    "adaptive_average_pool_backward",
    "average_pool",
    "average_pool_backward",
]


def average_pool(
    x: Array,
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Array:
    """The mean of each window.

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)` with channels first; one to three spatial axes.
        pool_size, strides, padding, data_format, dilation_rate, ceil_mode: as in `max_pool`.
        count_include_pad: whether the mean is over the taps in the padding too; those that hang over it by
            `ceil_mode` never count.

    Returns:
        `(N, *out, C)`, or `(N, C, *out)` with channels first.

    Raises:
        ValueError: as `max_pool`.

    Example:
        >>> import numpy as np
        >>> average_pool(np.array([1.0, 5.0, 4.0, 2.0]).reshape(1, 4, 1)).ravel()
        array([3., 3.])
    """
    x = to_channels_last(x, data_format)
    axes = pool_axes("average_pool", x.shape[1:-1], pool_size, strides, padding, dilation_rate, ceil_mode)
    padded = pad(x, axes, 0)
    total = sum(padded[index] for index in tap_slices(axes))
    return from_channels_last(np.asarray(total / _counted(axes, count_include_pad, x.dtype)), data_format)


def average_pool_backward(
    dy: Array,
    input_shape: Sequence[int],
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Array:
    """The gradient of `sum(dy * average_pool(x, ...))`: each `dy` goes to its window in equal shares.

    Args:
        dy: the gradient of the output, of the output's shape.
        input_shape: the full shape of `x`, with batch and channels, in `data_format`'s order.
        pool_size, strides, padding, data_format, dilation_rate, ceil_mode, count_include_pad: as in
            `average_pool`.

    Returns:
        `dx`, of shape `input_shape`.

    Raises:
        ValueError: as `average_pool`; when the shapes disagree.

    Example:
        >>> import numpy as np
        >>> average_pool_backward(np.array([2.0, 4.0]).reshape(1, 2, 1), (1, 5, 1)).ravel()
        array([1., 1., 2., 2., 0.])
    """
    op = "average_pool_backward"
    dy, (n, *spatial, channels) = (
        to_channels_last(dy, data_format),
        channels_last_shape(input_shape, data_format),
    )
    axes = pool_axes(op, spatial, pool_size, strides, padding, dilation_rate, ceil_mode)
    _check(op, dy, (n, *out_shape(axes), channels))
    share = dy / _counted(axes, count_include_pad, dy.dtype)
    padded = pad(np.zeros((n, *spatial, channels), dy.dtype), axes, 0)
    for index in tap_slices(axes):
        padded[index] += share
    return from_channels_last(unpad(padded, axes), data_format)


def adaptive_average_pool(x: Array, output_size: Ints, *, data_format: str = "channels_last") -> Array:
    """The means of `output_size` parts of every axis; 1 gives the global mean.

    Part i of n along an axis of s positions is floor(i s / n) up to, not including, ceil((i + 1) s / n).

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)` with channels first; one to three spatial axes.
        output_size: an int, or one per spatial axis.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        `(N, *output_size, C)`, or `(N, C, *output_size)` with channels first.

    Example:
        >>> import numpy as np
        >>> adaptive_average_pool(np.array([1.0, 5.0, 3.0]).reshape(1, 3, 1), 2).ravel()
        array([3., 4.])
    """
    x = to_channels_last(x, data_format)
    rank = x.ndim - 2
    size = (output_size,) * rank if isinstance(output_size, int) else tuple(output_size)
    y = np.empty((len(x), *size, x.shape[-1]), x.dtype)
    for output, part in parts(x.shape[1:-1], size):
        y[output] = x[part].mean(axis=tuple(range(1, rank + 1)))
    return from_channels_last(y, data_format)


def adaptive_average_pool_backward(
    dy: Array, input_shape: Sequence[int], *, data_format: str = "channels_last"
) -> Array:
    """The gradient of `sum(dy * adaptive_average_pool(x, output_size))`.

    Args:
        dy: the gradient of the output, of the output's shape.
        input_shape: the full shape of `x`, with batch and channels, in `data_format`'s order.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        `dx`, of shape `input_shape`.

    Raises:
        ValueError: when the shapes disagree.

    Example:
        >>> import numpy as np
        >>> adaptive_average_pool_backward(np.array([2.0, 4.0]).reshape(1, 2, 1), (1, 3, 1)).ravel()
        array([1., 3., 2.])
    """
    dy, (n, *spatial, channels) = (
        to_channels_last(dy, data_format),
        channels_last_shape(input_shape, data_format),
    )
    size = dy.shape[1:-1]
    _check("adaptive_average_pool_backward", dy, (n, *size[: len(spatial)], channels))
    dx = np.zeros((n, *spatial, channels), dy.dtype)
    for output, part in parts(spatial, size):
        share = dy[output] / math.prod(p.stop - p.start for p in part[1:])
        dx[part] += share.reshape(n, *[1] * len(spatial), channels)
    return from_channels_last(dx, data_format)


def parts(
    spatial: Sequence[int], size: Sequence[int]
) -> Iterator[tuple[tuple[slice | int, ...], tuple[slice, ...]]]:
    """For every output position, the index of it in y and that of its part in x, both (N, *spatial, C)."""
    every = slice(None)
    for position in itertools.product(*map(range, size)):
        part = (
            slice(i * s // n, -(-(i + 1) * s // n)) for i, s, n in zip(position, spatial, size, strict=True)
        )
        yield (every, *position), (every, *part)


def _counted(axes: Sequence[Axis], include_pad: bool, dtype: object) -> Array:
    """(1, *out, 1): over how many taps each window's mean is."""
    ones = np.ones((1, *(axis.extent for axis in axes), 1), dtype)  # type: ignore[call-overload]
    if include_pad:
        ones = np.pad(ones, [(0, 0), *((a.before, a.after) for a in axes), (0, 0)], constant_values=1)
        axes = [a._replace(extent=a.before + a.extent + a.after, before=0, after=0) for a in axes]
    padded = pad(ones, axes, 0)
    return np.asarray(sum(padded[index] for index in tap_slices(axes)))


def channels_last_shape(shape: Sequence[int], data_format: str) -> tuple[int, ...]:
    n, *rest = shape
    return (n, *rest[1:], rest[0]) if data_format == "channels_first" else (n, *rest)


def _check(op: str, dy: Array, expected: tuple[int, ...]) -> None:
    if dy.shape != expected:
        raise ValueError(f"{op}: dy is {dy.shape} channels-last; expected {expected}")
