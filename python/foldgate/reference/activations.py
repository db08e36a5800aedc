"""Functions of every value that have a parameter, and their derivatives."""

from __future__ import annotations

import math

import numpy as np

from foldgate.reference._activation import sigmoid
from foldgate.reference._types import Array
from foldgate.reference.elementwise import erf_of, into

__all__ = ["elu", "elu_backward", "gelu", "gelu_backward", "leaky_relu", "leaky_relu_backward"]

TWICE, CUBIC = 2 * math.sqrt(2 / math.pi), 0.044715


def leaky_relu(x: Array, negative_slope: float = 0.2, *, out: Array | None = None) -> Array:
    """x where x > 0, else negative_slope x.

    Example:
        >>> import numpy as np
        >>> leaky_relu(np.array([-2.0, 3.0]), 0.1)
        array([-0.2,  3. ])
    """
    return into(out, np.where(x > 0, x, x * negative_slope))


def leaky_relu_backward(
    dy: Array, y: Array, negative_slope: float = 0.2, *, out: Array | None = None
) -> Array:
    """dy where y > 0, else negative_slope dy.

    Example:
        >>> import numpy as np
        >>> leaky_relu_backward(np.ones(2), np.array([-0.2, 3.0]), 0.1)
        array([0.1, 1. ])
    """
    return into(out, np.where(y > 0, dy, dy * negative_slope))


def elu(x: Array, *, alpha: float = 1.0, out: Array | None = None) -> Array:
    """x where x > 0, else alpha (e^x - 1).

    Example:
        >>> import numpy as np
        >>> elu(np.array([-1.0, 3.0]))
        array([-0.63212056,  3.        ])
    """
    return into(out, np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))))


def elu_backward(dy: Array, y: Array, *, alpha: float = 1.0, out: Array | None = None) -> Array:
    """dy where y > 0, else dy (y + alpha).

    Example:
        >>> import numpy as np
        >>> elu_backward(np.ones(2), np.array([-0.75, 3.0]))
        array([0.25, 1.  ])
    """
    return into(out, np.where(y > 0, dy, dy * (y + alpha)))


def gelu(x: Array, *, approximate: bool = True, out: Array | None = None) -> Array:
    """x Phi(x), Phi(x) = (1 + erf(x / sqrt(2))) / 2, for which `approximate` takes sigmoid(z(x)).

    z = 2 sqrt(2 / pi) (x + 0.044715 x^3), so that sigmoid(z) = (1 + tanh(z / 2)) / 2.

    Example:
        >>> import numpy as np
        >>> gelu(np.array([-1.0, 3.0])), gelu(np.array([-1.0, 3.0]), approximate=False)
        (array([-0.15880801,  2.99636261]), array([-0.15865525,  2.99595031]))
    """
    with np.errstate(all="ignore"):
        return into(out, x * (sigmoid(_z(x)) if approximate else _normal_cdf(x)))


def gelu_backward(dy: Array, x: Array, *, approximate: bool = True, out: Array | None = None) -> Array:
    """dy (s + x s (1 - s) z'), s = sigmoid(z); exactly, dy (Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi)).

    Example:
        >>> import numpy as np
        >>> gelu_backward(np.ones(2), np.array([0.0, 9.0]))
        array([0.5, 1. ])
    """
    with np.errstate(all="ignore"):
        if not approximate:
            density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
            return into(out, dy * (_normal_cdf(x) + x * density))
        x = np.clip(x, -22, 22)  # s is 0 or 1 there, and x^3 stays finite
        s, rest, dz = sigmoid(_z(x)), sigmoid(-_z(x)), TWICE * (1 + 3 * CUBIC * x * x)
        return into(out, dy * s * (1 + x * rest * dz))


def _z(x: Array) -> Array:
    return np.asarray(TWICE * x * (1 + CUBIC * x * x))


def _normal_cdf(x: Array) -> Array:
    return np.asarray(0.5 + 0.5 * erf_of(x * math.sqrt(0.5)))
