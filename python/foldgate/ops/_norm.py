"""The options of normalisations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray
from foldgate.gradients import NormGradients, NormOutput
from foldgate.ops._record import Backward, Needs
from foldgate.ops._scalars import int_argument


def epsilon_argument(op: str, epsilon: float) -> float:
    """A finite number, 0 or more."""
    if type(epsilon) is float and 0.0 <= epsilon < math.inf:
        return epsilon  # nearly always, and an isinstance of two kinds takes half a microsecond
    if isinstance(epsilon, bool) or not isinstance(epsilon, int | float | np.floating | np.integer):
        raise TypeError(f"{op}: epsilon is {epsilon!r}; expected a float")
    if not (math.isfinite(epsilon) and epsilon >= 0):
        raise ValueError(f"{op}: epsilon is {epsilon}; expected 0 or more")
    return float(epsilon)


def axis_argument(op: str, axis: int, rank: int) -> int:
    """An axis of `rank`, counted from the first."""
    index = int_argument(op, "axis", axis)
    if not -rank <= index < rank:
        raise ValueError(f"{op}: axis is {axis}; expected {-rank} to {rank - 1}")
    return index % rank


def channels_first(op: str, axis: int, rank: int) -> bool:
    """Whether the channels are axis 1 and not the last one."""
    if type(axis) is int and axis == -1 and rank >= 2:
        return False
    if rank < 2:
        raise ValueError(f"{op}: x has {rank} axes; expected at least 2")
    index = axis_argument(op, axis, rank)
    if index not in (1, rank - 1):
        raise ValueError(f"{op}: axis is {axis}; expected 1 or the last of {rank}")
    return index != rank - 1


def last_axes(op: str, axis: int | Sequence[int], rank: int) -> int:
    """How many axes are meant, which must be the last ones."""
    if type(axis) is int and axis == -1 and rank > 0:
        return 1
    axes = axis if isinstance(axis, Sequence) and not isinstance(axis, str) else (axis,)
    found = sorted(axis_argument(op, a, rank) for a in axes)
    if not found or found != list(range(rank - len(found), rank)):
        raise ValueError(f"{op}: axis is {axis}; expected the last axes of {rank}")
    return len(found)


def relu_argument(op: str, activation: str | None) -> bool:
    """Whether a ReLU is fused."""
    if not isinstance(activation, str | None) or activation not in (None, "linear", "relu"):
        raise ValueError(f"{op}: activation is {activation!r}; expected None, 'linear' or 'relu'")
    return activation == "relu"


def recorded_norm(
    function: Callable[..., NormOutput],
    backward_function: Callable[..., NormGradients],
    x: FloatArray,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    *,
    epsilon: float,
    return_statistics: bool,
    **options: Any,
) -> tuple[Any, Backward, int]:
    """The rule of those that keep a mean and 1 / sqrt(variance + epsilon), which have no gradient."""
    output = function(x, gamma, beta, epsilon=epsilon, return_statistics=True, **options)

    def backward(needs: Needs, dy: FloatArray, *dstatistics: None) -> NormGradients:
        return backward_function(dy, x, output.mean, output.rstd, gamma, **options)

    return (output if return_statistics else output.y), backward, 1


def update_averages(
    op: str, averages: Sequence[FloatArray], values: Sequence[FloatArray], momentum: float
) -> None:
    """`average = momentum average + (1 - momentum) value` of each pair, in place; values are cast."""
    fitting = [
        operand(op, "value", value if value.dtype is average.dtype else value.astype(average.dtype), average)
        for value, average in zip(values, averages, strict=True)
    ]
    _native.moving_averages(op, averages, fitting, momentum)
