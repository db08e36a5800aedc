"""Functions of every value that have a parameter, and their derivatives."""

from __future__ import annotations

import math
from functools import partial
from numbers import Real

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray
from foldgate.ops._record import any_tensor, record
from foldgate.ops._scalars import check_flags
from foldgate.ops.elementwise import CODES, recorded


def leaky_relu(x: FloatArray, negative_slope: float = 0.2, *, out: FloatArray | None = None) -> FloatArray:
    """x where x > 0, else negative_slope x.

    Args:
      x: any shape, float32 or float64.
      negative_slope: at least 0.
      out: where the result goes, of x's shape and dtype, C-contiguous; x itself to change it in place. None
        makes a new array.

    Returns:
      The result, in `out` where that is given.

    Raises:
      TypeError: `x` or `out` is not a float32 or float64 array; `negative_slope` is not a number.
      ValueError: `negative_slope` is negative or not finite; `out` has another shape or layout, is read-only,
        or overlaps a part of x.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.leaky_relu(np.array([-2.0, 3.0]), 0.1)
      array([-0.2,  3. ])
    """
    if any_tensor(x):
        return record(leaky_relu, partial(recorded, leaky_relu, leaky_relu_backward, True), ("x",), locals())
    op = "leaky_relu"
    slope = _parameter(op, "negative_slope", negative_slope)
    return _native.elementwise(op, CODES[op], operand(op, "x", x), slope, out)


def leaky_relu_backward(
    dy: FloatArray, y: FloatArray, negative_slope: float = 0.2, *, out: FloatArray | None = None
) -> FloatArray:
    """The gradient of `sum(dy * leaky_relu(x))`: dy where y > 0, else negative_slope dy.

    Args:
      dy: any shape, float32 or float64.
      y: what `leaky_relu` returned, of dy's shape and dtype.
      negative_slope: as given to `leaky_relu`.
      out: where the result goes, as in `leaky_relu`; it may be dy.

    Returns:
      dx, in `out` where that is given.

    Raises:
      TypeError: as `leaky_relu`, for `dy` and `y`; they differ in dtype.
      ValueError: as `leaky_relu`; the shapes differ.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.leaky_relu_backward(np.ones(2), np.array([-0.2, 3.0]), 0.1)
      array([0.1, 1. ])
    """
    op = "leaky_relu_backward"
    dy = operand(op, "dy", dy)
    y = operand(op, "y", y, dy, "dy")
    slope = _parameter(op, "negative_slope", negative_slope)
    return _native.elementwise_backward(op, CODES["leaky_relu"], dy, y, slope, out)


def elu(x: FloatArray, *, alpha: float = 1.0, out: FloatArray | None = None) -> FloatArray:
    """x where x > 0, else alpha (e^x - 1).

    Args:
      x: any shape, float32 or float64.
      alpha: at least 0.
      out: where the result goes, of x's shape and dtype, C-contiguous; x itself to change it in place. None
        makes a new array.

    Returns:
      The result, in `out` where that is given.

    Raises:
      TypeError: `x` or `out` is not a float32 or float64 array; `alpha` is not a number.
      ValueError: `alpha` is negative or not finite; `out` has another shape or layout, is read-only, or
        overlaps a part of x.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.elu(np.array([-1.0, 3.0]))
      array([-0.63212056,  3.        ])
    """
    if any_tensor(x):
        return record(elu, partial(recorded, elu, elu_backward, True), ("x",), locals())
    return _native.elementwise(
        "elu", CODES["elu"], operand("elu", "x", x), _parameter("elu", "alpha", alpha), out
    )


def elu_backward(
    dy: FloatArray, y: FloatArray, *, alpha: float = 1.0, out: FloatArray | None = None
) -> FloatArray:
    """The gradient of `sum(dy * elu(x))`: dy where y > 0, else dy (y + alpha).

    Args:
      dy: any shape, float32 or float64.
      y: what `elu` returned, of dy's shape and dtype.
      alpha: as given to `elu`.
      out: where the result goes, as in `elu`; it may be dy.

    Returns:
      dx, in `out` where that is given.

    Raises:
      TypeError: as `elu`, for `dy` and `y`; they differ in dtype.
      ValueError: as `elu`; the shapes differ.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.elu_backward(np.ones(2), np.array([-0.75, 3.0]))
      array([0.25, 1.  ])
    """
    op = "elu_backward"
    dy = operand(op, "dy", dy)
    y = operand(op, "y", y, dy, "dy")
    return _native.elementwise_backward(op, CODES["elu"], dy, y, _parameter(op, "alpha", alpha), out)


def gelu(x: FloatArray, *, approximate: bool = True, out: FloatArray | None = None) -> FloatArray:
    """x times the normal distribution function of x: x (1 + erf(x / sqrt(2))) / 2.

    Args:
      x: any shape, float32 or float64.
      approximate: whether to take x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)) instead, which is
        x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
      out: where the result goes, of x's shape and dtype, C-contiguous; x itself to change it in place. None
        makes a new array.

    Returns:
      The result, in `out` where that is given.

    Raises:
      TypeError: `x` or `out` is not a float32 or float64 array; `approximate` is not a bool.
      ValueError: `out` has another shape or layout, is read-only, or overlaps a part of x.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.gelu(np.array([-1.0, 3.0])), ops.gelu(np.array([-1.0, 3.0]), approximate=False)
      (array([-0.15880801,  2.99636261]), array([-0.15865525,  2.99595031]))
    """
    if any_tensor(x):
        return record(gelu, partial(recorded, gelu, gelu_backward, False), ("x",), locals())
    return _native.elementwise("gelu", _gelu_code("gelu", approximate), operand("gelu", "x", x), 0.0, out)


def gelu_backward(
    dy: FloatArray, x: FloatArray, *, approximate: bool = True, out: FloatArray | None = None
) -> FloatArray:
    """The gradient of `sum(dy * gelu(x))`.

    Args:
      dy: any shape, float32 or float64.
      x: what `gelu` was given, of dy's shape and dtype.
      approximate: as given to `gelu`.
      out: where the result goes, as in `gelu`; it may be dy.

    Returns:
      dx, in `out` where that is given.

    Raises:
      TypeError: as `gelu`, for `dy` and `x`; they differ in dtype.
      ValueError: as `gelu`; the shapes differ.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.gelu_backward(np.ones(2), np.array([0.0, 9.0]))
      array([0.5, 1. ])
    """
    op = "gelu_backward"
    dy = operand(op, "dy", dy)
    x = operand(op, "x", x, dy, "dy")
    return _native.elementwise_backward(op, _gelu_code(op, approximate), dy, x, 0.0, out)


def _gelu_code(op: str, approximate: bool) -> int:
    check_flags(op, approximate=approximate)
    return CODES["gelu_tanh" if approximate else "gelu"]


def _parameter(op: str, name: str, value: float) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{op}: {name} is {value!r}; expected a number")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{op}: {name} is {value!r}; expected a finite number of at least 0")
    return float(value)
