"""The largest value over all positions: one part of each axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from foldgate import _native
from foldgate._typing import FloatArray, IntArray
from foldgate.ops._global_pool import check_per_channel, gradient_operand, image_operand, per_channel
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import check_flags
from foldgate.ops._window import channels_axis, spatial_shape
from foldgate.ops.adaptive_max_pool import adaptive_max_pool_backward
from foldgate.ops.pool import positions_operand

_calls = _native.Calls(1, 128)


@overload
def global_max_pool(
    x: FloatArray,
    *,
    data_format: str = "channels_last",
    keepdims: bool = False,
    return_indices: Literal[False] = False,
) -> FloatArray: ...
@overload
def global_max_pool(
    x: FloatArray,
    *,
    data_format: str = "channels_last",
    keepdims: bool = False,
    return_indices: Literal[True],
) -> tuple[FloatArray, IntArray]: ...
@_calls.first  # a call like an earlier one never comes here
def global_max_pool(
    x: FloatArray, *, data_format: str = "channels_last", keepdims: bool = False, return_indices: bool = False
) -> FloatArray | tuple[FloatArray, IntArray]:
    """Takes the largest value of every channel; the first of equal ones, and a NaN before every number.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      data_format: `"channels_last"` or `"channels_first"`.
      keepdims: whether the spatial axes stay, with extent 1.
      return_indices: whether to return also each winner's flat position in its plane,
        (d * H + h) * W + w, int64.

    Returns:
      y: (N, C), or `x`'s axes with `keepdims`, of the dtype of `x`; with `return_indices` the pair
        (y, indices), both of that shape.

    Raises:
      TypeError: `x` is not a float32 or float64 array; an option is not a bool.
      ValueError: `x` has no positions, or another number of axes.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> y, indices = ops.global_max_pool(np.array([1.0, 5.0, 3.0]).reshape(1, 3, 1), return_indices=True)
      >>> y, indices
      (array([[5.]]), array([[1]]))
    """
    if any_tensor(x):
        return record(global_max_pool, _recorded, ("x",), locals())
    call = tuple(locals().values())
    op = "global_max_pool"
    x = image_operand(op, x, data_format)
    check_flags(op, return_indices=return_indices)
    each = per_channel(op, x, data_format, keepdims)

    def then(found: tuple[Any, ...]) -> Any:
        parts = found if return_indices else found[:1]
        parts = parts if each is None else tuple(map(each, parts))
        return parts if return_indices else parts[0]

    arguments = (x, (1,) * (x.ndim - 2), channels_axis(op, data_format, x.ndim) == 1, return_indices)
    return _calls.learn(then, _native.adaptive_max_pool, arguments, *call)  # type: ignore[no-any-return]


def _recorded(x: FloatArray, data_format: str, keepdims: bool, return_indices: bool) -> tuple[Any, Backward]:
    y, indices = global_max_pool(x, data_format=data_format, keepdims=keepdims, return_indices=True)
    shape = x.shape

    def backward(needs: Needs, dy: FloatArray, dindices: None = None) -> Sequence[FloatArray]:
        return (global_max_pool_backward(dy, indices, shape, data_format=data_format),)

    return ((y, indices) if return_indices else y), backward


def global_max_pool_backward(
    dy: FloatArray, indices: IntArray, input_shape: Sequence[int], *, data_format: str = "channels_last"
) -> FloatArray:
    """The gradient of `sum(dy * global_max_pool(x))`: every `dy` at its winner.

    Args:
      dy: (N, C), or with the spatial axes of extent 1; float32 or float64.
      indices: the positions that `global_max_pool` returned, int64, in either shape.
      input_shape: the shape of `x`, batch and channels included, in the order of `data_format`.
      data_format: `"channels_last"` or `"channels_first"`.

    Returns:
      dx, of shape `input_shape` and the dtype of `dy`.

    Raises:
      TypeError: `dy` or `indices` is not an array of these dtypes.
      ValueError: the shapes disagree; there are no positions.
      IndexError: an index is not a position of the plane.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.global_max_pool_backward(np.array([[2.0]]), np.array([[1]]), (1, 3, 1)).ravel()
      array([0., 2., 0.])
    """
    op = "global_max_pool_backward"
    shape, dy = gradient_operand(op, dy, input_shape, data_format)
    indices = positions_operand(op, indices)
    check_per_channel(op, "indices", indices.shape, dy.shape)
    indices = indices.reshape(dy.shape)
    extent = int(np.prod(spatial_shape(op, data_format, shape)))
    if indices.size and not (indices.min() >= 0 and indices.max() < extent):
        wrong = indices[(indices < 0) | (indices >= extent)].flat[0]
        raise IndexError(f"{op}: indices hold {wrong}; expected a position of the plane, 0 to {extent - 1}")
    return adaptive_max_pool_backward(dy, indices, shape, data_format=data_format)
