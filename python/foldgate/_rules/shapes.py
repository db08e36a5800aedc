"""Functions that move elements: each one's gradient moves them back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate._join import joined, part_of
from foldgate._rules._table import CONSTANTS, Array, composed, rule


@rule(np.reshape)
def reshape(z: Array, a: Array, shape: Any, order: Any = "C") -> object:
    before = a.shape
    return lambda dz: np.reshape(dz, before, order=order)


@rule(np.ravel)
def ravel(z: Array, a: Array, order: str = "C") -> object:
    if order not in ("C", "F"):
        raise TypeError(f"numpy.ravel: order {order!r} cannot be recorded; expected 'C' or 'F'")
    return reshape(z, a, None, order)


@rule(np.expand_dims, np.squeeze)
def with_axes(z: Array, a: Array, axis: Any = None) -> object:
    return reshape(z, a, None)


@rule(np.transpose)
def transpose(z: Array, a: Array, axes: Sequence[int] | None = None) -> object:
    back = None if axes is None else tuple(int(i) for i in np.argsort([axis % len(axes) for axis in axes]))
    return lambda dz: np.transpose(dz, back)


@rule(np.swapaxes)
def swapaxes(z: Array, a: Array, axis1: int, axis2: int) -> object:
    return lambda dz: np.swapaxes(dz, axis1, axis2)


@rule(np.moveaxis)
def moveaxis(z: Array, a: Array, source: Any, destination: Any) -> object:
    return lambda dz: np.moveaxis(dz, destination, source)


@rule(np.flip)
def flip(z: Array, m: Array, axis: Any = None) -> object:
    return lambda dz: np.flip(dz, axis)


@composed(np.flipud)
def flipud(m: Array) -> Array:
    return np.flip(m, 0)


@composed(np.fliplr)
def fliplr(m: Array) -> Array:
    return np.flip(m, 1)


@rule(np.roll)
def roll(z: Array, a: Array, shift: Any, axis: Any = None) -> object:
    back = -shift if np.ndim(shift) == 0 else tuple(-step for step in shift)
    return lambda dz: np.roll(dz, back, axis)


@rule(np.broadcast_to)
def broadcast_to(z: Array, array: Array, shape: Any) -> object:
    return lambda dz: dz  # the tape sums over broadcast axes


@rule(np.concatenate, operands="sequence", computed=joined)
def concatenate(z: Array, arrays: Sequence[Array], axis: int | None = 0) -> object:
    shapes = [np.shape(array) for array in arrays]
    along = 0 if axis is None else axis
    sizes = [math.prod(shape) if axis is None else shape[axis] for shape in shapes]
    ends = np.cumsum(sizes).tolist()
    first = along % max(z.ndim, 1)

    def pullback(shape: tuple[int, ...], begin: int, end: int) -> object:
        return lambda dz: np.reshape(part_of(dz, first, begin, end), shape)

    return tuple(pullback(*part) for part in zip(shapes, [0, *ends], ends, strict=False))


@composed(np.stack)
def stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    return np.concatenate([np.expand_dims(array, axis) for array in arrays], axis)


@composed(np.vstack)
def vstack(tup: Sequence[Array]) -> Array:
    return np.concatenate([np.reshape(a, (1, -1)) if np.ndim(a) < 2 else a for a in tup], 0)


@composed(np.hstack)
def hstack(tup: Sequence[Array]) -> Array:
    return np.concatenate(
        [np.reshape(a, (-1,)) if np.ndim(a) == 0 else a for a in tup], 0 if np.ndim(tup[0]) < 2 else 1
    )


@composed(np.split)
def split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    if np.ndim(indices_or_sections) == 0 and ary.shape[axis] % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return array_split(ary, indices_or_sections, axis)


@composed(np.array_split)
def array_split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    extent = ary.shape[axis]
    if np.ndim(indices_or_sections) == 0:
        parts = int(indices_or_sections)
        each, longer = divmod(extent, parts)
        cuts = [i * each + min(i, longer) for i in range(parts + 1)]
    else:
        cuts = [0, *(int(i) for i in indices_or_sections), extent]
    lead = (slice(None),) * (axis % ary.ndim)
    return [ary[(*lead, slice(begin, end))] for begin, end in itertools.pairwise(cuts)]


@composed(np.pad)
def pad(array: Array, pad_width: Any, mode: str = "constant", *, constant_values: float = 0.0) -> Array:
    """With a constant by a rule of its own; with the array's own elements by their places."""
    if mode == "constant":
        widths = np.broadcast_to(np.asarray(pad_width), (array.ndim, 2)).tolist()
        for axis, (before, after) in enumerate(widths):
            array = _pad_axis(array, axis, before, after, constant_values)
        return array
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise TypeError(f"numpy.pad: mode {mode!r} cannot be recorded")
    numbers: Array = np.arange(array.size).reshape(array.shape)
    return np.reshape(array, (-1,))[np.pad(numbers, pad_width, mode)]  # type: ignore[call-overload]


