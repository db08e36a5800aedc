"""The functions of every value: known values, and their derivatives against finite differences in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from elementwise_cases import CASES, FROM_RESULT, IDS
from foldgate import reference
from support import check_gradients

KNOWN = {
    "exp": (1.0, math.e),
    "tanh": (0.5, math.tanh(0.5)),
    "sigmoid": (math.log(3), 0.75),
    "relu": (-2.0, 0.0),
    "relu6": (7.0, 6.0),
    "leaky_relu": (-2.0, -0.4),
    "elu": (-math.log(2), -0.5),
    "selu": (-math.log(2), -0.5 * 1.0507009873554805 * 1.6732632423543772),
    "hard_sigmoid": (1.5, 0.75),
    "log_sigmoid": (math.log(3), math.log(0.75)),
    "softplus": (0.0, math.log(2)),
    "log": (math.e, 1.0),
    "erf": (1.0, 0.8427007929497149),
    "gelu": (1.0, 0.8411919906082768),
    "silu": (math.log(3), 0.75 * math.log(3)),
    "hard_silu": (1.5, 1.125),
    "mish": (math.log(math.sqrt(3) - 1), math.log(math.sqrt(3) - 1) / 2),
    "softsign": (-3.0, -0.75),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_values(name: str) -> None:
    x, y = KNOWN[name]
    assert getattr(reference, name)(np.array(x)) == pytest.approx(y, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_gradients(name: str, options: Any, rng: np.random.Generator) -> None:
    x = 2 * rng.standard_normal((6, 7))
    corners = (-3, 0, 3, 6)  # where derivatives jump: differences do not see them from 1e-3 away
    for corner in corners:
        x += np.where(np.abs(x - corner) < 1e-3, 1e-2, 0)
    if name == "log":
        x = np.abs(x)
    dy = rng.standard_normal(x.shape)
    forward = getattr(reference, name)
    v = forward(x, **options) if name in FROM_RESULT else x
    dx = getattr(reference, f"{name}_backward")(dy, v, **options)
    check_gradients(lambda x: float(np.sum(dy * forward(x, **options))), {"x": x}, {"x": dx}, rng)


def test_out_is_filled_and_returned() -> None:
    x, out = np.array([-1.0, 2.0]), np.zeros(2)
    assert reference.relu(x, out=out) is out
    np.testing.assert_array_equal(out, [0, 2])
    assert reference.relu_backward(x, x, out=x) is x
    np.testing.assert_array_equal(x, [0, 2])
