"""The p-norm over all positions: one window."""

from __future__ import annotations

from collections.abc import Sequence

from foldgate._arrays import operand
from foldgate._typing import FloatArray
from foldgate.ops._global_pool import check_per_channel, gradient_operand, image_operand, per_channel
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._window import spatial_shape
from foldgate.ops.lp_pool import lp_pool, lp_pool_backward, power_argument


def global_lp_pool(
    x: FloatArray, *, p: float = 2, data_format: str = "channels_last", keepdims: bool = False
) -> FloatArray:
    """Takes the p-norm of every channel, as `lp_pool` does of a window.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      p: the power, above 0 and finite.
      data_format: `"channels_last"` or `"channels_first"`.
      keepdims: whether the spatial axes stay, with extent 1.

    Returns:
      (N, C), or `x`'s axes with `keepdims`, of the dtype of `x`.

    Raises:
      TypeError: `x` is not a float32 or float64 array; `p` is not a number; `keepdims` is not a bool.
      ValueError: `p` is not above 0, or infinite; `x` has no positions, or another number of axes.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.global_lp_pool(np.array([3.0, -4.0]).reshape(1, 2, 1))
      array([[5.]])
    """
    if any_tensor(x):
        return record(global_lp_pool, _recorded, ("x",), locals())
    op = "global_lp_pool"
    x = image_operand(op, x, data_format)
    size = spatial_shape(op, data_format, x.shape)
    then = per_channel(op, x, data_format, keepdims)
    p = power_argument(op, p)
    y = lp_pool(x, size, p=p, data_format=data_format)
    return y if then is None else then(y)


def _recorded(x: FloatArray, p: float, data_format: str, keepdims: bool) -> tuple[FloatArray, Backward]:
    y = global_lp_pool(x, p=p, data_format=data_format, keepdims=keepdims)

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (global_lp_pool_backward(dy, x, y, p=p, data_format=data_format),)

    return y, backward


def global_lp_pool_backward(
    dy: FloatArray, x: FloatArray, y: FloatArray, *, p: float = 2, data_format: str = "channels_last"
) -> FloatArray:
    """The gradient of `sum(dy * global_lp_pool(x))`.

    Args:
      dy: (N, C), or with the spatial axes of extent 1; float32 or float64.
      x: what `global_lp_pool` took, of the dtype of `dy`.
      y: what it returned, in either shape.
      p: the power, above 0 and finite.
      data_format: `"channels_last"` or `"channels_first"`.

    Returns:
      dx, of the shape and dtype of `x`.

    Raises:
      TypeError: an array is not float32 or float64, or not of the dtype of `dy`; `p` is not a number.
      ValueError: the shapes disagree; `p` is not above 0, or infinite.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, y, dy = np.array([3.0, -4.0]).reshape(1, 2, 1), np.array([[5.0]]), np.array([[10.0]])
      >>> ops.global_lp_pool_backward(dy, x, y).ravel()
      array([ 6., -8.])
    """
    op = "global_lp_pool_backward"
    x = image_operand(op, x, data_format)
    shape, dy = gradient_operand(op, dy, x.shape, data_format)
    x, y = operand(op, "x", x, dy, "dy"), operand(op, "y", y, dy, "dy")
    check_per_channel(op, "y", y.shape, dy.shape)
    size = spatial_shape(op, data_format, shape)
    p = power_argument(op, p)
    return lp_pool_backward(dy, x, y.reshape(dy.shape), size, p=p, data_format=data_format)
