"""The tables that the tape reads, and the decorators that fill them.

A rule's functions run on arrays, and on Tensors where a gradient is itself recorded: they use nothing but
recordable NumPy functions, except where they are marked `once`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Array = Any
"""An array or a Tensor."""

Gradient = Callable[..., Any]
F = TypeVar("F", bound=Callable[..., Any])

UFUNCS: dict[Any, tuple[tuple[Gradient, ...], tuple[int, ...]]] = {}
"""ufunc -> (a function of (dz, *operands, z) per operand, a mask per operand of the values that it reads).

What no wanted gradient reads is not kept, and arrives as None. The tape sums over broadcast axes.
"""

FUNCTIONS: dict[Any, tuple[Gradient, tuple[int, ...] | str | None, bool, Gradient]] = {}
"""NumPy function -> (rule, operands, once, computed).

The rule takes the result, as an array, and then the arguments of the function; it returns a function of dz,
or a tuple of them, one an operand: "pullbacks". `operands` are the places of the arguments that have
gradients: `"sequence"` for the members of the first, `"rest"` for all after the first. With None the rule
takes the arguments alone and computes the result by other recorded functions. `once`: the pullbacks cannot
be recorded. `computed` computes the result from arrays: mostly the function itself.
"""

CONSTANTS: set[Any] = set()
"""Ufuncs and functions that take Tensors and give plain results without a gradient."""


def ufunc(function: Any, *gradients: tuple[str, Gradient]) -> None:
    """Enters a ufunc: per operand, the values that its gradient reads ("x", "y", "z") and the gradient."""
    names = "xz" if len(gradients) == 1 else "xyz"
    masks = tuple(sum(1 << names.index(name) for name in reads) for reads, _ in gradients)
    UFUNCS[function] = (tuple(gradient for _, gradient in gradients), masks)


def rule(
    *functions: Any,
    operands: tuple[int, ...] | str = (0,),
    once: bool = False,
    computed: Gradient | None = None,
) -> Callable[[F], F]:
    """Enters the decorated rule for some NumPy functions."""

    def enter(gradient: F) -> F:
        for function in functions:
            FUNCTIONS[function] = (gradient, operands, once, computed or function)
        return gradient

    return enter


def composed(*functions: Any) -> Callable[[F], F]:
    """Enters a function that computes a NumPy function by other recorded ones."""

    def enter(function: F) -> F:
        for name in functions:
            FUNCTIONS[name] = (function, None, False, name)
        return function

    return enter


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """An axis argument as axes from 0 up; None is all of them."""
    if axis is None:
        return tuple(range(ndim))
    one = (axis,) if np.ndim(axis) == 0 else tuple(axis)
    return tuple(int(a) % ndim for a in one)
