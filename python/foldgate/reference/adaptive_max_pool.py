"""The maxima of the parts of each axis, by a loop over the parts.

Of several equal maxima the first wins, row-major, and a NaN wins over every number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foldgate.reference._types import Array, Ints
from foldgate.reference._window import from_channels_last, to_channels_last
from foldgate.reference.average_pool import channels_last_shape, parts

__all__ = ["adaptive_max_pool", "adaptive_max_pool_backward"]


def adaptive_max_pool(
    x: Array, output_size: Ints, *, data_format: str = "channels_last", return_indices: bool = False
) -> Array | tuple[Array, Array]:
    """The largest value of each of `output_size` parts of every axis; 1 gives the global maximum.

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)` with channels first; one to three spatial axes.
        output_size: an int, or one per spatial axis.
        data_format: `"channels_last"` or `"channels_first"`.
        return_indices: whether to return the winners' flat positions in their planes, int64, too.

    Returns:
        `(N, *output_size, C)`, or `(N, C, *output_size)` with channels first; with `return_indices`,
        `(y, indices)`, both of that shape.

    Example:
        >>> import numpy as np
        >>> adaptive_max_pool(np.array([1.0, 5.0, 3.0]).reshape(1, 3, 1), 2).ravel()
        array([5., 5.])
    """
    x = to_channels_last(x, data_format)
    n, *spatial, channels = x.shape
    size = (output_size,) * len(spatial) if isinstance(output_size, int) else tuple(output_size)
    positions = np.arange(np.prod(spatial)).reshape(spatial)
    y = np.empty((n, *size, channels), x.dtype)
    indices = np.empty(y.shape, np.int64)
    for output, part in parts(spatial, size):
        values = x[part].reshape(n, -1, channels)
        winners = values.argmax(axis=1)  # the first maximum, and a NaN before every number
        y[output] = np.take_along_axis(values, winners[:, None], axis=1)[:, 0]
        indices[output] = positions[part[1:]].ravel()[winners]
    y = from_channels_last(y, data_format)
    return (y, from_channels_last(indices, data_format)) if return_indices else y


def adaptive_max_pool_backward(
    dy: Array, indices: Array, input_shape: Sequence[int], *, data_format: str = "channels_last"
) -> Array:
    """The gradient of `sum(dy * adaptive_max_pool(x, output_size))`: each `dy` at the winner of its part.

    Args:
        dy: the gradient of the output, of the output's shape.
        indices: the positions that `adaptive_max_pool` returned.
        input_shape: the full shape of `x`, with batch and channels, in `data_format`'s order.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        `dx`, of shape `input_shape`.

    Raises:
        IndexError: when an index is not a position of its own part.

    Example:
        >>> import numpy as np
        >>> dy, indices = np.array([2.0, 4.0]).reshape(1, 2, 1), np.array([1, 1]).reshape(1, 2, 1)
        >>> adaptive_max_pool_backward(dy, indices, (1, 3, 1)).ravel()
        array([0., 6., 0.])
    """
    op = "adaptive_max_pool_backward"
    n, *spatial, channels = channels_last_shape(input_shape, data_format)
    dy, indices = to_channels_last(dy, data_format), to_channels_last(indices, data_format)
    positions = np.arange(np.prod(spatial)).reshape(spatial)
    dx = np.zeros((n, int(np.prod(spatial)), channels), dy.dtype)
    image, channel = np.arange(n)[:, None], np.arange(channels)[None]
    for output, part in parts(spatial, dy.shape[1:-1]):
        wrong = indices[output][~np.isin(indices[output], positions[part[1:]])]
        if wrong.size:
            raise IndexError(f"{op}: indices hold {wrong[0]}; expected a position of its own part")
        dx[image, indices[output], channel] += dy[output]
    return from_channels_last(dx.reshape(n, *spatial, channels), data_format)
