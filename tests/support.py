"""What the tests share: error bounds, comparisons and gradient checks. Imported as `support`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]

MASK_KINDS = ["none", "every", "lengths"]
"""The kinds that `steps_arguments` makes."""


def largest(*arrays: Array | None) -> float:
    """The product of the arrays' largest magnitudes; what is empty or missing counts as 1."""
    return math.prod(float(np.abs(a).max()) for a in arrays if a is not None and a.size)


def bound(dtype: DTypeLike, terms: int, *arrays: Array | None, factor: float = 4.0) -> float:
    """The rounding error to allow for a sum of `terms` products: factor * eps * K * max|a| * max|b|.

    Each of the K products is at most max|a| max|b|, and each of the K additions adds at most eps of that much
    per term; `factor` covers the bias, the activation and the other side's own rounding.
    """
    return factor * float(np.finfo(dtype).eps) * max(terms, 1) * max(largest(*arrays), 1.0)


def recurrent_bound(dtype: DTypeLike, steps: int, terms: int, *arrays: Array | None) -> float:
    """As `bound`, for a recurrence: every step adds such an error, and its gates a few eps of their own."""
    return bound(dtype, terms, *arrays, factor=16.0) * max(steps, 1)


def assert_close(actual: Array | None, expected: Array | None, atol: float, what: str = "result") -> None:
    """Same shape and dtype, NaN and infinities in the same places, |actual - expected| <= atol elsewhere."""
    if actual is None or expected is None:
        assert actual is expected, f"{what}: {actual} against {expected}"
        return
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    assert actual.dtype == expected.dtype, f"{what}: dtype {actual.dtype}, expected {expected.dtype}"
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite], err_msg=what)
    errors = np.abs(actual[finite] - expected[finite])
    worst = float(errors.max()) if errors.size else 0.0
    assert worst <= atol, f"{what}: off by {worst:.3g}, allowed {atol:.3g}"


def integers(rng: np.random.Generator, shape: Sequence[int], dtype: DTypeLike, high: int = 4) -> Array:
    """Whole numbers from -high to high: sums of their products are exact, in any order."""
    return rng.integers(-high, high + 1, tuple(shape)).astype(dtype)


def directional(loss: Callable[[Array], float], at: Array, direction: Array, step: float = 1e-5) -> float:
    """The derivative of `loss` along `direction`, by a central difference (float64)."""
    return (loss(at + step * direction) - loss(at - step * direction)) / (2 * step)


def check_gradients(
    loss: Callable[..., float],
    arguments: dict[str, Array],
    gradients: dict[str, Array | None],
    rng: np.random.Generator,
) -> None:
    """Compare each argument's gradient with a finite difference of `loss` along a random direction.

    One inner product per argument: <gradient, direction> against (loss(a + e d) - loss(a - e d)) / 2e with
    e = 1e-5. The truncation error is e^2 |d|^3 loss'''/6 and the rounding error eps |loss| / e: with losses
    and directions of order 1 to 100, both stay below 1e-7 of |gradient| |direction| + |loss|.
    """
    for name, argument in arguments.items():
        gradient = gradients[name]
        assert gradient is not None, f"d{name} is None"
        assert gradient.shape == argument.shape, f"d{name} is {gradient.shape}, expected {argument.shape}"
        assert gradient.dtype == argument.dtype == np.float64
        direction = rng.standard_normal(argument.shape)

        def along(value: Array, name: str = name) -> float:
            return loss(**{**arguments, name: value})

        numeric = directional(along, argument, direction)
        analytic = float(np.sum(gradient * direction))
        scale = float(np.linalg.norm(gradient) * np.linalg.norm(direction)) + abs(loss(**arguments))
        assert abs(numeric - analytic) <= 1e-7 * scale, (
            f"d{name}: {analytic} against {numeric} by differences"
        )


@contextmanager
def using_threads(count: int) -> Iterator[None]:
    """Inside this block foldgate has so many threads."""
    import foldgate

    before = foldgate.get_num_threads()
    foldgate.set_num_threads(count)
    try:
        yield
    finally:
        foldgate.set_num_threads(before)


def flat(result: Any) -> list[Array]:
    """The arrays of a result, whatever tuple it came in; None where a part is not there is left out."""
    if isinstance(result, np.ndarray):
        return [result]
    return [array for part in result if part is not None for array in flat(part)]


def same_on_threads(call: Callable[[], Any]) -> Any:
    """The result of `call`, of which 1, 2 and 3 threads must give the same bits."""
    results = []
    for threads in (1, 2, 3):
        with using_threads(threads):
            results.append(call())
    for other in results[1:]:
        for a, b in zip(flat(results[0]), flat(other), strict=True):
            assert a.tobytes() == b.tobytes() and a.dtype == b.dtype
    return results[0]


def every_mask(steps: int) -> Array:
    """(5, T): all steps count; leading ones masked; trailing ones masked; holes; none counts."""
    t = np.arange(steps)
    rows = [t >= 0, t >= 2, t < steps - 2, t % 2 == 1, t < 0]
    return np.stack(rows)


def steps_arguments(kind: str, n: int, steps: int) -> dict[str, Array]:
    """The arguments that say which steps count: none, a mask of every pattern, or lengths from 0 to T."""
    if kind == "none":
        return {}
    if kind == "every":
        return {"mask": every_mask(steps)[np.arange(n) % 5]}
    if kind == "lengths":
        return {"lengths": np.array([steps, 0, 1, steps - 1, steps // 2])[np.arange(n) % 5]}
    raise ValueError(f"kind is {kind!r}; expected one of {MASK_KINDS}")
