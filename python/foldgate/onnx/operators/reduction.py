"""Reductions over axes, and the largest values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate.onnx.graph import Array
from foldgate.onnx.operators.shapes import ints_of
from foldgate.onnx.registry import Context, Function, operator


def _log_sum_exp(x: Array, axis: Any, keepdims: bool) -> Array:
    if x.size == 0:
        return np.asarray(np.log(np.sum(x, axis=axis, keepdims=keepdims)))
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    total: Array = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def _extreme(function: Any, empty: float) -> Callable[..., Array]:
    """The largest or smallest; of nothing, the least or most of the type."""

    def call(x: Array, axis: Any, keepdims: bool) -> Array:
        if x.size:
            return np.asarray(function(x, axis=axis, keepdims=keepdims))
        if x.dtype.kind == "f":
            initial: Any = empty
        elif x.dtype.kind == "b":
            initial = empty > 0
        else:
            initial = np.iinfo(x.dtype).max if empty > 0 else np.iinfo(x.dtype).min
        return np.asarray(function(x, axis=axis, keepdims=keepdims, initial=initial))

    return call


_REDUCE: dict[str, Callable[..., Any]] = {
    "ReduceSum": np.sum,
    "ReduceMean": np.mean,
    "ReduceProd": np.prod,
    "ReduceMax": _extreme(np.max, -np.inf),
    "ReduceMin": _extreme(np.min, np.inf),
    "ReduceL1": lambda x, axis, keepdims: np.sum(np.abs(x), axis=axis, keepdims=keepdims),
    "ReduceL2": lambda x, axis, keepdims: np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims)),
    "ReduceLogSum": lambda x, axis, keepdims: np.log(np.sum(x, axis=axis, keepdims=keepdims)),
    "ReduceLogSumExp": _log_sum_exp,
    "ReduceSumSquare": lambda x, axis, keepdims: np.sum(np.square(x), axis=axis, keepdims=keepdims),
}


@operator(*_REDUCE, attributes="axes keepdims noop_with_empty_axes")
def reduce(context: Context) -> Function:
    """Axes are an attribute in older opsets, an input in newer ones; none means all, or with noop none."""
    function = _REDUCE[context.op]
    keepdims, noop = context.flag("keepdims", 1), context.flag("noop_with_empty_axes")
    said = ints_of(context, "axes", 1)

    def call(x: Array, given: Array | None = None) -> Array:
        axes = said if given is None else given.tolist()
        if not axes and noop:
            axis: Any = ()
        else:
            axis = tuple(axes) if axes else None
        y = np.asarray(function(x, axis=axis, keepdims=keepdims))
        return y.astype(x.dtype, copy=False)

    return call


@operator("ArgMax", "ArgMin", attributes="axis keepdims select_last_index")
def arg_extreme(context: Context) -> Function:
    """The first position, or the last."""
    function = np.argmax if context.op == "ArgMax" else np.argmin
    axis, keepdims = context.attr("axis", 0), context.flag("keepdims", 1)
    last = context.flag("select_last_index")

    def call(x: Array) -> Array:
        if not last:
            return np.asarray(function(x, axis=axis, keepdims=keepdims), np.int64)
        at = x.shape[axis] - 1 - function(np.flip(x, axis), axis=axis, keepdims=keepdims)
        return np.asarray(at, np.int64)

    return call


@operator("TopK", attributes="axis k largest sorted")
def top_k(context: Context) -> Function:
    """The k largest or smallest along an axis, of equal ones the first."""
    axis, largest = context.attr("axis", -1), context.flag("largest", 1)
    fixed = context.attr("k")

    def call(x: Array, count: Array | None = None) -> tuple[Array, Array]:
        k = fixed if count is None else int(count.reshape(-1)[0])
        if not 0 <= k <= x.shape[axis]:
            raise ValueError(f"k is {k}; expected 0 to {x.shape[axis]}")
        if largest:
            order = np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)
            order = x.shape[axis] - 1 - order
        else:
            order = np.argsort(x, axis=axis, kind="stable")
        indices = np.take(order, range(k), axis=axis)
        return np.take_along_axis(x, indices, axis), indices.astype(np.int64)

    return call
