"""Optimizer updates by hand: first steps from zero slots, and what options change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from optimizer_cases import CASES, run

from foldgate import reference

# The first step of size .01 by gradients of 2 and -2 from zero slots: what w = (1, 1) loses and gains.
FIRST = {
    "sgd": 0.02,
    "momentum": 0.02,
    "nesterov": 0.02 * 1.9,
    "rmsprop": 0.01 / math.sqrt(0.1),
    "rmsprop momentum": 0.01 / math.sqrt(0.1),
    "rmsprop centered": 0.01 / math.sqrt(0.1 - 0.01),
    "rmsprop both": 0.01 / math.sqrt(0.1 - 0.01),
    "adam": 0.01,
    "amsgrad": 0.01,
    "adamax": 0.01,
    "lion": 0.01,
}


@pytest.mark.parametrize("case", FIRST)
def test_first_step(case: str) -> None:
    options: dict[str, Any] = {"weight_decay": 0.0} if case == "lion" else {}
    w = run(reference, case, np.ones(2), [np.array([2.0, -2.0])], **options)["variable"]
    np.testing.assert_allclose(w, [1 - FIRST[case], 1 + FIRST[case]], rtol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_weight_decay_comes_first(case: str) -> None:
    """w loses 4 % of itself, and the step is that of no decay."""
    gradient = [np.array([2.0, -1.0])]
    plain = run(reference, case, np.ones(2), gradient, weight_decay=0.0)["variable"]
    learning_rate = 1.0 if case == "adadelta" else 0.01
    decayed = run(reference, case, np.ones(2), gradient, weight_decay=0.04 / learning_rate)["variable"]
    np.testing.assert_allclose(decayed, plain - 0.04, rtol=1e-12)


def test_nadam_keeps_its_product() -> None:
    w, m, v = np.ones(1), np.zeros(1), np.zeros(1)
    u = [0.9 * (1 - 0.5 * 0.96**t) for t in (1, 2, 3)]
    product = reference.nadam_update(w, np.ones(1), m, v, step=1, u_product=1.0)
    assert product == u[0]
    assert reference.nadam_update(w, np.ones(1), m, v, step=2, u_product=product) == u[0] * u[1]
