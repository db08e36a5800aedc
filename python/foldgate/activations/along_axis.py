"""Functions of the values along an axis together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._custom_gradient import custom_gradient
from foldgate._logits import remember_logits
from foldgate._typing import FloatArray
from foldgate.activations._operand import floats, of_tensors


@of_tensors
def softmax(x: FloatArray, axis: int | Sequence[int] = -1) -> FloatArray:
    """e^x over its sum along an axis, or along several together."""
    x = floats(x)
    if isinstance(axis, Sequence):
        return over_axes(ops.softmax, x, axis)
    y = ops.softmax(x, axis=axis)
    if axis in (-1, y.ndim - 1):
        remember_logits("softmax", y, x)
    return y


@of_tensors
def log_softmax(x: FloatArray, axis: int | Sequence[int] = -1) -> FloatArray:
    """The logarithm of `softmax`."""
    x = floats(x)
    if isinstance(axis, Sequence):
        return over_axes(ops.log_softmax, x, axis)
    return ops.log_softmax(x, axis=axis)


def over_axes(function: Callable[[Any], Any], x: Any, axes: Sequence[int]) -> FloatArray:
    """A function of a last axis on several axes as if they were one.

    Raises:
      ValueError: an axis is none of x's, or named twice.
    """
    rank = x.ndim
    known = all(isinstance(axis, int) and -rank <= axis < rank for axis in axes)
    if not known or len({axis % rank for axis in axes}) < len(axes):
        raise ValueError(
            f"{function.__name__}: axis is {axes!r}; expected different ones from {-rank} to {rank - 1}, "
            f"the axes of x of shape {x.shape}"
        )
    axes = tuple(axis % rank for axis in axes)
    last = range(x.ndim - len(axes), x.ndim)
    moved = np.moveaxis(x, axes, last)
    shape = moved.shape
    flat = np.reshape(moved, (*shape[: last[0]], prod(shape[last[0] :])))
    along: FloatArray = np.moveaxis(np.reshape(function(flat), shape), last, axes)
    return along


@of_tensors
def glu(x: FloatArray, axis: int = -1) -> FloatArray:
    """The first half along an axis, times the sigmoid of the second.

    Args:
      x: an even number of values along the axis.
      axis: of the halves. Defaults to -1.

    Returns:
      Of half x's extent along the axis.

    Raises:
      ValueError: the number is odd, or there is no such axis.

    Example:
      >>> import numpy as np
      >>> from foldgate import activations
      >>> activations.glu(np.array([4.0, 0.0]))
      array([2.])
    """
    x = floats(x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"glu: axis is {axis}; expected one of the {x.ndim} axes of x")
    if x.shape[axis] % 2:
        raise ValueError(f"glu: x has shape {tuple(x.shape)}; expected an even extent along axis {axis}")
    values, gates = np.split(x, 2, axis=axis)
    gated: FloatArray = values * ops.sigmoid(gates)
    return gated


@of_tensors
def sparsemax(x: FloatArray, axis: int = -1) -> FloatArray:
    """The distribution nearest to x along an axis: max(x - t, 0), with the t that makes the sum 1.

    Args:
      x: any shape of at least one axis.
      axis: of the sum. Defaults to -1.

    Returns:
      Of x's shape and dtype.

    Example:
      >>> import numpy as np
      >>> from foldgate import activations
      >>> activations.sparsemax(np.array([1.0, 0.5, -3.0]))
      array([0.75, 0.25, 0.  ])
    """
    shares: FloatArray = _sparsemax(floats(x), axis=axis)
    return shares


@custom_gradient
def _sparsemax(x: FloatArray, axis: int) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Sorted downwards, the k greatest have a share while 1 + k z_k is above their sum."""
    z = -np.sort(-x, axis=axis)
    sums = np.cumsum(z, axis=axis)
    shape = [1] * x.ndim
    shape[axis] = -1
    count = np.arange(1, x.shape[axis] + 1, dtype=x.dtype).reshape(shape)
    last = np.sum(1 + count * z > sums, axis=axis, keepdims=True)
    level = (np.take_along_axis(sums, last - 1, axis=axis) - 1) / last.astype(x.dtype)
    y = np.maximum(x - level, 0)

    def backward(dy: FloatArray) -> FloatArray:
        shared = (y > 0).astype(dy.dtype)
        mean = np.sum(dy * shared, axis=axis, keepdims=True) / np.sum(shared, axis=axis, keepdims=True)
        dx: FloatArray = shared * (dy - mean)
        return dx

    return y, backward
