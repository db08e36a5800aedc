"""softmax and the cross-entropies: known values, and gradients against finite differences in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import reference
from support import check_gradients


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gradients(name: str, axis: int, rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((4, 5, 3)), rng.standard_normal((4, 5, 3))
    forward = getattr(reference, name)
    dx = getattr(reference, f"{name}_backward")(dy, forward(x, axis=axis), axis=axis)
    check_gradients(lambda x: float(np.sum(dy * forward(x, axis=axis))), {"x": x}, {"x": dx}, rng)


@pytest.mark.parametrize("kind", ["classes", "ignored", "probabilities"])
def test_cross_entropy_gradients(kind: str, rng: np.random.Generator) -> None:
    x, dloss = rng.standard_normal((6, 5)), rng.standard_normal(6)
    labels: Any = rng.random((6, 5)) if kind == "probabilities" else np.array([0, 4, 2, 2, 1, 3])
    options: Any = {"ignore_index": 2} if kind == "ignored" else {}

    def loss(x: Any) -> float:
        return float(np.sum(dloss * reference.softmax_cross_entropy(x, labels, **options)[0]))

    _, log_sum_exp = reference.softmax_cross_entropy(x, labels, **options)
    dx = reference.softmax_cross_entropy_backward(dloss, x, labels, log_sum_exp, **options)
    check_gradients(loss, {"x": x}, {"x": dx}, rng)


def test_sigmoid_cross_entropy_gradient(rng: np.random.Generator) -> None:
    x, z, dloss = rng.standard_normal((4, 5)), rng.random((4, 5)), rng.standard_normal((4, 5))
    dx = reference.sigmoid_cross_entropy_backward(dloss, x, z)
    check_gradients(
        lambda x: float(np.sum(dloss * reference.sigmoid_cross_entropy(x, z))), {"x": x}, {"x": dx}, rng
    )


def test_known_values() -> None:
    x = np.log(np.array([[1.0, 2.0, 5.0]]))
    np.testing.assert_allclose(reference.softmax(x), [[0.125, 0.25, 0.625]], rtol=1e-15)
    loss, log_sum_exp = reference.softmax_cross_entropy(x, np.array([2]))
    np.testing.assert_allclose([loss[0], log_sum_exp[0]], [np.log(1.6), np.log(8)], rtol=1e-15)
    np.testing.assert_array_equal(reference.softmax(np.full((1, 3), -np.inf)), 0)
    with pytest.raises(IndexError):
        reference.softmax_cross_entropy(x, np.array([3]))
