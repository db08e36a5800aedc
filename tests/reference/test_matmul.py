"""matmul against einsum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import reference
from support import assert_close, bound


@pytest.mark.parametrize(
    "a_shape, b_shape", [((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((6, 1, 3, 4), (2, 4, 5))]
)
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
def test_against_einsum(
    a_shape: tuple[int, ...],
    b_shape: tuple[int, ...],
    transpose_a: bool,
    transpose_b: bool,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    a, b = rng.standard_normal(a_shape).astype(dtype), rng.standard_normal(b_shape).astype(dtype)
    bias = rng.standard_normal(5).astype(dtype)
    expected = np.einsum("...mk,...kn->...mn", a, b) + bias
    c = reference.matmul(
        np.swapaxes(a, -1, -2) if transpose_a else a,
        np.swapaxes(b, -1, -2) if transpose_b else b,
        bias,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
    )
    assert_close(c, expected, bound(dtype, 4, a, b))


@pytest.mark.parametrize(
    "activation, expected",
    [(None, [-2, 0, 3]), ("linear", [-2, 0, 3]), ("relu", [0, 0, 3]), ("tanh", np.tanh([-2, 0, 3]))],
)
def test_activation(activation: str | None, expected: list[float]) -> None:
    c = reference.matmul(np.array([[1.0]]), np.array([[-2.0, 0.0, 3.0]]), activation=activation)
    np.testing.assert_allclose(c[0], expected, rtol=1e-15)


def test_sigmoid_does_not_overflow(dtype: Any) -> None:
    x = np.array([[-1e4, -50, 0, 50, 1e4]], dtype)
    y = reference.matmul(np.ones((1, 1), dtype), x, activation="sigmoid")
    assert y.dtype == dtype
    np.testing.assert_allclose(y[0], [0, np.exp(-50.0), 0.5, 1, 1], rtol=1e-6)


def test_empty_sum() -> None:
    np.testing.assert_array_equal(
        reference.matmul(np.ones((2, 0)), np.ones((0, 3)), np.arange(3.0)), [[0, 1, 2]] * 2
    )


def test_refused() -> None:
    with pytest.raises(ValueError, match="a and b have 1 and 2 axes; expected at least 2"):
        reference.matmul(np.ones(3), np.ones((3, 2)))
