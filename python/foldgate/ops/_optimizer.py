"""What the optimizer updates share: their codes, checks of their numbers, and the call of the kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import numpy as np

from foldgate import _native
from foldgate._arrays import operand, operands
from foldgate._typing import FloatArray

_CONSTANTS = ("decay", "lr", "epsilon", "mu", "rho", "p", "q", "a", "b", "c")
_PLACES = {name: i for i, name in enumerate(_CONSTANTS)}
_ZEROS = [0.0] * (len(_CONSTANTS) - 1)


class Optimizer(IntEnum):
    """As csrc/kernels/optimizer.h numbers them; RMSPROP + 1 has momentum, + 2 is centered, + 3 is both."""

    SGD = 0
    MOMENTUM = 1
    NESTEROV = 2
    RMSPROP = 3
    ADAM = 7
    AMSGRAD = 8
    NADAM = 9
    ADAMAX = 10
    ADAGRAD = 11
    ADADELTA = 12
    LION = 13


def number(op: str, name: str, value: float, *, above_0: bool = False) -> float:
    """A finite number, above 0 or at least 0."""
    if type(value) is float and 0.0 < value < math.inf:
        return value  # nearly always: a step asks this of every number it has
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise TypeError(f"{op}: {name} is {value!r}; expected a number")
    found = float(value)
    if not (math.isfinite(found) and (found > 0 if above_0 else found >= 0)):
        expected = "above 0" if above_0 else "of at least 0"
        raise ValueError(f"{op}: {name} is {value}; expected a finite number {expected}")
    return found


def share(op: str, name: str, value: float, *, with_one: bool = False) -> float:
    """A number from 0 to 1, which is 1 only where that makes sense."""
    if type(value) is float and 0.0 <= value < 1.0:
        return value
    found = number(op, name, value)
    if found > 1 or (found == 1 and not with_one):
        raise ValueError(f"{op}: {name} is {value}; expected {'at most' if with_one else 'less than'} 1")
    return found


def step_number(op: str, step: int) -> int:
    if type(step) is not int and (isinstance(step, bool) or not isinstance(step, int | np.integer)):
        raise TypeError(f"{op}: step is {step!r}; expected an int")
    if step < 1:
        raise ValueError(f"{op}: step is {step}; expected 1 or more")
    return int(step)


def check_momentum(op: str, momentums: FloatArray | None, momentum: float) -> None:
    """A slot and a rate of momentum go together."""
    needed = share(op, "momentum", momentum, with_one=True) > 0
    if needed and momentums is None:
        raise ValueError(f"{op}: momentums is None; expected an array, as momentum is {momentum}")
    if momentums is not None and not needed:
        raise ValueError(f"{op}: momentums is given; expected None, as momentum is 0")


def update(
    op: str,
    kind: int,
    variable: FloatArray,
    gradient: FloatArray,
    slots: Mapping[str, FloatArray | None],
    rates: Mapping[str, float],
    learning_rate: float,
    weight_decay: float,
    required: int = 0,
) -> None:
    """One step. The first `required` slots may not be None; others that are do not take part."""
    _check_array(op, "variable", variable)
    names: list[str] = []
    given: list[Any] = []
    for place, (name, slot) in enumerate(slots.items()):
        if slot is not None or place < required:
            _check_array(op, name, slot)
            names.append(name)
            given.append(slot)
    constants = constants_of(op, rates, learning_rate, weight_decay)
    gradient = operand(op, "gradient", gradient, variable, "variable")
    _native.optimizer_updates(op, kind, [variable], [gradient], names, [given], constants)


def _check_array(op: str, name: str, value: FloatArray | None) -> None:
    if not isinstance(value, np.ndarray):
        found = type(value).__name__
        article = "an" if found[0] in "aeiou" else "a"
        raise TypeError(f"{op}: {name} is {article} {found}; expected a numpy.ndarray")
    if value.dtype not in (np.float32, np.float64):
        raise TypeError(f"{op}: {name} has dtype {value.dtype}; expected float32 or float64")


def constants_of(
    op: str, rates: Mapping[str, float], learning_rate: float, weight_decay: float
) -> list[float]:
    """The kernel's numbers of one step, which are the same for every variable."""
    decay = 1 - number(op, "learning_rate", learning_rate) * number(op, "weight_decay", weight_decay)
    values = [decay, *_ZEROS]
    for name, value in rates.items():
        values[_PLACES[name]] = value
    values[2] = number(op, "epsilon", values[2])
    return values


def update_all(
    op: str,
    kind: int,
    variables: list[FloatArray],
    gradients: list[FloatArray],
    names: list[str],
    slots: list[list[FloatArray]],
    constants: list[float],
) -> None:
    """The kernel's call for many variables, whose slots have these names."""
    gradients = operands(op, "gradient", gradients, variables, "variable")
    _native.optimizer_updates(op, kind, variables, gradients, names, slots, constants)
