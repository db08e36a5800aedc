"""What the normalisations share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foldgate.reference._types import Array

__all__ = ["along", "last_axes", "moments", "standard_gradient"]


def along(values: Array, x: Array, axis: int) -> Array:
    """`values` (C,) shaped so that they broadcast along an axis of `x`."""
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    return values.reshape(shape)


def moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and biased variance, the axes kept as 1; zeros where there is nothing to average."""
    if x.size == 0:
        zeros = x.sum(axis=axes, keepdims=True)
        return zeros, zeros
    mean = x.mean(axis=axes, keepdims=True)
    return mean, np.square(x - mean).mean(axis=axes, keepdims=True)


def standard_gradient(g: Array, xhat: Array, rstd: Array, axes: tuple[int, ...]) -> Array:
    """The gradient of the values that xhat = (x - mean) rstd was made of, from the gradient g of xhat."""
    g_mean = g.mean(axis=axes, keepdims=True)
    return np.asarray(rstd * (g - g_mean - xhat * (g * xhat).mean(axis=axes, keepdims=True)))


def last_axes(axis: int | Sequence[int], rank: int) -> tuple[int, ...]:
    """The axes, counted from the first, in order."""
    return tuple(sorted(a % rank for a in ((axis,) if isinstance(axis, int) else axis)))
