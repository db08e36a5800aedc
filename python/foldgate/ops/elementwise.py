"""Functions of every value of an array, and their derivatives.

Where the derivative is a function of the result, `<name>_backward(dy, y)` takes that, and x need not be kept;
else `<name>_backward(dy, x)`. `out=` takes the result, and may be an operand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray
from foldgate.ops._record import Backward, Needs, any_tensor, record

# As csrc/kernels/elementwise.h numbers them.
_NAMES = (
    "exp tanh sigmoid relu relu6 leaky_relu elu selu hard_sigmoid log_sigmoid softplus "
    "log erf gelu gelu_tanh silu hard_silu mish softsign"
)
CODES = {name: code for code, name in enumerate(_NAMES.split())}
_FROM_RESULT: set[str] = set()
"""Those whose backward takes the result."""

_Function = TypeVar("_Function", bound=Callable[..., FloatArray])


class Forward(Protocol):
    """A function of x alone."""

    def __call__(self, x: FloatArray, *, out: FloatArray | None = None) -> FloatArray: ...


class ResultBackward(Protocol):
    """A derivative from the result y."""

    def __call__(self, dy: FloatArray, y: FloatArray, *, out: FloatArray | None = None) -> FloatArray: ...


class InputBackward(Protocol):
    """A derivative from the argument x."""

    def __call__(self, dy: FloatArray, x: FloatArray, *, out: FloatArray | None = None) -> FloatArray: ...


def _forward(name: str, formula: str) -> Forward:
    code = CODES[name]

    def function(x: FloatArray, *, out: FloatArray | None = None) -> FloatArray:
        if any_tensor(x):
            backward = globals()[f"{name}_backward"]
            rule = partial(recorded, function, backward, name in _FROM_RESULT)
            return record(function, rule, ("x",), {"x": x, "out": out})
        return _native.elementwise(name, code, operand(name, "x", x), 0.0, out)

    return _named(function, name, _DOC.format(name=name, formula=formula))


def recorded(
    function: Callable[..., FloatArray],
    backward_function: Callable[..., FloatArray],
    from_result: bool,
    x: FloatArray,
    out: FloatArray | None,
    **options: float,
) -> tuple[FloatArray, Backward]:
    """The rule of all functions here: their backward reads either the result or x."""
    if out is not None:
        raise ValueError(f"{function.__name__}: out is an array for a recorded Tensor; expected None")
    y = function(x, **options)
    read = y if from_result else x

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (backward_function(dy, read, **options),)

    return y, backward


def _result_backward(name: str, formula: str) -> ResultBackward:
    op, code = f"{name}_backward", CODES[name]
    _FROM_RESULT.add(name)

    def function(dy: FloatArray, y: FloatArray, *, out: FloatArray | None = None) -> FloatArray:
        dy = operand(op, "dy", dy)
        return _native.elementwise_backward(op, code, dy, operand(op, "y", y, dy, "dy"), 0.0, out)

    doc = _BACKWARD_DOC.format(name=name, formula=formula, v="y", meaning=f"what `{name}` returned")
    return _named(function, op, doc)


def _input_backward(name: str, formula: str) -> InputBackward:
    op, code = f"{name}_backward", CODES[name]

    def function(dy: FloatArray, x: FloatArray, *, out: FloatArray | None = None) -> FloatArray:
        dy = operand(op, "dy", dy)
        return _native.elementwise_backward(op, code, dy, operand(op, "x", x, dy, "dy"), 0.0, out)

    doc = _BACKWARD_DOC.format(name=name, formula=formula, v="x", meaning=f"what `{name}` was given")
    return _named(function, op, doc)


def _named(function: _Function, name: str, doc: str) -> _Function:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


_DOC = """{formula}, for every value.

    Args:
      x: any shape, float32 or float64.
      out: where the result goes, of x's shape and dtype, C-contiguous; x itself to change it in place. None
        makes a new array.

    Returns:
      The result, in `out` where that is given.

    Raises:
      TypeError: `x` or `out` is not a float32 or float64 array.
      ValueError: `out` has another shape or layout, is read-only, or overlaps a part of x.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([0.5, 2.0])
      >>> ops.{name}(x, out=x) is x
      True
    """

_BACKWARD_DOC = """The gradient of `sum(dy * {name}(x))`: {formula}.

    Args:
      dy: any shape, float32 or float64.
      {v}: {meaning}, of dy's shape and dtype.
      out: where the result goes, of dy's shape and dtype, C-contiguous; dy itself to change it in place. None
        makes a new array.

    Returns:
      dx, in `out` where that is given.

    Raises:
      TypeError: an operand is not a float32 or float64 array, or they differ in dtype.
      ValueError: the shapes differ; `out` has another layout, is read-only, or overlaps a part of an operand.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> dy, {v} = np.ones(2), np.array([0.5, 2.0])
      >>> ops.{name}_backward(dy, {v}, out=dy) is dy
      True
    """

exp = _forward("exp", "e^x")
exp_backward = _result_backward("exp", "dy y")
tanh = _forward("tanh", "tanh(x)")
tanh_backward = _result_backward("tanh", "dy (1 - y^2)")
sigmoid = _forward("sigmoid", "1 / (1 + e^-x)")
sigmoid_backward = _result_backward("sigmoid", "dy y (1 - y)")
relu = _forward("relu", "max(x, 0)")
relu_backward = _result_backward("relu", "dy where y > 0, else 0")
relu6 = _forward("relu6", "min(max(x, 0), 6)")
relu6_backward = _result_backward("relu6", "dy where 0 < y < 6, else 0")
selu = _forward("selu", "1.0507 x where x > 0, else 1.0507 * 1.6733 (e^x - 1)")
selu_backward = _result_backward("selu", "1.0507 dy where y > 0, else dy (y + 1.7581)")
hard_sigmoid = _forward("hard_sigmoid", "min(max(x / 6 + 1 / 2, 0), 1)")
hard_sigmoid_backward = _result_backward("hard_sigmoid", "dy / 6 where 0 < y < 1, else 0")
log_sigmoid = _forward("log_sigmoid", "-log(1 + e^-x)")
log_sigmoid_backward = _result_backward("log_sigmoid", "dy (1 - e^y)")
softplus = _forward("softplus", "log(1 + e^x)")
softplus_backward = _result_backward("softplus", "dy (1 - e^-y)")
log = _forward("log", "The natural logarithm of x, -inf for 0 and NaN below")
log_backward = _input_backward("log", "dy / x")
erf = _forward("erf", "2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x")
erf_backward = _input_backward("erf", "dy 2 / sqrt(pi) e^(-x^2)")
silu = _forward("silu", "x sigmoid(x)")
silu_backward = _input_backward("silu", "dy s (1 + x (1 - s)), s = sigmoid(x)")
hard_silu = _forward("hard_silu", "x hard_sigmoid(x)")
hard_silu_backward = _input_backward("hard_silu", "dy (x / 3 + 1 / 2) where -3 < x < 3, 0 below, dy above")
mish = _forward("mish", "x tanh(softplus(x))")
mish_backward = _input_backward("mish", "dy (t + x sigmoid(x) (1 - t^2)), t = tanh(softplus(x))")
softsign = _forward("softsign", "x / (1 + |x|)")
softsign_backward = _input_backward("softsign", "dy / (1 + |x|)^2")
