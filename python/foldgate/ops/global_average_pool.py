"""The mean over all positions: one part of each axis."""

from __future__ import annotations

from collections.abc import Sequence

from foldgate import _native
from foldgate._typing import FloatArray
from foldgate.ops._global_pool import gradient_operand, image_operand, per_channel
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._window import channels_axis
from foldgate.ops.average_pool import adaptive_average_pool_backward

_calls = _native.Calls(1, 128)


@_calls.first  # a call like an earlier one never comes here
def global_average_pool(
    x: FloatArray, *, data_format: str = "channels_last", keepdims: bool = False
) -> FloatArray:
    """Takes the mean of every channel.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      data_format: `"channels_last"` or `"channels_first"`.
      keepdims: whether the spatial axes stay, with extent 1.

    Returns:
      (N, C), or `x`'s axes with `keepdims`, of the dtype of `x`.

    Raises:
      TypeError: `x` is not a float32 or float64 array; `keepdims` is not a bool.
      ValueError: `x` has no positions, or another number of axes.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.global_average_pool(np.arange(6.0).reshape(1, 3, 2))
      array([[2., 3.]])
    """
    if any_tensor(x):
        return record(global_average_pool, _recorded, ("x",), locals())
    call = tuple(locals().values())
    op = "global_average_pool"
    x = image_operand(op, x, data_format)
    then = per_channel(op, x, data_format, keepdims)
    arguments = (x, (1,) * (x.ndim - 2), channels_axis(op, data_format, x.ndim) == 1)
    return _calls.learn(then, _native.adaptive_average_pool, arguments, *call)


def _recorded(x: FloatArray, data_format: str, keepdims: bool) -> tuple[FloatArray, Backward]:
    shape = x.shape

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (global_average_pool_backward(dy, shape, data_format=data_format),)

    return global_average_pool(x, data_format=data_format, keepdims=keepdims), backward


def global_average_pool_backward(
    dy: FloatArray, input_shape: Sequence[int], *, data_format: str = "channels_last"
) -> FloatArray:
    """The gradient of `sum(dy * global_average_pool(x))`: every `dy` in equal shares.

    Args:
      dy: (N, C), or with the spatial axes of extent 1; float32 or float64.
      input_shape: the shape of `x`, batch and channels included, in the order of `data_format`.
      data_format: `"channels_last"` or `"channels_first"`.

    Returns:
      dx, of shape `input_shape` and the dtype of `dy`.

    Raises:
      TypeError: `dy` is not a float32 or float64 array; `input_shape` is not a tuple of ints.
      ValueError: the shapes disagree; there are no positions.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.global_average_pool_backward(np.array([[2.0]]), (1, 4, 1)).ravel()
      array([0.5, 0.5, 0.5, 0.5])
    """
    op = "global_average_pool_backward"
    shape, dy = gradient_operand(op, dy, input_shape, data_format)
    return adaptive_average_pool_backward(dy, shape, data_format=data_format)
