"""A bias along the channels, with an activation; the join of a residual block."""

from __future__ import annotations

from collections.abc import Sequence

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray
from foldgate.gradients import BiasGradients
from foldgate.ops._activation import activation_code
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._window import channels_axis
from foldgate.ops.elementwise import CODES


def bias_add(
    x: FloatArray,
    bias: FloatArray,
    *,
    data_format: str = "channels_last",
    activation: str | None = None,
) -> FloatArray:
    """activation(x + bias), the bias along the channels.

    Args:
      x: (..., C), or (N, C, ...) with `"channels_first"`; float32 or float64.
      bias: (C,).
      data_format: `"channels_last"` or `"channels_first"`.
      activation: None, `"relu"`, `"relu6"`, `"tanh"` or `"sigmoid"`.

    Returns:
      Of x's shape and dtype.

    Raises:
      TypeError: an operand is not a float32 or float64 array, or they differ in dtype.
      ValueError: the bias does not fit the channels, x has too few axes, or a name is unknown.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.bias_add(np.zeros((2, 3)), np.array([-1.0, 0.0, 2.0]), activation="relu")
      array([[0., 0., 2.],
             [0., 0., 2.]])
    """
    if any_tensor(x, bias):
        return record(bias_add, _recorded_bias, ("x", "bias"), locals())
    op = "bias_add"
    x = operand(op, "x", x)
    bias = operand(op, "bias", bias, x)
    first = channels_axis(op, data_format, x.ndim) == 1
    return _native.bias_add(x, bias, first, activation_code(op, activation))


def _recorded_bias(
    x: FloatArray, bias: FloatArray, data_format: str, activation: str | None
) -> tuple[FloatArray, Backward]:
    result = bias_add(x, bias, data_format=data_format, activation=activation)
    y = None if activation in (None, "linear") else result  # kept only where backward reads it

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return bias_add_backward(dy, y, data_format=data_format, activation=activation)

    return result, backward


def bias_add_backward(
    dy: FloatArray,
    y: FloatArray | None = None,
    *,
    data_format: str = "channels_last",
    activation: str | None = None,
) -> BiasGradients:
    """The gradients of `sum(dy * bias_add(x, bias))`: dx = dy f'(y), and dbias its sums by channel.

    Args:
      dy: of x's shape, float32 or float64.
      y: what `bias_add` returned; needed with an activation.
      data_format: as given to `bias_add`.
      activation: as given to `bias_add`.

    Returns:
      BiasGradients(dx, dbias), of x's shape and (C,).

    Raises:
      TypeError: an operand is not a float32 or float64 array, or they differ in dtype.
      ValueError: the shapes differ, dy has too few axes, a name is unknown, or y is needed and None.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.bias_add_backward(np.ones((3, 2)), np.array([[1.0, 0.0]] * 3), activation="relu").dbias
      array([3., 0.])
    """
    op = "bias_add_backward"
    dy = operand(op, "dy", dy)
    y = optional(op, "y", y, dy, "dy")
    first, code = channels_axis(op, data_format, dy.ndim) == 1, activation_code(op, activation)
    return BiasGradients(*_native.bias_add_backward(dy, y, first, code))


def add_relu(a: FloatArray, b: FloatArray) -> FloatArray:
    """max(a + b, 0): the join of a residual block.

    Args:
      a: any shape, float32 or float64.
      b: of a's shape and dtype.

    Returns:
      Of a's shape and dtype.

    Raises:
      TypeError: an operand is not a float32 or float64 array, or they differ in dtype.
      ValueError: the shapes differ.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.add_relu(np.array([1.0, -3.0]), np.array([2.0, 2.0]))
      array([3., 0.])
    """
    if any_tensor(a, b):
        return record(add_relu, _recorded_join, ("a", "b"), locals())
    a = operand("add_relu", "a", a)
    return _native.add_relu(a, operand("add_relu", "b", b, a, "a"))


def _recorded_join(a: FloatArray, b: FloatArray) -> tuple[FloatArray, Backward]:
    y = add_relu(a, b)

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        gradient = add_relu_backward(dy, y)
        return gradient, gradient

    return y, backward


def add_relu_backward(dy: FloatArray, y: FloatArray) -> FloatArray:
    """The gradient of `sum(dy * add_relu(a, b))` to a, which is that to b: dy where y > 0, else 0.

    Args:
      dy: of y's shape and dtype.
      y: what `add_relu` returned.

    Returns:
      The gradient of both operands.

    Raises:
      TypeError: an operand is not a float32 or float64 array, or they differ in dtype.
      ValueError: the shapes differ.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.add_relu_backward(np.ones(2), np.array([3.0, 0.0]))
      array([1., 0.])
    """
    op = "add_relu_backward"
    dy = operand(op, "dy", dy)
    y = operand(op, "y", y, dy, "dy")
    return _native.elementwise_backward(op, CODES["relu"], dy, y, 0.0, None)
