"""Functions of every value, and their derivatives: of the result y where that is enough, else of x."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate.reference._activation import sigmoid as _sigmoid
from foldgate.reference._types import Array

__all__ = [
    "erf",
    "erf_backward",
    "exp",
    "exp_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "hard_silu",
    "hard_silu_backward",
    "log",
    "log_backward",
    "log_sigmoid",
    "log_sigmoid_backward",
    "mish",
    "mish_backward",
    "relu",
    "relu6",
    "relu6_backward",
    "relu_backward",
    "selu",
    "selu_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softplus",
    "softplus_backward",
    "softsign",
    "softsign_backward",
    "tanh",
    "tanh_backward",
]

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934, 1.6732632423543772848


def into(out: Array | None, result: Array) -> Array:
    """`result` itself, or `out` with its values."""
    if out is None:
        return np.asarray(result)
    out[...] = result
    return out


def erf_of(x: Array) -> Array:
    """The error function: NumPy has none, Python has one."""
    return np.asarray(np.vectorize(math.erf, otypes=[x.dtype])(x))


def _softplus(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


def _mish_tanh(x: Array) -> Array:
    return np.asarray(np.tanh(_softplus(x)))


def _hard_sigmoid(x: Array) -> Array:
    return np.asarray(np.clip(x + 3, 0, 6) / 6)


def _forward(name: str, formula: str, function: Callable[[Array], Array]) -> Any:
    def forward(x: Array, *, out: Array | None = None) -> Array:
        with np.errstate(all="ignore"):
            return into(out, function(x))

    return _named(
        forward,
        name,
        f"""{formula}, for every value.

    Args:
        x: any shape.
        out: where the result goes; a new array when None.

    Returns:
        The result, of x's shape and dtype.

    Example:
        >>> import numpy as np
        >>> {name}(np.ones(2)).shape
        (2,)
    """,
    )


def _result_backward(name: str, formula: str, function: Callable[[Array, Array], Array]) -> Any:
    def backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
        with np.errstate(all="ignore"):
            return into(out, function(dy, y))

    return _named(backward, f"{name}_backward", _backward_doc(name, formula, "y: the result."))


def _input_backward(name: str, formula: str, function: Callable[[Array, Array], Array]) -> Any:
    def backward(dy: Array, x: Array, *, out: Array | None = None) -> Array:
        with np.errstate(all="ignore"):
            return into(out, function(dy, x))

    return _named(backward, f"{name}_backward", _backward_doc(name, formula, "x: the argument."))


def _backward_doc(name: str, formula: str, operand: str) -> str:
    return f"""The gradient of `sum(dy * {name}(x))`: {formula}.

    Args:
        dy: any shape.
        {operand}
        out: where the result goes; a new array when None.

    Returns:
        dx, of dy's shape and dtype.

    Example:
        >>> import numpy as np
        >>> {name}_backward(np.zeros(2), np.ones(2)).shape
        (2,)
    """


def _named(function: Any, name: str, doc: str) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


exp = _forward("exp", "e^x", np.exp)
exp_backward = _result_backward("exp", "dy y", lambda dy, y: dy * y)

tanh = _forward("tanh", "tanh(x)", np.tanh)
tanh_backward = _result_backward("tanh", "dy (1 - y^2)", lambda dy, y: dy * (1 - y * y))

sigmoid = _forward("sigmoid", "1 / (1 + e^-x)", _sigmoid)
sigmoid_backward = _result_backward("sigmoid", "dy y (1 - y)", lambda dy, y: dy * y * (1 - y))

relu = _forward("relu", "max(x, 0)", lambda x: np.maximum(x, 0))
relu_backward = _result_backward(
    "relu", "dy where y > 0, else 0", lambda dy, y: np.where(y <= 0, np.zeros_like(dy), dy)
)

relu6 = _forward("relu6", "min(max(x, 0), 6)", lambda x: np.clip(x, 0, 6))
relu6_backward = _result_backward(
    "relu6",
    "dy where 0 < y < 6, else 0",
    lambda dy, y: np.where((y <= 0) | (y >= 6), np.zeros_like(dy), dy),
)

selu = _forward(
    "selu",
    "scale x where x > 0, else scale alpha (e^x - 1)",
    lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),
)
selu_backward = _result_backward(
    "selu",
    "scale dy where y > 0, else dy (y + scale alpha)",
    lambda dy, y: dy * np.where(y > 0, y.dtype.type(SELU_SCALE), y + SELU_SCALE * SELU_ALPHA),
)

hard_sigmoid = _forward("hard_sigmoid", "min(max(x / 6 + 1 / 2, 0), 1)", _hard_sigmoid)
hard_sigmoid_backward = _result_backward(
    "hard_sigmoid",
    "dy / 6 where 0 < y < 1, else 0",
    lambda dy, y: np.where((y <= 0) | (y >= 1), np.zeros_like(dy), dy / 6),
)

log_sigmoid = _forward("log_sigmoid", "-log(1 + e^-x)", lambda x: -_softplus(-x))
log_sigmoid_backward = _result_backward("log_sigmoid", "dy (1 - e^y)", lambda dy, y: -dy * np.expm1(y))

softplus = _forward("softplus", "log(1 + e^x)", _softplus)
softplus_backward = _result_backward("softplus", "dy (1 - e^-y)", lambda dy, y: -dy * np.expm1(-y))

log = _forward("log", "the natural logarithm of x", np.log)
log_backward = _input_backward("log", "dy / x", lambda dy, x: dy / x)

erf = _forward("erf", "2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x", erf_of)
erf_backward = _input_backward(
    "erf", "dy 2 / sqrt(pi) e^(-x^2)", lambda dy, x: dy * np.exp(-x * x) * (2 / math.sqrt(math.pi))
)

silu = _forward("silu", "x sigmoid(x)", lambda x: x * _sigmoid(x))
silu_backward = _input_backward(
    "silu",
    "dy s (1 + x (1 - s)), s = sigmoid(x)",
    lambda dy, x: dy * _sigmoid(x) * (1 + x * _sigmoid(-x)),
)

hard_silu = _forward("hard_silu", "x hard_sigmoid(x)", lambda x: x * _hard_sigmoid(x))
hard_silu_backward = _input_backward(
    "hard_silu",
    "dy (x / 3 + 1 / 2) where -3 < x < 3, 0 below, dy above",
    lambda dy, x: np.where(x <= -3, np.zeros_like(dy), np.where(x >= 3, dy, dy * (x / 3 + 0.5))),
)

mish = _forward("mish", "x tanh(softplus(x))", lambda x: x * _mish_tanh(x))
mish_backward = _input_backward(
    "mish",
    "dy (t + x sigmoid(x) (1 - t^2)), t = tanh(softplus(x))",
    lambda dy, x: dy * (_mish_tanh(x) + x * _sigmoid(x) * (1 - _mish_tanh(x) ** 2)),
)

softsign = _forward("softsign", "x / (1 + |x|)", lambda x: x / (1 + np.abs(x)))
softsign_backward = _input_backward("softsign", "dy / (1 + |x|)^2", lambda dy, x: dy / (1 + np.abs(x)) ** 2)
