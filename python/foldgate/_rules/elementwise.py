"""Elementwise functions: each line is the derivative's formula, z being the result."""

from __future__ import annotations

import math

import numpy as np

from foldgate._rules._table import CONSTANTS, Array, rule, ufunc

ufunc(np.add, ("", lambda dz, x, y, z: dz), ("", lambda dz, x, y, z: dz))
ufunc(np.subtract, ("", lambda dz, x, y, z: dz), ("", lambda dz, x, y, z: -dz))
ufunc(np.multiply, ("y", lambda dz, x, y, z: dz * y), ("x", lambda dz, x, y, z: dz * x))
ufunc(np.true_divide, ("y", lambda dz, x, y, z: dz / y), ("yz", lambda dz, x, y, z: -dz * z / y))
ufunc(
    np.power,
    ("xy", lambda dz, x, y, z: dz * y * x ** _less_one(y)),
    (
        "xz",
        lambda dz, x, y, z: dz * z * np.log(np.where(x > 0, x, 1.0)),
    ),  # 0 where the base is 0, as in PyTorch
)
# Of equal operands each gets half: the mean of the one-sided derivatives.
ufunc(
    np.maximum,
    ("xy", lambda dz, x, y, z: _share(dz, x > y, x == y)),
    ("xy", lambda dz, x, y, z: _share(dz, y > x, x == y)),
)
ufunc(
    np.minimum,
    ("xy", lambda dz, x, y, z: _share(dz, x < y, x == y)),
    ("xy", lambda dz, x, y, z: _share(dz, y < x, x == y)),
)
ufunc(
    np.arctan2,
    ("xy", lambda dz, x, y, z: dz * y / (x * x + y * y)),
    ("xy", lambda dz, x, y, z: -dz * x / (x * x + y * y)),
)
ufunc(np.hypot, ("xz", lambda dz, x, y, z: dz * x / z), ("yz", lambda dz, x, y, z: dz * y / z))
ufunc(
    np.logaddexp,
    ("xz", lambda dz, x, y, z: dz * np.exp(x - z)),
    ("yz", lambda dz, x, y, z: dz * np.exp(y - z)),
)

ufunc(np.negative, ("", lambda dz, x, z: -dz))
ufunc(np.positive, ("", lambda dz, x, z: dz))
ufunc(np.absolute, ("x", lambda dz, x, z: dz * np.sign(x)))
ufunc(np.fabs, ("x", lambda dz, x, z: dz * np.sign(x)))
ufunc(np.square, ("x", lambda dz, x, z: dz * (2 * x)))
ufunc(np.sqrt, ("z", lambda dz, x, z: 0.5 * dz / z))
ufunc(np.cbrt, ("z", lambda dz, x, z: dz / (3 * z * z)))
ufunc(np.reciprocal, ("z", lambda dz, x, z: -dz * z * z))
ufunc(np.exp, ("z", lambda dz, x, z: dz * z))
ufunc(np.exp2, ("z", lambda dz, x, z: dz * z * math.log(2)))
ufunc(np.expm1, ("z", lambda dz, x, z: dz * (z + 1)))
ufunc(np.log, ("x", lambda dz, x, z: dz / x))
ufunc(np.log2, ("x", lambda dz, x, z: dz / (x * math.log(2))))
ufunc(np.log10, ("x", lambda dz, x, z: dz / (x * math.log(10))))
ufunc(np.log1p, ("x", lambda dz, x, z: dz / (x + 1)))
ufunc(np.sin, ("x", lambda dz, x, z: dz * np.cos(x)))
ufunc(np.cos, ("x", lambda dz, x, z: -dz * np.sin(x)))
ufunc(np.tan, ("z", lambda dz, x, z: dz * (1 + z * z)))
ufunc(np.arcsin, ("x", lambda dz, x, z: dz / np.sqrt(1 - x * x)))
ufunc(np.arccos, ("x", lambda dz, x, z: -dz / np.sqrt(1 - x * x)))
ufunc(np.arctan, ("x", lambda dz, x, z: dz / (1 + x * x)))
ufunc(np.sinh, ("x", lambda dz, x, z: dz * np.cosh(x)))
ufunc(np.cosh, ("x", lambda dz, x, z: dz * np.sinh(x)))
ufunc(np.tanh, ("z", lambda dz, x, z: dz * (1 - z * z)))
for flat in (np.sign, np.floor, np.ceil, np.rint, np.trunc):  # steps: 0 wherever there is a derivative
    ufunc(flat, ("", lambda dz, x, z: np.zeros_like(dz)))

CONSTANTS.update(
    [
        np.equal,
        np.not_equal,
        np.less,
        np.less_equal,
        np.greater,
        np.greater_equal,
        np.isnan,
        np.isinf,
        np.isfinite,
    ]
)
CONSTANTS.update([np.signbit, np.logical_and, np.logical_or, np.logical_not, np.logical_xor])


def _share(dz: Array, ahead: Array, level: Array) -> Array:
    return np.where(level, 0.5 * dz, np.where(ahead, dz, 0.0))


def _less_one(y: Array) -> Array:
    """y - 1, but 1 for a y of 0, whose power does not count: 0 ** -1 would."""
    if isinstance(y, (int, float)):
        return y - 1 if y else 1
    return np.where(y == 0, 1, y - 1)


@rule(np.where, operands=(1, 2))
def where(z: Array, condition: Array, x: Array, y: Array) -> object:
    return lambda dz: np.where(condition, dz, 0.0), lambda dz: np.where(condition, 0.0, dz)


@rule(np.clip)
def clip(z: Array, a: Array, a_min: Array = None, a_max: Array = None) -> object:
    """1 inside the bounds and on them."""
    inside = np.ones(z.shape, np.bool_)
    if a_min is not None:
        inside &= a >= a_min
    if a_max is not None:
        inside &= a <= a_max
    return lambda dz: np.where(inside, dz, 0.0)
