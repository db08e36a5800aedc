"""softmax and its logarithm along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import int_argument


def softmax(x: FloatArray, *, axis: int = -1) -> FloatArray:
    """e^x over the sum of e^x along an axis.

    A value of -inf is masked: it has probability 0. Where all are masked, all have probability 0.

    Args:
      x: any shape of at least one axis, float32 or float64.
      axis: the axis along which the results add up to 1; from the end where negative.

    Returns:
      Of x's shape and dtype.

    Raises:
      TypeError: `x` is not a float32 or float64 array; `axis` is not an int.
      ValueError: `axis` is not one of x's.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.softmax(np.array([[0.0, np.log(3.0), -np.inf]]))
      array([[0.25, 0.75, 0.  ]])
    """
    if any_tensor(x):
        return record(softmax, partial(_recorded, softmax, softmax_backward), ("x",), locals())
    return _native.softmax("softmax", operand("softmax", "x", x), _axis("softmax", axis), False)


def softmax_backward(dy: FloatArray, y: FloatArray, *, axis: int = -1) -> FloatArray:
    """The gradient of `sum(dy * softmax(x))`: y (dy - sum(dy y)).

    Args:
      dy: of y's shape and dtype.
      y: what `softmax` returned.
      axis: as given to `softmax`.

    Returns:
      dx, of y's shape and dtype.

    Raises:
      TypeError: an operand is not a float32 or float64 array, or they differ in dtype; `axis` is not an int.
      ValueError: the shapes differ; `axis` is not one of y's.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.softmax_backward(np.array([1.0, 0.0]), np.array([0.25, 0.75]))
      array([ 0.1875, -0.1875])
    """
    op = "softmax_backward"
    dy = operand(op, "dy", dy)
    return _native.softmax_backward(op, dy, operand(op, "y", y, dy, "dy"), _axis(op, axis), False)


def log_softmax(x: FloatArray, *, axis: int = -1) -> FloatArray:
    """x minus the logarithm of the sum of e^x along an axis; -inf where x is -inf.

    Args:
      x: any shape of at least one axis, float32 or float64.
      axis: the axis of the sum; from the end where negative.

    Returns:
      Of x's shape and dtype.

    Raises:
      TypeError: `x` is not a float32 or float64 array; `axis` is not an int.
      ValueError: `axis` is not one of x's.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> np.exp(ops.log_softmax(np.array([0.0, np.log(3.0)])))
      array([0.25, 0.75])
    """
    if any_tensor(x):
        return record(log_softmax, partial(_recorded, log_softmax, log_softmax_backward), ("x",), locals())
    return _native.softmax("log_softmax", operand("log_softmax", "x", x), _axis("log_softmax", axis), True)


def log_softmax_backward(dy: FloatArray, y: FloatArray, *, axis: int = -1) -> FloatArray:
    """The gradient of `sum(dy * log_softmax(x))`: dy - e^y sum(dy).

    Args:
      dy: of y's shape and dtype.
      y: what `log_softmax` returned.
      axis: as given to `log_softmax`.

    Returns:
      dx, of y's shape and dtype.

    Raises:
      TypeError: an operand is not a float32 or float64 array, or they differ in dtype; `axis` is not an int.
      ValueError: the shapes differ; `axis` is not one of y's.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.log_softmax_backward(np.array([1.0, 0.0]), np.log([0.25, 0.75]))
      array([ 0.75, -0.75])
    """
    op = "log_softmax_backward"
    dy = operand(op, "dy", dy)
    return _native.softmax_backward(op, dy, operand(op, "y", y, dy, "dy"), _axis(op, axis), True)


def _recorded(
    function: Callable[..., FloatArray],
    backward_function: Callable[..., FloatArray],
    x: FloatArray,
    axis: int,
) -> tuple[FloatArray, Backward]:
    y = function(x, axis=axis)

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (backward_function(dy, y, axis=axis),)

    return y, backward


def _axis(op: str, axis: int) -> int:
    index = int_argument(op, "axis", axis)
    if abs(index) >= 2**31:  # so that it passes into the native call
        raise ValueError(f"{op}: axis is {axis}; expected one of the axes")
    return index
