"""Average pooling over sliding windows, and over the parts of each axis (adaptive)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray, Ints, Padding
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import flag_argument
from foldgate.ops._window import channels_axis, per_axis
from foldgate.ops.pool import pool_window, shape_argument, spatial_rank

_calls, _backward_calls, _adaptive_calls = _native.Calls(1), _native.Calls(1), _native.Calls(1)


@_calls.first  # a call like an earlier one never comes here
def average_pool(
    x: FloatArray,
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> FloatArray:
    """Takes the mean of every window.

        y[n, p, c] = sum over taps j of x[n, p * strides + j * dilation_rate - pad, c] / counted(p)

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      pool_size: the taps of the window, an int or one an axis.
      strides: an int or one an axis; None means `pool_size`.
      padding: `"valid"`, `"same"` (ceil(in / strides) outputs, the odd position after), an int, one an axis,
        or a (before, after) pair an axis; none may exceed half the effective window, which is
        (pool_size - 1) * dilation_rate + 1.
      data_format: `"channels_last"` or `"channels_first"`.
      dilation_rate: the distance of neighbouring taps, an int or one an axis.
      ceil_mode: whether the number of outputs is rounded up, so that a last window may hang over the edge; a
        window that would start in the padding after the image is dropped. Not with `"same"`.
      count_include_pad: whether the mean is over the taps in the padding too; those that hang over it by
        `ceil_mode` never count. The default is that of Keras and ONNX; PyTorch's is True.

    Returns:
      (N, *out, C) or (N, C, *out), of the dtype of `x`.

    Raises:
      TypeError: `x` is not a float32 or float64 array; an extent is not an int; an option is not a bool.
      ValueError: the window does not fit the padded input, a pad exceeds half the window, a window has no tap
        in the image, or a name is unknown.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([1.0, 5.0, 4.0, 2.0]).reshape(1, 4, 1)
      >>> ops.average_pool(x).ravel(), ops.average_pool(x, 3, 1, "same").ravel()
      (array([3., 3.]), array([3.        , 3.33333333, 3.66666667, 3.        ]))
    """
    if any_tensor(x):
        return record(average_pool, _recorded, ("x",), locals())
    op = "average_pool"
    x = operand(op, "x", x)
    include_pad = flag_argument(op, "count_include_pad", count_include_pad)
    window = pool_window(op, x.shape, pool_size, strides, padding, data_format, dilation_rate, ceil_mode)
    plan = _native.AveragePoolPlan(x.shape, *window, include_pad)
    _calls.keep(
        plan, x, pool_size, strides, padding, data_format, dilation_rate, ceil_mode, count_include_pad
    )
    return plan(x)


def _recorded(x: FloatArray, **options: Any) -> tuple[FloatArray, Backward]:
    shape = x.shape

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (average_pool_backward(dy, shape, **options),)

    return average_pool(x, **options), backward


@_backward_calls.first  # a call like an earlier one never comes here
def average_pool_backward(
    dy: FloatArray,
    input_shape: Sequence[int],
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> FloatArray:
    """The gradient of `sum(dy * average_pool(x, ...))`: every `dy` goes to its window in equal shares.

    Args:
      dy: (N, *out, C) or (N, C, *out), float32 or float64.
      input_shape: the shape of `x`, batch and channels included, in the order of `data_format`.
      pool_size: as in `average_pool`, and so are the arguments that follow.

    Returns:
      dx, of shape `input_shape` and the dtype of `dy`.

    Raises:
      TypeError: as `average_pool`, for `dy`.
      ValueError: the shapes disagree, or the window is one that `average_pool` refuses.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.average_pool_backward(np.array([2.0, 4.0]).reshape(1, 2, 1), (1, 5, 1)).ravel()
      array([1., 1., 2., 2., 0.])
    """
    call = tuple(locals().values())
    op = "average_pool_backward"
    dy = operand(op, "dy", dy)
    shape = shape_argument(op, input_shape)
    include_pad = flag_argument(op, "count_include_pad", count_include_pad)
    window = pool_window(op, shape, pool_size, strides, padding, data_format, dilation_rate, ceil_mode)
    arguments = (dy, shape, *window, include_pad)
    return _backward_calls.learn(None, _native.average_pool_backward, arguments, *call)


@_adaptive_calls.first  # a call like an earlier one never comes here
def adaptive_average_pool(
    x: FloatArray, output_size: Ints, *, data_format: str = "channels_last"
) -> FloatArray:
    """Takes the means of `output_size` parts of every axis; 1 gives the global mean.

    Part i of n along an axis of s positions is floor(i s / n) up to, not including, ceil((i + 1) s / n), so
    that parts overlap where n does not divide s.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      output_size: the parts, an int or one an axis.
      data_format: `"channels_last"` or `"channels_first"`.

    Returns:
      (N, *output_size, C) or (N, C, *output_size), of the dtype of `x`.

    Raises:
      TypeError: `x` is not a float32 or float64 array; a part number is not an int.
      ValueError: a part number is below 1; `x` has no positions, or another number of axes.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([1.0, 5.0, 3.0]).reshape(1, 3, 1)
      >>> ops.adaptive_average_pool(x, 2).ravel(), ops.adaptive_average_pool(x, 1).ravel()
      (array([3., 4.]), array([3.]))
    """
    if any_tensor(x):
        return record(adaptive_average_pool, _recorded_adaptive, ("x",), locals())
    call = tuple(locals().values())
    op = "adaptive_average_pool"
    x = operand(op, "x", x)
    rank = spatial_rank(op, "x", x.shape)
    size = per_axis(op, "output_size", output_size, rank)
    arguments = (x, size, channels_axis(op, data_format, x.ndim) == 1)
    return _adaptive_calls.learn(None, _native.adaptive_average_pool, arguments, *call)


def _recorded_adaptive(x: FloatArray, output_size: Ints, data_format: str) -> tuple[FloatArray, Backward]:
    shape = x.shape

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (adaptive_average_pool_backward(dy, shape, data_format=data_format),)

    return adaptive_average_pool(x, output_size, data_format=data_format), backward


def adaptive_average_pool_backward(
    dy: FloatArray, input_shape: Sequence[int], *, data_format: str = "channels_last"
) -> FloatArray:
    """The gradient of `sum(dy * adaptive_average_pool(x, output_size))`.

    Args:
      dy: (N, *output_size, C) or (N, C, *output_size), float32 or float64.
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
      >>> ops.adaptive_average_pool_backward(np.array([2.0, 4.0]).reshape(1, 2, 1), (1, 3, 1)).ravel()
      array([1., 3., 2.])
    """
    op = "adaptive_average_pool_backward"
    dy = operand(op, "dy", dy)
    shape = shape_argument(op, input_shape)
    if spatial_rank(op, "dy", dy.shape) != spatial_rank(op, "input_shape", shape):
        raise ValueError(f"{op}: input_shape is {shape}; expected as many axes as dy's {dy.shape}")
    return _native.adaptive_average_pool_backward(dy, shape, channels_axis(op, data_format, dy.ndim) == 1)
