"""Reductions over axes, and running sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from foldgate._rules._table import Array, axes_of, composed, rule

FILLED = 4096  # elements up to which filling an array is quicker than making a view of one


def _spread(dz: Array, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Array:
    """dz of a reduction, broadcast over the axes that were reduced."""
    if axis is None and type(dz) is np.ndarray and math.prod(shape) <= FILLED:
        spread = np.empty(shape, dz.dtype)
        spread.fill(dz.item())
        return spread
    if not keepdims:
        reduced = axes_of(axis, len(shape))
        dz = np.reshape(dz, tuple(1 if i in reduced else extent for i, extent in enumerate(shape)))
    return np.broadcast_to(dz, shape)


def _count(shape: tuple[int, ...], axis: Any) -> int:
    return math.prod(shape[i] for i in axes_of(axis, len(shape)))


@rule(np.sum)
def sum_(z: Array, a: Array, axis: Any = None, *, keepdims: bool = False) -> object:
    shape = a.shape
    return lambda dz: _spread(dz, shape, axis, keepdims)


@rule(np.mean)
def mean(z: Array, a: Array, axis: Any = None, *, keepdims: bool = False) -> object:
    shape = a.shape
    return lambda dz: _spread(dz / _count(shape, axis), shape, axis, keepdims)


@rule(np.max, np.min, np.amax, np.amin)
def extreme(z: Array, a: Array, axis: Any = None, *, keepdims: bool = False) -> object:
    """Equal extremes share the gradient; a NaN, which wins over every number, is equal to another."""
    shape, top = a.shape, _spread(z, a.shape, axis, keepdims)
    won = (a == top) | ((a != a) & (top != top))
    share = won / won.sum(axes_of(axis, len(shape)), z.dtype, keepdims=True)
    return lambda dz: _spread(dz, shape, axis, keepdims) * share


@rule(np.var)
def var(z: Array, a: Array, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> object:
    shape = a.shape
    scale = 2.0 / (_count(shape, axis) - ddof)

    def pullback(dz: Array) -> Array:
        return _spread(dz * scale, shape, axis, keepdims) * (a - np.mean(a, axis_of(axis), keepdims=True))

    return pullback


def axis_of(axis: Any) -> Any:
    """An axis argument as NumPy takes it, lists being axes too."""
    return tuple(axis) if isinstance(axis, list) else axis


@composed(np.std)
def std(a: Array, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Array:
    variance = np.var(a, axis, ddof=ddof, keepdims=keepdims)
    zero = np.equal(variance, 0)  # where it is flat, as in PyTorch, and not infinitely steep
    return np.sqrt(variance + zero) * ~zero


@rule(np.prod, once=True)
def prod(z: Array, a: Array, axis: Any = None, *, keepdims: bool = False) -> object:
    """The product of all others: running products from either end, exact also where an element is 0."""
    value = np.asarray(a.numpy())
    reduced = axes_of(axis, value.ndim)
    kept = tuple(i for i in range(value.ndim) if i not in reduced)

    def pullback(dz: Array) -> Array:
        rows = value.transpose(*kept, *reduced)
        flat = rows.reshape(*rows.shape[: len(kept)], -1)
        ones = np.ones_like(flat[..., :1])
        before = np.cumprod(np.concatenate([ones, flat[..., :-1]], -1), -1)
        after = np.cumprod(np.concatenate([ones, flat[..., :0:-1]], -1), -1)[..., ::-1]
        others = (before * after).reshape(rows.shape).transpose(np.argsort(kept + reduced))
        return _spread(dz, value.shape, axis, keepdims) * others

    return pullback


@rule(np.cumsum)
def cumsum(z: Array, a: Array, axis: int | None = None) -> object:
    """The adjoint of a running sum is the running sum from the other end."""
    shape, along = a.shape, 0 if axis is None else axis
    return lambda dz: np.reshape(np.flip(np.cumsum(np.flip(dz, along), along), along), shape)
