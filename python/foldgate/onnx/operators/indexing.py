"""Taking and putting values by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate.onnx.graph import Array
from foldgate.onnx.operators.shapes import dtype_of
from foldgate.onnx.registry import Context, Function, operator


@operator("Slice", attributes="axes ends starts")
def slices(context: Context) -> Function:
    """Attributes before opset 10, inputs from there on."""
    if context.opset < 10:
        starts, ends, axes = (context.attr(name) for name in ("starts", "ends", "axes"))
        return lambda x: x[_parts(x.shape, starts, ends, axes)]
    known = [context.constant(i) for i in range(1, 5)]
    rank = context.graph.rank(context.node.inputs[0])
    if rank is not None and all(v is not None or not context.given(i) for i, v in enumerate(known, 1)):
        lists = [None if value is None else value.tolist() for value in known]
        index = _parts((None,) * rank, *lists)
        context.takes(0)
        if all(part.step > 0 or part.start >= -1 for part in index):
            return lambda x: x[index]
        return lambda x: x[_parts(x.shape, *lists)]

    def call(x: Array, *given: Array | None) -> Array:
        return x[_parts(x.shape, *[None if value is None else value.tolist() for value in given])]

    return call


def _parts(
    shape: Sequence[int | None], starts: Any, ends: Any, axes: Any = None, steps: Any = None
) -> tuple[slice, ...]:
    rank = len(shape)
    index = [slice(0, None, 1)] * rank
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        counts = f"{len(starts)} starts, {len(ends)} ends, {len(axes)} axes and {len(steps)} steps"
        raise ValueError(f"it has {counts}; expected as many of each")
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step == 0:
            raise ValueError("steps has 0; expected another step")
        if not -rank <= axis < rank:
            raise ValueError(f"axes has {axis}; expected one of {rank} axes")
        # A negative end counts from the back, as in Python; beyond the front it means all the way.
        # A start beyond the front is the first value, which Python says of positive steps alone.
        extent = shape[axis]
        first = start if step > 0 or extent is None else max(start, -extent)
        index[axis] = slice(first, end, step)
    return tuple(index)


@operator("Gather", attributes="axis")
def gather(context: Context) -> Function:
    """Along one axis; negative positions count from the end."""
    axis = context.attr("axis", 0)
    return lambda x, indices: np.take(x, indices.astype(np.int64, copy=False), axis)


def _grid(indices: Array, axis: int, rank: int) -> tuple[Array, ...]:
    """An index of every value whose position along `axis` is given."""
    grid = list(np.ogrid[tuple(slice(extent) for extent in indices.shape)])
    grid[axis + rank if axis < 0 else axis] = indices
    return tuple(grid)


@operator("GatherElements", attributes="axis")
def gather_elements(context: Context) -> Function:
    """One position for every value of the result."""
    axis = context.attr("axis", 0)
    return lambda x, indices: x[_grid(indices, axis, x.ndim)]


@operator("GatherND", attributes="batch_dims")
def gather_nd(context: Context) -> Function:
    """Rows of positions."""
    batch = context.attr("batch_dims", 0)

    def call(x: Array, indices: Array) -> Array:
        if not batch:
            return np.asarray(x[tuple(np.moveaxis(indices, -1, 0))])
        lead = indices.shape[:batch]
        flat = x.reshape(-1, *x.shape[batch:])
        rows = indices.reshape(-1, *indices.shape[batch:])
        parts = [part[tuple(np.moveaxis(row, -1, 0))] for part, row in zip(flat, rows, strict=True)]
        return np.stack(parts).reshape(*lead, *parts[0].shape)

    return call


_PUT = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def _put(x: Array, index: Any, updates: Array, reduction: str) -> Array:
    y = x.copy()
    if reduction == "none":
        y[index] = updates
    else:
        _PUT[reduction].at(y, index, updates)
    return y


@operator("Scatter", "ScatterElements", attributes="axis reduction")
def scatter_elements(context: Context) -> Function:
    """One position for every update."""
    axis, reduction = context.attr("axis", 0), _reduction(context)
    return lambda x, indices, updates: _put(x, _grid(indices, axis, x.ndim), updates, reduction)


@operator("ScatterND", attributes="reduction")
def scatter_nd(context: Context) -> Function:
    """Rows of positions."""
    reduction = _reduction(context)
    return lambda x, indices, updates: _put(x, tuple(np.moveaxis(indices, -1, 0)), updates, reduction)


def _reduction(context: Context) -> str:
    name = context.attr("reduction", "none")
    if name not in ("none", *_PUT):
        raise context.refuse(f"reduction is {name!r}; expected none, add, mul, max or min")
    return str(name)


@operator("OneHot", attributes="axis")
def one_hot(context: Context) -> Function:
    """Off and on values; positions may count from the end."""
    axis = context.attr("axis", -1)

    def call(indices: Array, depth: Array, values: Array) -> Array:
        count = int(depth.reshape(-1)[0])
        at = np.mod(indices.astype(np.int64), count)
        inside = (indices >= -count) & (indices < count)
        hot = (at[..., None] == np.arange(count)) & inside[..., None]
        return np.moveaxis(np.where(hot, values[1], values[0]), -1, axis)

    return call


@operator("NonZero")
def non_zero(context: Context) -> Function:
    """Positions, (axes, number)."""
    return lambda x: np.array(np.nonzero(np.atleast_1d(x)), np.int64)


@operator("Unique", attributes="axis sorted")
def unique(context: Context) -> Function:
    """Each value once, or each slice along an axis: ascending, or as they come first."""
    axis, ascending = context.attr("axis"), context.flag("sorted", 1)

    def call(x: Array) -> tuple[Array, ...]:
        y, first, which, counts = np.unique(
            x, return_index=True, return_inverse=True, return_counts=True, axis=axis
        )
        order = np.arange(len(first)) if ascending else np.argsort(first)
        places = np.argsort(order)[which.ravel()]
        others = (first[order], places, counts[order])
        return np.take(y, order, axis or 0), *(value.astype(np.int64) for value in others)

    return call if context.outputs > 1 else lambda x: call(x)[0]


@operator("Compress", attributes="axis")
def compress(context: Context) -> Function:
    """Where the condition holds."""
    axis = context.attr("axis")
    return lambda x, condition: np.compress(condition, x, axis)


@operator("Range")
def ranges(context: Context) -> Function:
    """From start to limit by steps of delta."""

    def call(start: Array, limit: Array, delta: Array) -> Array:
        first, step = start.reshape(()), delta.reshape(())
        if float(step) == 0:
            raise ValueError("delta is 0; expected another step")
        count = max(0, int(np.ceil((float(limit.reshape(())) - float(first)) / float(step))))
        if count >= 2**63:  # of which NumPy makes none
            raise ValueError(f"it has {count} values; expected fewer than 2**63")
        return np.asarray(first + np.arange(count).astype(start.dtype) * step).astype(start.dtype)

    return call


@operator("Trilu", attributes="upper")
def trilu(context: Context) -> Function:
    """One triangle of the last two axes."""
    function = np.triu if context.flag("upper", 1) else np.tril
    return lambda x, k=None: function(x, 0 if k is None else int(k.reshape(())))


@operator("EyeLike", attributes="dtype k")
def eye_like(context: Context) -> Function:
    """Ones on a diagonal."""
    code, k = context.attr("dtype"), context.attr("k", 0)
    dtype = None if code is None else dtype_of(code)
    return lambda x: np.eye(x.shape[0], x.shape[1], k, dtype or x.dtype)


@operator("ReverseSequence", attributes="batch_axis time_axis")
def reverse_sequence(context: Context) -> Function:
    """The first steps of each sample, backwards."""
    batch, time = context.attr("batch_axis", 1), context.attr("time_axis", 0)
    if {batch, time} != {0, 1}:
        raise context.refuse(f"batch_axis is {batch} and time_axis {time}; expected 0 and 1, or 1 and 0")

    def call(x: Array, lengths: Array) -> Array:
        rows = np.moveaxis(x, (batch, time), (0, 1))
        y = rows.copy()
        for row, source, length in zip(y, rows, lengths.tolist(), strict=True):
            if not 0 <= length <= len(row):
                raise ValueError(f"sequence_lens has {length}; expected 0 to {len(row)}")
            row[:length] = source[:length][::-1]
        return np.moveaxis(y, (0, 1), (batch, time))

    return call


@operator("DepthToSpace", attributes="blocksize mode")
def depth_to_space(context: Context) -> Function:
    """Channels to blocks of positions."""
    b, crd = context.attr("blocksize"), context.attr("mode", "DCR") == "CRD"

    def call(x: Array) -> Array:
        n, c, h, w = x.shape
        parts = x.reshape(n, c // b**2, b, b, h, w) if crd else x.reshape(n, b, b, c // b**2, h, w)
        order = (0, 1, 4, 2, 5, 3) if crd else (0, 3, 4, 1, 5, 2)
        return parts.transpose(order).reshape(n, c // b**2, h * b, w * b)

    return call


@operator("SpaceToDepth", attributes="blocksize mode")
def space_to_depth(context: Context) -> Function:
    """Blocks of positions to channels."""
    b, crd = context.attr("blocksize"), context.attr("mode", "DCR") == "CRD"

    def call(x: Array) -> Array:
        n, c, h, w = x.shape
        parts = x.reshape(n, c, h // b, b, w // b, b)
        return parts.transpose((0, 1, 3, 5, 2, 4) if crd else (0, 3, 5, 1, 2, 4)).reshape(
            n, c * b**2, h // b, w // b
        )

    return call
