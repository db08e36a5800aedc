"""Lp pooling: the p-norm of every window."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray, Ints, Padding
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops.pool import pool_window, spatial_rank

_calls = _native.Calls(1, 128)


@_calls.first  # a call like an earlier one never comes here
def lp_pool(
    x: FloatArray,
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    p: float = 2,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
) -> FloatArray:
    """Takes the p-norm of every window.

        y[n, q, c] = (sum over taps j of |x[n, q * strides + j * dilation_rate - pad, c]| ** p) ** (1 / p)

    Padding, and what hangs over it by `ceil_mode`, adds nothing.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      pool_size: the taps of the window, an int or one an axis.
      strides: an int or one an axis; None means `pool_size`.
      padding: as in `max_pool`.
      p: the power, above 0 and finite; 1 and 2 are fastest.
      data_format: `"channels_last"` or `"channels_first"`.
      dilation_rate: the distance of neighbouring taps, an int or one an axis.
      ceil_mode: as in `max_pool`.

    Returns:
      (N, *out, C) or (N, C, *out), of the dtype of `x`.

    Raises:
      TypeError: `x` is not a float32 or float64 array; an extent is not an int; `p` is not a number.
      ValueError: `p` is not above 0, or infinite; the window is one that `max_pool` refuses.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.lp_pool(np.array([3.0, 4.0, -5.0, 12.0]).reshape(1, 4, 1)).ravel()
      array([ 5., 13.])
    """
    if any_tensor(x):
        return record(lp_pool, _recorded, ("x",), locals())
    call = tuple(locals().values())
    op = "lp_pool"
    x = operand(op, "x", x)
    power = power_argument(op, p)
    window = pool_window(op, x.shape, pool_size, strides, padding, data_format, dilation_rate, ceil_mode)
    return _calls.learn(None, _native.lp_pool, (x, *window, power), *call)


def _recorded(x: FloatArray, **options: Any) -> tuple[FloatArray, Backward]:
    y = lp_pool(x, **options)

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (lp_pool_backward(dy, x, y, **options),)

    return y, backward


def lp_pool_backward(
    dy: FloatArray,
    x: FloatArray,
    y: FloatArray,
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    p: float = 2,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
) -> FloatArray:
    """The gradient of `sum(dy * lp_pool(x, ...))`.

        dx[q] = sign(x[q]) |x[q]| ** (p - 1) * sum over the windows that hold q of dy / y ** (p - 1)

    A window of zeros has no gradient, nor has a zero: both count as 0.

    Args:
      dy: (N, *out, C) or (N, C, *out), float32 or float64.
      x: what `lp_pool` took, of the dtype of `dy`.
      y: what it returned.
      pool_size: as in `lp_pool`, and so are the arguments that follow.

    Returns:
      dx, of the shape and dtype of `x`.

    Raises:
      TypeError: as `lp_pool`, for each of the arrays.
      ValueError: the shapes disagree, or the window or `p` is one that `lp_pool` refuses.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, y, dy = np.array([3.0, -4.0]), np.array([5.0]), np.array([10.0])
      >>> ops.lp_pool_backward(dy.reshape(1, 1, 1), x.reshape(1, 2, 1), y.reshape(1, 1, 1)).ravel()
      array([ 6., -8.])
    """
    op = "lp_pool_backward"
    dy = operand(op, "dy", dy)
    x = operand(op, "x", x, dy, "dy")
    y = operand(op, "y", y, dy, "dy")
    spatial_rank(op, "x", x.shape)
    power = power_argument(op, p)
    window = pool_window(op, x.shape, pool_size, strides, padding, data_format, dilation_rate, ceil_mode)
    return _native.lp_pool_backward(dy, x, y, *window, power)


def power_argument(op: str, p: object) -> float:
    if not isinstance(p, (int, float, np.integer, np.floating)) or isinstance(p, bool):
        raise TypeError(f"{op}: p is {p!r}; expected a number")
    number = p.item() if isinstance(p, np.generic) else p  # a float16 compares within its own range
    if not 0 < number <= sys.float_info.max:
        raise ValueError(f"{op}: p is {p!r}; expected a finite number above 0")
    return float(number)
