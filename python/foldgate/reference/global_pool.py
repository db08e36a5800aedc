"""Pools over all positions: one part of each axis, or one window."""

from __future__ import annotations

from collections.abc import Sequence

from foldgate.reference._types import Array
from foldgate.reference.adaptive_max_pool import adaptive_max_pool, adaptive_max_pool_backward
from foldgate.reference.average_pool import adaptive_average_pool, adaptive_average_pool_backward
from foldgate.reference.lp_pool import lp_pool, lp_pool_backward

__all__ = [
    "global_average_pool",
    "global_average_pool_backward",
    "global_lp_pool",
    "global_lp_pool_backward",
    "global_max_pool",
    "global_max_pool_backward",
]


def global_average_pool(x: Array, *, data_format: str = "channels_last", keepdims: bool = False) -> Array:
    """The mean of every channel.

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)` with channels first; one to three spatial axes.
        data_format: `"channels_last"` or `"channels_first"`.
        keepdims: whether the spatial axes stay, with extent 1.

    Returns:
        `(N, C)`, or `x`'s axes with `keepdims`.

    Example:
        >>> import numpy as np
        >>> global_average_pool(np.arange(6.0).reshape(1, 3, 2))
        array([[2., 3.]])
    """
    return _flat(adaptive_average_pool(x, 1, data_format=data_format), keepdims)


def global_average_pool_backward(
    dy: Array, input_shape: Sequence[int], *, data_format: str = "channels_last"
) -> Array:
    """The gradient of `sum(dy * global_average_pool(x))`: every `dy` in equal shares.

    Args:
        dy: `(N, C)`, or with the spatial axes of extent 1.
        input_shape: the full shape of `x`, with batch and channels, in `data_format`'s order.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        `dx`, of shape `input_shape`.

    Example:
        >>> import numpy as np
        >>> global_average_pool_backward(np.array([[2.0]]), (1, 4, 1)).ravel()
        array([0.5, 0.5, 0.5, 0.5])
    """
    dy = _kept(dy, len(input_shape), data_format)
    return adaptive_average_pool_backward(dy, input_shape, data_format=data_format)


def global_max_pool(
    x: Array, *, data_format: str = "channels_last", keepdims: bool = False, return_indices: bool = False
) -> Array | tuple[Array, Array]:
    """The largest value of every channel.

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)` with channels first; one to three spatial axes.
        data_format: `"channels_last"` or `"channels_first"`.
        keepdims: whether the spatial axes stay, with extent 1.
        return_indices: whether to return the winners' flat positions in their planes, int64, too.

    Returns:
        `(N, C)`, or `x`'s axes with `keepdims`; with `return_indices`, `(y, indices)`, both of that shape.

    Example:
        >>> import numpy as np
        >>> global_max_pool(np.array([1.0, 5.0, 3.0]).reshape(1, 3, 1))
        array([[5.]])
    """
    result = adaptive_max_pool(x, 1, data_format=data_format, return_indices=return_indices)
    if isinstance(result, tuple):
        return _flat(result[0], keepdims), _flat(result[1], keepdims)
    return _flat(result, keepdims)


def global_max_pool_backward(
    dy: Array, indices: Array, input_shape: Sequence[int], *, data_format: str = "channels_last"
) -> Array:
    """The gradient of `sum(dy * global_max_pool(x))`: every `dy` at its winner.

    Args:
        dy: `(N, C)`, or with the spatial axes of extent 1.
        indices: the positions that `global_max_pool` returned.
        input_shape: the full shape of `x`, with batch and channels, in `data_format`'s order.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        `dx`, of shape `input_shape`.

    Raises:
        IndexError: when an index is not a position of the plane.

    Example:
        >>> import numpy as np
        >>> global_max_pool_backward(np.array([[2.0]]), np.array([[1]]), (1, 3, 1)).ravel()
        array([0., 2., 0.])
    """
    axes = len(input_shape)
    dy, indices = _kept(dy, axes, data_format), _kept(indices, axes, data_format)
    return adaptive_max_pool_backward(dy, indices, input_shape, data_format=data_format)


def global_lp_pool(
    x: Array, *, p: float = 2, data_format: str = "channels_last", keepdims: bool = False
) -> Array:
    """The p-norm of every channel.

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)` with channels first; one to three spatial axes.
        p: the power, above 0 and finite.
        data_format: `"channels_last"` or `"channels_first"`.
        keepdims: whether the spatial axes stay, with extent 1.

    Returns:
        `(N, C)`, or `x`'s axes with `keepdims`.

    Example:
        >>> import numpy as np
        >>> global_lp_pool(np.array([3.0, -4.0]).reshape(1, 2, 1))
        array([[5.]])
    """
    return _flat(lp_pool(x, _spatial(x, data_format), p=p, data_format=data_format), keepdims)


def global_lp_pool_backward(
    dy: Array, x: Array, y: Array, *, p: float = 2, data_format: str = "channels_last"
) -> Array:
    """The gradient of `sum(dy * global_lp_pool(x))`.

    Args:
        dy: `(N, C)`, or with the spatial axes of extent 1.
        x, y: what `global_lp_pool` took and returned.
        p: the power, above 0 and finite.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        `dx`, of the shape of `x`.

    Example:
        >>> import numpy as np
        >>> x, y, dy = np.array([3.0, -4.0]).reshape(1, 2, 1), np.array([[5.0]]), np.array([[10.0]])
        >>> global_lp_pool_backward(dy, x, y).ravel()
        array([ 6., -8.])
    """
    dy, y = (_kept(a, x.ndim, data_format) for a in (dy, y))
    return lp_pool_backward(dy, x, y, _spatial(x, data_format), p=p, data_format=data_format)


def _spatial(x: Array, data_format: str) -> tuple[int, ...]:
    return x.shape[2:] if data_format == "channels_first" else x.shape[1:-1]


def _flat(y: Array, keepdims: bool) -> Array:
    return y if keepdims else y.reshape(y.shape[0], y.size // y.shape[0] if y.size else max(y.shape[1:]))


def _kept(dy: Array, axes: int, data_format: str) -> Array:
    """(N, C) with spatial axes of extent 1."""
    n, channels = (dy.shape[0], max(dy.shape[1:])) if dy.ndim == axes else dy.shape
    ones = (1,) * (axes - 2)
    return dy.reshape((n, channels, *ones) if data_format == "channels_first" else (n, *ones, channels))
