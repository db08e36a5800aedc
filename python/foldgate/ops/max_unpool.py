"""Max unpooling: values back to the positions that won them."""

from __future__ import annotations

from collections.abc import Sequence

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray, IntArray
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._window import channels_axis
from foldgate.ops.pool import positions_operand, shape_argument, spatial_rank


def max_unpool(
    x: FloatArray, indices: IntArray, output_shape: Sequence[int], *, data_format: str = "channels_last"
) -> FloatArray:
    """Puts every value at its position of a plane of zeros.

        y[n, indices[n, p, c], c] = x[n, p, c]

    Of values that name one position the last in row-major order stays.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      indices: flat positions in the plane, (d * H + h) * W + w, int64, of the shape of `x`: those of
        `max_pool(..., return_indices=True)`.
      output_shape: the shape of `y`, batch and channels included, in the order of `data_format`: that of the
        array that was pooled.
      data_format: `"channels_last"` or `"channels_first"`.

    Returns:
      y, of shape `output_shape` and the dtype of `x`.

    Raises:
      TypeError: `x` or `indices` is not an array of these dtypes.
      ValueError: the shapes disagree in more than the spatial extents.
      IndexError: an index is not a position of the plane.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([1.0, 5.0, 4.0, 2.0]).reshape(1, 4, 1)
      >>> y, indices = ops.max_pool(x, return_indices=True)
      >>> ops.max_unpool(y, indices, x.shape).ravel()
      array([0., 5., 4., 0.])
    """
    if any_tensor(x):
        return record(max_unpool, _recorded, ("x",), locals())
    op = "max_unpool"
    x = operand(op, "x", x)
    indices = positions_operand(op, indices)
    shape = shape_argument(op, output_shape, "output_shape")
    spatial_rank(op, "x", x.shape)
    return _native.max_unpool(x, indices, shape, channels_axis(op, data_format, x.ndim) == 1)


def _recorded(
    x: FloatArray, indices: IntArray, output_shape: Sequence[int], data_format: str
) -> tuple[FloatArray, Backward]:
    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (max_unpool_backward(dy, indices, data_format=data_format),)

    return max_unpool(x, indices, output_shape, data_format=data_format), backward


def max_unpool_backward(
    dy: FloatArray, indices: IntArray, *, data_format: str = "channels_last"
) -> FloatArray:
    """The gradient of `sum(dy * max_unpool(x, indices, dy.shape))`: `dy` at each value's position.

    A value that another one replaced has no part in `y`, and its gradient is 0.

    Args:
      dy: (N, *spatial, C) or (N, C, *spatial), of the shape of `y`, float32 or float64.
      indices: as in `max_unpool`.
      data_format: `"channels_last"` or `"channels_first"`.

    Returns:
      dx, of the shape of `indices` and the dtype of `dy`.

    Raises:
      TypeError: `dy` or `indices` is not an array of these dtypes.
      ValueError: the shapes disagree in more than the spatial extents.
      IndexError: an index is not a position of the plane.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> dy = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1)
      >>> ops.max_unpool_backward(dy, np.array([1, 2]).reshape(1, 2, 1)).ravel()
      array([2., 3.])
    """
    op = "max_unpool_backward"
    dy = operand(op, "dy", dy)
    indices = positions_operand(op, indices)
    spatial_rank(op, "dy", dy.shape)
    return _native.max_unpool_backward(dy, indices, channels_axis(op, data_format, dy.ndim) == 1)