def _pad_axis(array: Array, axis: int, before: int, after: int, value: float) -> Array:
    def border(width: int) -> Array:
        return np.full((*array.shape[:axis], width, *array.shape[axis + 1 :]), value, array.dtype)

    return np.concatenate([border(before), array, border(after)], axis) if before or after else array


@composed(np.take)
def take(a: Array, indices: Any, axis: int | None = None) -> Array:
    if axis is None:
        return np.reshape(a, (-1,))[indices]
    return a[(*(slice(None),) * (axis % a.ndim), indices)]


@composed(np.repeat)
def repeat(a: Array, repeats: Any, axis: int | None = None) -> Array:
    """One count for all by a broadcast, counts of their own by places."""
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    axis %= a.ndim
    shape = a.shape
    if np.ndim(repeats) > 0:
        return np.take(a, np.repeat(np.arange(shape[axis]), repeats), axis)
    wide = np.broadcast_to(
        np.expand_dims(a, axis + 1), (*shape[: axis + 1], int(repeats), *shape[axis + 1 :])
    )
    return np.reshape(wide, (*shape[:axis], shape[axis] * int(repeats), *shape[axis + 1 :]))


@composed(np.tile)
def tile(A: Array, reps: Any) -> Array:
    """(r0, s0, r1, s1, ...) of a broadcast, read as (r0 s0, r1 s1, ...)."""
    counts = [int(reps)] if np.ndim(reps) == 0 else [int(count) for count in reps]
    shape = list(A.shape)
    shape = [1] * (len(counts) - len(shape)) + shape
    counts = [1] * (len(shape) - len(counts)) + counts
    apart = np.reshape(A, [extent for size in shape for extent in (1, size)])
    wide = np.broadcast_to(apart, [extent for pair in zip(counts, shape, strict=True) for extent in pair])
    return np.reshape(wide, [count * size for count, size in zip(counts, shape, strict=True)])


@composed(np.diagonal)
def diagonal(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    places = np.diagonal(np.arange(a.size).reshape(a.shape), offset, axis1, axis2)
    return np.reshape(a, (-1,))[places]


@composed(np.trace)
def trace(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    return np.sum(np.diagonal(a, offset, axis1, axis2), -1)


@composed(np.copy)
def copy(a: Array) -> Array:
    return a + 0.0


CONSTANTS.update(
    [
        np.shape,
        np.ndim,
        np.size,
        np.argmax,
        np.argmin,
        np.argsort,
        np.nonzero,
        np.count_nonzero,
        np.any,
        np.all,
    ]
)
CONSTANTS.update(
    [np.allclose, np.isclose, np.array_equal, np.zeros_like, np.ones_like, np.full_like, np.empty_like]
)
CONSTANTS.update([np.result_type, np.searchsorted, np.may_share_memory, np.shares_memory])
