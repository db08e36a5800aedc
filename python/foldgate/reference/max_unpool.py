"""Max unpooling: every value to its position of a plane of zeros.

    y[n, indices[n, p, c], c] = x[n, p, c]

Of values that name one position the last in row-major order stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foldgate.reference._types import Array
from foldgate.reference._window import from_channels_last, to_channels_last
from foldgate.reference.average_pool import channels_last_shape

__all__ = ["max_unpool", "max_unpool_backward"]


def max_unpool(
    x: Array, indices: Array, output_shape: Sequence[int], *, data_format: str = "channels_last"
) -> Array:
    """Puts every value at its position of a plane of zeros.

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)` with channels first; one to three spatial axes.
        indices: flat positions in the plane, of the shape of `x`.
        output_shape: the full shape of `y`, with batch and channels, in `data_format`'s order.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        `y`, of shape `output_shape`.

    Raises:
        IndexError: when an index is not a position of the plane.

    Example:
        >>> import numpy as np
        >>> x, indices = np.array([5.0, 4.0]).reshape(1, 2, 1), np.array([1, 2]).reshape(1, 2, 1)
        >>> max_unpool(x, indices, (1, 4, 1)).ravel()
        array([0., 5., 4., 0.])
    """
    shape = channels_last_shape(output_shape, data_format)
    values, places = _flat("max_unpool", x, indices, shape, data_format)
    y = np.zeros((shape[0], int(np.prod(shape[1:-1])), shape[-1]), x.dtype)
    image, channel = np.arange(shape[0])[:, None], np.arange(shape[-1])[None]
    for p in range(values.shape[1]):
        y[image, places[:, p], channel] = values[:, p]
    return from_channels_last(y.reshape(shape), data_format)


def max_unpool_backward(dy: Array, indices: Array, *, data_format: str = "channels_last") -> Array:
    """The gradient of `sum(dy * max_unpool(x, indices, dy.shape))`: `dy` at each value's position.

    A value that another one replaced has no part in `y`, and its gradient is 0.

    Args:
        dy: the gradient of the output, of the output's shape.
        indices: as in `max_unpool`.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        `dx`, of the shape of `indices`.

    Raises:
        IndexError: when an index is not a position of the plane.

    Example:
        >>> import numpy as np
        >>> dy = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1)
        >>> max_unpool_backward(dy, np.array([1, 2]).reshape(1, 2, 1)).ravel()
        array([2., 3.])
    """
    shape = channels_last_shape(dy.shape, data_format)
    gradients = to_channels_last(dy, data_format).reshape(shape[0], -1, shape[-1])
    number = np.arange(1, 1 + indices.size).reshape(indices.shape)
    stays = max_unpool(number, indices, dy.shape, data_format=data_format)
    stays = to_channels_last(stays, data_format).reshape(gradients.shape)
    numbers, places = _flat("max_unpool_backward", number, indices, shape, data_format)
    there = np.take_along_axis(gradients, places, axis=1)
    dx = np.where(np.take_along_axis(stays, places, axis=1) == numbers, there, 0).astype(dy.dtype)
    return from_channels_last(dx.reshape(to_channels_last(indices, data_format).shape), data_format)


def _flat(op: str, x: Array, indices: Array, shape: tuple[int, ...], data_format: str) -> tuple[Array, Array]:
    """Values and places as (N, positions, C)."""
    count = int(np.prod(shape[1:-1]))
    wrong = indices[(indices < 0) | (indices >= count)]
    if wrong.size:
        raise IndexError(f"{op}: indices hold {wrong[0]}; expected a position of the plane of output_shape")
    x, indices = to_channels_last(x, data_format), to_channels_last(indices, data_format)
    inputs = int(np.prod(x.shape[1:-1]))
    return x.reshape(shape[0], inputs, shape[-1]), indices.reshape(shape[0], inputs, shape[-1])
