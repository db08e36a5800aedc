"""The maxima of the parts of each axis."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Literal, overload

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray, IntArray, Ints
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import check_flags
from foldgate.ops._window import channels_axis, per_axis
from foldgate.ops.pool import positions_operand, shape_argument, spatial_rank

_calls = _native.Calls(1, 128)


@overload
def adaptive_max_pool(
    x: FloatArray,
    output_size: Ints,
    *,
    data_format: str = "channels_last",
    return_indices: Literal[False] = False,
) -> FloatArray: ...
@overload
def adaptive_max_pool(
    x: FloatArray, output_size: Ints, *, data_format: str = "channels_last", return_indices: Literal[True]
) -> tuple[FloatArray, IntArray]: ...
@_calls.first  # a call like an earlier one never comes here
def adaptive_max_pool(
    x: FloatArray, output_size: Ints, *, data_format: str = "channels_last", return_indices: bool = False
) -> FloatArray | tuple[FloatArray, IntArray]:
    """Takes the largest value of each of `output_size` parts of every axis; 1 gives the global maximum.

    Part i of n along an axis of s positions is floor(i s / n) up to, not including, ceil((i + 1) s / n), so
    that parts overlap where n does not divide s. Of several equal maxima the first wins, and a NaN wins over
    every number, as in `max_pool`.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      output_size: the parts, an int or one an axis.
      data_format: `"channels_last"` or `"channels_first"`.
      return_indices: whether to return also each winner's flat position in its plane,
        (d * H + h) * W + w, int64.

    Returns:
      y: (N, *output_size, C) or (N, C, *output_size), of the dtype of `x`; with `return_indices` the pair
        (y, indices), both of that shape.

    Raises:
      TypeError: `x` is not a float32 or float64 array; a part number is not an int; `return_indices` is not
        a bool.
      ValueError: a part number is below 1; `x` has no positions, or another number of axes.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([1.0, 5.0, 3.0]).reshape(1, 3, 1)
      >>> y, indices = ops.adaptive_max_pool(x, 2, return_indices=True)
      >>> y.ravel(), indices.ravel()
      (array([5., 5.]), array([1, 1]))
    """
    if any_tensor(x):
        return record(adaptive_max_pool, _recorded, ("x",), locals())
    call = tuple(locals().values())
    op = "adaptive_max_pool"
    x = operand(op, "x", x)
    size = per_axis(op, "output_size", output_size, spatial_rank(op, "x", x.shape))
    check_flags(op, return_indices=return_indices)
    first = channels_axis(op, data_format, x.ndim) == 1
    then = None if return_indices else itemgetter(0)
    arguments = (x, size, first, return_indices)
    return _calls.learn(then, _native.adaptive_max_pool, arguments, *call)  # type: ignore[no-any-return]


def _recorded(
    x: FloatArray, output_size: Ints, data_format: str, return_indices: bool
) -> tuple[Any, Backward]:
    y, indices = adaptive_max_pool(x, output_size, data_format=data_format, return_indices=True)
    shape = x.shape

    def backward(needs: Needs, dy: FloatArray, dindices: None = None) -> Sequence[FloatArray]:
        return (adaptive_max_pool_backward(dy, indices, shape, data_format=data_format),)

    return ((y, indices) if return_indices else y), backward


def adaptive_max_pool_backward(
    dy: FloatArray, indices: IntArray, input_shape: Sequence[int], *, data_format: str = "channels_last"
) -> FloatArray:
    """The gradient of `sum(dy * adaptive_max_pool(x, output_size))`: each `dy` at the winner of its part.

    Args:
      dy: (N, *output_size, C) or (N, C, *output_size), float32 or float64.
      indices: the positions that `adaptive_max_pool` returned, int64.
      input_shape: the shape of `x`, batch and channels included, in the order of `data_format`.
      data_format: `"channels_last"` or `"channels_first"`.

    Returns:
      dx, of shape `input_shape` and the dtype of `dy`.

    Raises:
      TypeError: `dy` or `indices` is not an array of these dtypes.
      ValueError: the shapes disagree.
      IndexError: an index is not a position of its own part.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> dy, indices = np.array([2.0, 4.0]).reshape(1, 2, 1), np.array([1, 1]).reshape(1, 2, 1)
      >>> ops.adaptive_max_pool_backward(dy, indices, (1, 3, 1)).ravel()
      array([0., 6., 0.])
    """
    op = "adaptive_max_pool_backward"
    dy = operand(op, "dy", dy)
    indices = positions_operand(op, indices)
    shape = shape_argument(op, input_shape)
    spatial_rank(op, "input_shape", shape)
    return _native.adaptive_max_pool_backward(
        dy, indices, shape, channels_axis(op, data_format, len(shape)) == 1
    )
