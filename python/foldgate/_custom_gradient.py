"""Gradients of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np

from foldgate._tape import Tensor, no_grad, record_op


def custom_gradient(function: Callable[..., tuple[Any, Callable[..., Any]]]) -> Callable[..., Any]:
    """Decorates a function that brings its own gradient; on a tape a call of it is one node.

    Args:
      function: takes arrays (Tensors arrive as theirs) and returns `(result, gradient)`. The result is an
        array or a tuple of them. `gradient(*dresults)` takes one array per result and returns one per
        positional argument, or None for what has no gradient; alone, or in a tuple where there are several
        arguments. What it keeps from the call it holds by closure. Tensors and Variables that are not
        arguments count as constants.

    Returns:
      A function of the same arguments that returns the result alone. Keyword arguments have no gradients.

    Raises:
      ValueError: when gradients are taken: their number or a shape is not that of the arguments.

    Example:
      >>> import numpy as np
      >>> import foldgate
      >>> @foldgate.custom_gradient
      ... def clipped(x):
      ...   return x, lambda dy: np.clip(dy, -1.0, 1.0)
      >>> weight = foldgate.Variable(np.array([1.0, 2.0]))
      >>> with foldgate.GradientTape() as tape:
      ...   loss = np.sum(clipped(weight) * np.array([0.5, 30.0]))
      >>> tape.gradient(loss, weight)
      array([0.5, 1. ])
    """

    def alone(*values: Any, **options: Any) -> Any:
        return function(*values, **options)[0]

    def rule(*values: Any, **options: Any) -> tuple[Any, Callable[..., Sequence[Any]]]:
        with no_grad():  # Variables that it uses besides its arguments are constants
            result, gradient = function(*values, **options)
        several = isinstance(result, (tuple, list))
        shapes = [
            part.shape if isinstance(part, np.ndarray) else () for part in (result if several else [result])
        ]
        result = tuple(_array(part) for part in result) if several else _array(result)

        def backward(needs: tuple[bool, ...], *dys: Any) -> Sequence[Any]:
            found = gradient(*[np.zeros(s) if dy is None else dy for s, dy in zip(shapes, dys, strict=True)])
            return found if isinstance(found, (tuple, list)) else (found,)

        return result, backward

    def call(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(argument, Tensor) for argument in args):
            return record_op(function.__name__, alone, rule, args, kwargs)
        return alone(*args, **kwargs)

    return update_wrapper(call, function)


def _array(part: Any) -> Any:
    """NumPy's scalars, which reductions give, as arrays of no axes."""
    return np.asarray(part) if isinstance(part, np.generic) else part
