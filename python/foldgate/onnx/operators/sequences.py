"""Sequences, which are lists here, and optional values, which are None or themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.onnx.graph import Array
from foldgate.onnx.operators.shapes import dtype_of
from foldgate.onnx.registry import Context, Function, operator


@operator("SequenceConstruct")
def construct(context: Context) -> Function:
    """Of the inputs."""
    return lambda *parts: list(parts)


@operator("SequenceEmpty", attributes="dtype")
def empty(context: Context) -> Function:
    """Of nothing."""
    dtype_of(context.attr("dtype", 1))
    return list


@operator("SequenceAt")
def at(context: Context) -> Function:
    """One element."""
    return lambda sequence, position: sequence[int(position.reshape(()))]


@operator("SequenceLength")
def length(context: Context) -> Function:
    """The number of elements."""
    return lambda sequence: np.array(len(sequence), np.int64)


@operator("SequenceInsert")
def insert(context: Context) -> Function:
    """With another element, at the end or before a position."""

    def call(sequence: list[Any], value: Any, position: Array | None = None) -> list[Any]:
        i = len(sequence) if position is None else int(position.reshape(()))
        if not -len(sequence) <= i <= len(sequence):
            raise IndexError(f"position is {i}; expected at most {len(sequence)}")
        i += len(sequence) if i < 0 else 0
        return [*sequence[:i], value, *sequence[i:]]

    return call


@operator("SequenceErase")
def erase(context: Context) -> Function:
    """Without one element, the last by default."""

    def call(sequence: list[Any], position: Array | None = None) -> list[Any]:
        rest = list(sequence)
        rest.pop(-1 if position is None else int(position.reshape(())))
        return rest

    return call


@operator("ConcatFromSequence", attributes="axis new_axis")
def concat(context: Context) -> Function:
    """Along an axis that is there, or a new one."""
    join = np.stack if context.flag("new_axis") else np.concatenate
    axis = context.attr("axis")
    return lambda sequence: join(sequence, axis)


@operator("SplitToSequence", attributes="axis keepdims")
def split(context: Context) -> Function:
    """Parts of given extents, or of one each."""
    axis, keepdims = context.attr("axis", 0), context.flag("keepdims", 1)

    def call(x: Array, sizes: Array | None = None) -> list[Any]:
        extent = x.shape[axis]
        if sizes is None or (sizes.ndim == 0 and sizes == 1):  # onnxruntime's reading of such a split
            parts = np.split(x, extent, axis)
            return parts if keepdims else [np.squeeze(part, axis) for part in parts]
        if sizes.ndim == 0:
            each = int(sizes)
            if each < 1:
                raise ValueError(f"split is {each}; expected at least 1")
            return np.split(x, range(each, extent, each), axis)
        return np.split(x, np.cumsum(sizes)[:-1].tolist(), axis)

    return call


@operator("Optional", attributes="type")
def optional(context: Context) -> Function:
    """The value, or none."""
    return lambda value=None: value


@operator("OptionalHasElement")
def has_element(context: Context) -> Function:
    """Whether there is one."""
    return lambda value=None: np.array(value is not None)


@operator("OptionalGetElement")
def get_element(context: Context) -> Function:
    """The value that must be there."""

    def call(value: Any) -> Any:
        if value is None:
            raise ValueError("the optional value is empty; expected one")
        return value

    return call
