"""Lp pooling: the p-norm of every window, by a loop over its taps.

y[n, q, c] = (sum over taps j of |x[n, q * strides + j * dilation_rate - before, c]| ** p) ** (1 / p)
"""

from __future__ import annotations

import numpy as np

from foldgate.reference._types import Array, Ints, Padding
from foldgate.reference._window import from_channels_last, pad, tap_slices, to_channels_last, unpad
from foldgate.reference.pool import pool_axes

__all__ = ["lp_pool", "lp_pool_backward"]


def lp_pool(
    x: Array,
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    p: float = 2,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
) -> Array:
    """The p-norm of each window; padding adds nothing.

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)` with channels first; one to three spatial axes.
        pool_size, strides, padding, data_format, dilation_rate, ceil_mode: as in `max_pool`.
        p: the power, above 0 and finite.

    Returns:
        `(N, *out, C)`, or `(N, C, *out)` with channels first.

    Raises:
        ValueError: as `max_pool`; when `p` is not above 0.

    Example:
        >>> import numpy as np
        >>> lp_pool(np.array([3.0, 4.0, -5.0, 12.0]).reshape(1, 4, 1)).ravel()
        array([ 5., 13.])
    """
    if not 0 < p < np.inf:
        raise ValueError(f"lp_pool: p is {p}; expected a finite number above 0")
    x = to_channels_last(x, data_format)
    axes = pool_axes("lp_pool", x.shape[1:-1], pool_size, strides, padding, dilation_rate, ceil_mode)
    powers = pad(np.abs(x) ** p, axes, 0)
    total = np.asarray(sum(powers[index] for index in tap_slices(axes)))
    return from_channels_last(total ** (1 / p), data_format)


def lp_pool_backward(
    dy: Array,
    x: Array,
    y: Array,
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    p: float = 2,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
) -> Array:
    """The gradient of `sum(dy * lp_pool(x, ...))`; of zeros and of windows of zeros it is 0.

    Args:
        dy: the gradient of the output, of the output's shape.
        x, y: what `lp_pool` took and returned.
        pool_size, strides, padding, p, data_format, dilation_rate, ceil_mode: as in `lp_pool`.

    Returns:
        `dx`, of the shape of `x`.

    Raises:
        ValueError: as `lp_pool`.

    Example:
        >>> import numpy as np
        >>> x, y, dy = np.array([3.0, -4.0]), np.array([5.0]), np.array([10.0])
        >>> lp_pool_backward(dy.reshape(1, 1, 1), x.reshape(1, 2, 1), y.reshape(1, 1, 1)).ravel()
        array([ 6., -8.])
    """
    op = "lp_pool_backward"
    dy, x, y = (to_channels_last(a, data_format) for a in (dy, x, y))
    axes = pool_axes(op, x.shape[1:-1], pool_size, strides, padding, dilation_rate, ceil_mode)
    share = np.where(y == 0, 0, dy / np.where(y == 0, 1, y) ** (p - 1)).astype(dy.dtype)
    padded = pad(np.zeros_like(x), axes, 0)
    for index in tap_slices(axes):
        padded[index] += share
    slope = np.where(x == 0, 0, np.sign(x) * np.where(x == 0, 1, np.abs(x)) ** (p - 1))
    return from_channels_last((unpad(padded, axes) * slope).astype(dy.dtype), data_format)
