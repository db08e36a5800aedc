"""The normalisations' gradients against finite differences, and what their options mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from norm_cases import BATCH, GROUPS, ROWS

from foldgate import reference
from support import check_gradients

SMALL = 3000


def small(cases: list[Any]) -> list[Any]:
    return [case for case in cases if np.prod(case[0]) <= SMALL]


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("shape, axis", small(BATCH))
def test_batch_norm(shape: Any, axis: int, activation: Any, rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((2, *shape))
    gamma, beta = rng.standard_normal((2, shape[axis]))
    options: dict[str, Any] = {"axis": axis, "activation": activation}

    def loss(x: Any, gamma: Any, beta: Any) -> float:
        return float(np.vdot(dy, reference.batch_norm(x, gamma, beta, **options).y))

    _, mean, variance = reference.batch_norm(x, gamma, beta, **options)
    dx, dgamma, dbeta = reference.batch_norm_backward(dy, x, mean, variance, gamma, beta, **options)
    arguments = {"x": x, "gamma": gamma, "beta": beta}
    check_gradients(loss, arguments, {"x": dx, "gamma": dgamma, "beta": dbeta}, rng)


@pytest.mark.parametrize("activation", [None, "relu"])
def test_batch_norm_inference(activation: Any, rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((2, 5, 3, 4))
    mean, gamma, beta = rng.standard_normal((3, 4))
    variance = rng.uniform(0.5, 2, 4)

    def loss(x: Any, gamma: Any, beta: Any) -> float:
        y = reference.batch_norm_inference(x, mean, variance, gamma, beta, activation=activation)
        return float(np.vdot(dy, y))

    dx, dgamma, dbeta = reference.batch_norm_inference_backward(
        dy, x, mean, variance, gamma, beta, activation=activation
    )
    arguments = {"x": x, "gamma": gamma, "beta": beta}
    check_gradients(loss, arguments, {"x": dx, "gamma": dgamma, "beta": dbeta}, rng)


@pytest.mark.parametrize("shape, axis, groups", small(GROUPS))
def test_group_norm(shape: Any, axis: int, groups: int, rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((2, *shape))
    gamma, beta = rng.standard_normal((2, shape[axis]))

    def loss(x: Any, gamma: Any, beta: Any) -> float:
        return float(np.vdot(dy, reference.group_norm(x, gamma, beta, groups=groups, axis=axis)))

    _, mean, rstd = reference.group_norm(x, gamma, beta, groups=groups, axis=axis, return_statistics=True)
    dx, dgamma, dbeta = reference.group_norm_backward(dy, x, mean, rstd, gamma, groups=groups, axis=axis)
    arguments = {"x": x, "gamma": gamma, "beta": beta}
    check_gradients(loss, arguments, {"x": dx, "gamma": dgamma, "beta": dbeta}, rng)


@pytest.mark.parametrize("shape, axis", small(ROWS))
def test_layer_and_rms_norm(shape: Any, axis: Any, rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((2, *shape))
    last = shape[len(shape) - (1 if isinstance(axis, int) else len(axis)) :]
    gamma, beta = rng.standard_normal((2, *last))

    def layer(x: Any, gamma: Any, beta: Any) -> float:
        return float(np.vdot(dy, reference.layer_norm(x, gamma, beta, axis=axis)))

    def rms(x: Any, gamma: Any) -> float:
        return float(np.vdot(dy, reference.rms_norm(x, gamma, axis=axis)))

    _, mean, rstd = reference.layer_norm(x, gamma, beta, axis=axis, return_statistics=True)
    dx, dgamma, dbeta = reference.layer_norm_backward(dy, x, mean, rstd, gamma, axis=axis)
    arguments = {"x": x, "gamma": gamma, "beta": beta}
    check_gradients(layer, arguments, {"x": dx, "gamma": dgamma, "beta": dbeta}, rng)
    _, none, rstd = reference.rms_norm(x, gamma, axis=axis, return_statistics=True)
    dx, dgamma, missing = reference.rms_norm_backward(dy, x, rstd, gamma, axis=axis)
    assert none is None and missing is None
    check_gradients(rms, {"x": x, "gamma": gamma}, {"x": dx, "gamma": dgamma}, rng)


def test_known_values() -> None:
    x = np.array([[1.0, 2.0], [3.0, 6.0]])
    y, mean, variance = reference.batch_norm(x, np.array([2.0, 1.0]), np.array([1.0, 0.0]), epsilon=0.0)
    np.testing.assert_array_equal(y, [[-1, -1], [3, 1]])
    np.testing.assert_array_equal((mean, variance), [[2, 4], [1, 4]])
    relu = reference.batch_norm(x, epsilon=0.0, activation="relu").y
    np.testing.assert_array_equal(relu, [[0, 0], [1, 1]])
    np.testing.assert_array_equal(reference.layer_norm(x, epsilon=0.0), [[-1, 1], [-1, 1]])
    np.testing.assert_array_equal(reference.instance_norm(x[None], epsilon=0.0), [[[-1, -1], [1, 1]]])
    np.testing.assert_array_equal(reference.group_norm(x, groups=1, epsilon=0.0), [[-1, 1], [-1, 1]])
