"""Penalties: values by hand, gradients, names and configurations."""

from __future__ import annotations

import doctest
import json
from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import regularizers

MADE = [
    regularizers.L1(0.3),
    regularizers.L2(0.2),
    regularizers.L1L2(0.3, 0.2),
    regularizers.L1L2(l1=0.3),
    regularizers.OrthogonalRegularizer(0.5),
    regularizers.OrthogonalRegularizer(0.5, "columns"),
]


def test_values(dtype: Any) -> None:
    x = np.array([[1.0, -2.0], [0.0, 4.0]], dtype)
    assert regularizers.L1(0.5)(x) == 3.5
    assert regularizers.L2(0.5)(x) == 10.5
    assert regularizers.L1L2(0.5, 0.25)(x) == 3.5 + 5.25
    assert regularizers.L1L2()(x) == 0
    assert regularizers.OrthogonalRegularizer(2.0)(x) == pytest.approx(2 * 2 / np.sqrt(5), rel=1e-6)
    assert regularizers.OrthogonalRegularizer(2.0, "columns")(x) == pytest.approx(2 / np.sqrt(5), rel=1e-6)
    for made in MADE:
        assert made(x).dtype == dtype


@pytest.mark.parametrize("made", MADE)
def test_gradients(made: Any, rng: np.random.Generator) -> None:
    x = rng.standard_normal((4, 3)) + 0.1
    assert foldgate.check_gradients(made, x) < 1e-7


@pytest.mark.parametrize("made", MADE)
def test_configurations(made: Any) -> None:
    config = json.loads(json.dumps(regularizers.serialize(made)))
    assert config["module"] == "keras.regularizers"
    again = regularizers.get(config)
    assert type(again) is type(made) and again.get_config() == made.get_config()


def test_names() -> None:
    names = {"l1": "L1", "l2": "L2", "l1l2": "L1L2", "l1_l2": "L1L2", "L2": "L2"}
    for name, kind in {**names, "orthogonal_regularizer": "OrthogonalRegularizer"}.items():
        assert type(regularizers.get(name)).__name__ == kind
    assert regularizers.get(None) is None and regularizers.get(np.sum) is np.sum
    assert regularizers.l1_l2 is regularizers.L1L2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: regularizers.get("l3"), "'l3' is not known; expected one of l1, l1_l2"),
        (lambda: regularizers.L1(-1.0), "L1: l1 is -1.0; expected a finite number of at least 0"),
        (lambda: regularizers.L2(float("nan")), "L2: l2 is nan"),
        (lambda: regularizers.L1L2("a"), "L1L2: l1 is 'a'"),
        (lambda: regularizers.OrthogonalRegularizer(mode="x"), "mode is 'x'; expected 'rows' or 'columns'"),
        (lambda: regularizers.OrthogonalRegularizer()(np.ones(3)), r"x has shape \(3,\); expected two axes"),
    ],
)
def test_wrong_use(wrong: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()


@pytest.mark.parametrize("name", ["Regularizer", "L1", "L2", "L1L2", "OrthogonalRegularizer", "get"])
def test_example(name: str) -> None:
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(regularizers, name), name)
    assert test.examples, f"{name} has no example"
    assert doctest.DocTestRunner().run(test).failed == 0
