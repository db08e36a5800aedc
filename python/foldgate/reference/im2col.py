"""im2col and col2im: windows laid out as rows of a matrix, and the adjoint that adds the rows back."""

from __future__ import annotations

import math
from collections.abc import Sequence

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

__all__ = ["col2im", "columns_of", "im2col", "image_of"]


def im2col(
    x: Array,
    kernel_size: Ints,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
) -> Array:
    """Lay out every window of `x` as a column of K = prod(kernel_size) * C numbers, in (tap, channel) order.

        columns[n, p, (j, c)] = x[n, p * strides + j * dilation_rate - before, c]        (0 in the padding)

    so that `columns @ kernel.reshape(K, Cout)` is the convolution.

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)` with channels first; one to three spatial axes.
        kernel_size: an int, or one per spatial axis.
        strides: an int, or one per spatial axis.
        padding: `"valid"`, `"same"`, `"causal"` (one axis only), an int, an int per axis, or a pair per axis.
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: an int, or one per spatial axis.

    Returns:
        `(N, *out, K)`, or `(N, K, *out)` with channels first.

    Raises:
        ValueError: when the window is larger than the padded input.

    Example:
        >>> import numpy as np
        >>> im2col(np.arange(4.0).reshape(1, 4, 1), 3)
        array([[[0., 1., 2.],
                [1., 2., 3.]]])
    """
    x = to_channels_last(x, data_format)
    axes = make_axes("im2col", x.shape[1:-1], kernel_size, strides, padding, dilation_rate)
    return from_channels_last(columns_of(x, axes), data_format)


def col2im(
    columns: Array,
    input_shape: Sequence[int],
    kernel_size: Ints,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
) -> Array:
    """Add columns back to where `im2col` took them from: its adjoint, `<im2col(x), c> == <x, col2im(c)>`.

        x[n, q, c] = sum of columns[n, p, (j, c)] where p * strides + j * dilation_rate - before = q

    Args:
        columns: `(N, *out, K)`, or `(N, K, *out)` with channels first.
        input_shape: the full shape of the image, with batch and channels, in `data_format`'s order.
        kernel_size, strides, padding, data_format, dilation_rate: as in `im2col`.

    Returns:
        The image, of shape `input_shape`.

    Raises:
        ValueError: when `columns` has not the shape that `im2col` gives for `input_shape`.

    Example:
        >>> import numpy as np
        >>> col2im(np.ones((1, 2, 3)), (1, 4, 1), 3).ravel()
        array([1., 2., 2., 1.])
    """
    last = (0, *range(2, len(input_shape)), 1) if data_format == "channels_first" else range(len(input_shape))
    n, *spatial, channels = (input_shape[i] for i in last)
    columns = to_channels_last(columns, data_format)
    axes = make_axes("col2im", spatial, kernel_size, strides, padding, dilation_rate)
    expected = (n, *out_shape(axes), math.prod(a.taps for a in axes) * channels)
    if columns.shape != expected:
        raise ValueError(f"col2im: columns are {columns.shape} channels-last; expected {expected}")
    return from_channels_last(image_of(columns, axes), data_format)


def columns_of(x: Array, axes: Sequence[Axis]) -> Array:
    """(N, *spatial, C) -> (N, *out, taps * C): one copy per tap."""
    n, channels = x.shape[0], x.shape[-1]
    padded = pad(x, axes, 0)
    taps = [padded[index] for index in tap_slices(axes)]  # each (N, *out, C)
    return np.stack(taps, axis=-2).reshape(n, *out_shape(axes), len(taps) * channels)


def image_of(columns: Array, axes: Sequence[Axis]) -> Array:
    """(N, *out, taps * C) -> (N, *spatial, C): one addition per tap, into a padded image that is then cut."""
    n, taps = columns.shape[0], math.prod(axis.taps for axis in axes)
    channels = columns.shape[-1] // taps
    by_tap = columns.reshape(n, *out_shape(axes), taps, channels)
    padded = pad(np.zeros((n, *(axis.extent for axis in axes), channels), columns.dtype), axes, 0)
    for tap, index in enumerate(tap_slices(axes)):
        padded[index] += by_tap[..., tap, :]
    return unpad(padded, axes)
