"""The functions of recurrent gates, and their derivatives at the sum that they are given.

A gate is named, or is a tuple of a name and its parameters: `"tanh"`, `("leaky_relu", 0.1)`,
`("hard_sigmoid", 0.2, 0.5)`; None is linear. Names, parameters and defaults:

    linear            x
    relu              max(x, 0)
    tanh, sigmoid
    affine            alpha x + beta                       1, 0
    leaky_relu        x above 0, else alpha x              0.2
    thresholded_relu  x above alpha, else 0                1
    scaled_tanh       alpha tanh(beta x)                   1, 1
    hard_sigmoid      alpha x + beta within [0, 1]         1/6, 1/2
    elu               x above 0, else alpha (e^x - 1)      1
    softsign          x / (1 + |x|)
    softplus          log(1 + e^x)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.reference._activation import sigmoid
from foldgate.reference._types import Array

__all__ = ["Gate", "gate", "gate_slope"]

Gate = str | tuple[Any, ...] | None

_DEFAULTS: dict[str, tuple[float, ...]] = {
    "linear": (),
    "relu": (),
    "tanh": (),
    "sigmoid": (),
    "affine": (1.0, 0.0),
    "leaky_relu": (0.2,),
    "thresholded_relu": (1.0,),
    "scaled_tanh": (1.0, 1.0),
    "hard_sigmoid": (1 / 6, 0.5),
    "elu": (1.0,),
    "softsign": (),
    "softplus": (),
}


def _parts(function: Gate) -> tuple[str, tuple[float, ...]]:
    name, *given = (function,) if isinstance(function, str) else function or ("linear",)
    if name not in _DEFAULTS or len(given) > len(_DEFAULTS[name]):
        raise ValueError(f"activation is {function!r}; expected one of {', '.join(_DEFAULTS)}")
    return name, (*given, *_DEFAULTS[name][len(given) :])


def gate(total: Array, function: Gate, clip: float | None = None) -> Array:
    """The function of a sum, which is first held within [-clip, clip]."""
    name, parameters = _parts(function)
    x = total if clip is None else np.clip(total, -clip, clip)
    if name == "linear":
        return x
    if name == "relu":
        return np.maximum(x, 0)
    if name == "tanh":
        return np.tanh(x)
    if name == "sigmoid":
        return sigmoid(x)
    if name == "softsign":
        return np.asarray(x / (1 + np.abs(x)))
    if name == "softplus":
        return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))
    alpha, beta = (*parameters, 0.0)[:2]
    if name == "affine":
        return alpha * x + beta
    if name == "leaky_relu":
        return np.where(x > 0, x, alpha * x)
    if name == "thresholded_relu":
        return np.where(x <= alpha, np.zeros_like(x), x)
    if name == "scaled_tanh":
        return np.asarray(alpha * np.tanh(beta * x))
    if name == "hard_sigmoid":
        return np.clip(alpha * x + beta, 0, 1)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))  # elu


def gate_slope(total: Array, function: Gate, clip: float | None = None) -> Array:
    """The derivative of `gate` at the sum; 0 where it was clipped."""
    name, parameters = _parts(function)
    x = total if clip is None else np.clip(total, -clip, clip)
    alpha, beta = (*parameters, 0.0, 0.0)[:2]
    one, zero = np.ones_like(x), np.zeros_like(x)
    y = gate(x, function)
    if name in ("linear", "affine"):
        slope = (alpha if name == "affine" else 1) * one
    elif name in ("relu", "leaky_relu", "elu"):
        below = {"relu": zero, "leaky_relu": alpha * one, "elu": y + alpha}[name]
        slope = np.where(x > 0, one, below)
    elif name == "tanh":
        slope = 1 - y * y
    elif name == "sigmoid":
        slope = y * (1 - y)
    elif name == "thresholded_relu":
        slope = np.where(x > alpha, one, zero)
    elif name == "scaled_tanh":
        slope = alpha * beta * (1 - np.tanh(beta * x) ** 2)
    elif name == "hard_sigmoid":
        slope = np.where((y > 0) & (y < 1), alpha * one, zero)
    elif name == "softsign":
        slope = 1 / (1 + np.abs(x)) ** 2
    else:  # softplus
        slope = sigmoid(x)
    return np.asarray(slope if clip is None else np.where(np.abs(total) > clip, zero, slope))
