"""Gradients by the tape against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate._tape import GradientTape, Tensor, no_grad


def check_gradients(
    function: Callable[..., Any],
    *inputs: Any,
    step: float = 1e-6,
    rtol: float = 1e-6,
    atol: float = 1e-7,
    seed: int = 0,
) -> float:
    """Compares the gradients of `function` on the tape with central differences, element by element.

        dinput = (loss(input + step) - loss(input - step)) / (2 step)

    with loss = sum(weights * function(*inputs)) and weights drawn from a normal distribution, one for every
    element of every output.

    Args:
      function: takes the inputs, as Tensors, and returns one or several; it is called twice an element.
      inputs: float64 arrays, away from points where the function has no derivative.
      step: half the distance of the differences.
      rtol: what a gradient may be off relative to the largest one of its input.
      atol: what it may be off besides.
      seed: of the weights.

    Returns:
      The largest difference.

    Raises:
      TypeError: an input is not a float64 array; float32 is too coarse for differences.
      AssertionError: a gradient is off; the message says which, by how much, and both values.

    Example:
      >>> import numpy as np
      >>> import foldgate
      >>> foldgate.check_gradients(lambda x: np.sum(np.exp(x) * x), np.linspace(-1, 1, 5)) < 1e-7
      True
    """
    for i, array in enumerate(inputs):
        if not isinstance(array, np.ndarray) or array.dtype != np.float64:
            kind = (
                f"an array of {array.dtype}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
            )
            raise TypeError(f"check_gradients: input {i} is {kind}; expected a float64 numpy.ndarray")
    random = np.random.default_rng(seed)
    arrays = [np.array(array) for array in inputs]
    with GradientTape() as tape:
        tensors = tape.watch(tuple(arrays))
        outputs = _several(function(*tensors))
    weights = [random.standard_normal(np.shape(output)) for output in outputs]
    recorded = [(o, w) for o, w in zip(outputs, weights, strict=True) if isinstance(o, Tensor)]
    gradients = tape.gradient([o for o, _ in recorded], tensors, [w for _, w in recorded], "zero")

    def loss() -> float:
        with no_grad():
            results = _several(function(*[Tensor(array) for array in arrays]))
        return sum(float(np.sum(w * np.asarray(r))) for w, r in zip(weights, results, strict=True))

    worst = 0.0
    for i, (array, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        expected = _differences(loss, array, step)
        errors = np.abs(np.asarray(gradient) - expected)
        allowed = atol + rtol * float(np.abs(expected).max(initial=0.0))
        if not (errors <= allowed).all():
            at = tuple(int(j) for j in np.unravel_index(np.argmax(errors), errors.shape))
            raise AssertionError(
                f"check_gradients: input {i} at {at} has the gradient {np.asarray(gradient)[at]:.9g}, by "
                f"central differences {expected[at]:.9g}; off by {errors[at]:.3g}, allowed {allowed:.3g}"
            )
        worst = max(worst, float(errors.max(initial=0.0)))
    return worst


def _several(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def _differences(loss: Callable[[], float], array: np.ndarray, step: float) -> np.ndarray:
    """The central difference of `loss` at each element of `array`, which it reads."""
    found = np.empty_like(array)
    for at in np.ndindex(array.shape):
        value = array[at]
        array[at] = value + step
        above = loss()
        array[at] = value - step
        found[at] = (above - loss()) / (2 * step)
        array[at] = value
    return found
