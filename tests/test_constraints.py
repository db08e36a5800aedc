"""Constraints: what they promise of norms and signs, names and configurations."""

from __future__ import annotations

import doctest
import json
from typing import Any

import numpy as np
import pytest

from foldgate import constraints

MADE = [
    constraints.MaxNorm(0.7, axis=[0, 1]),
    constraints.MinMaxNorm(0.5, 0.9, 0.3, axis=1),
    constraints.NonNeg(),
    constraints.UnitNorm(axis=(0, 1, 2)),
]


def norms(w: Any, axis: Any) -> Any:
    return np.sqrt(np.sum(np.square(w), axis=axis))


def test_the_base_class_lets_everything_pass() -> None:
    w = np.array([-1.0, 2.0])
    assert constraints.Constraint()(w) is w


def test_what_they_promise(dtype: Any, rng: np.random.Generator) -> None:
    w = rng.standard_normal((3, 3, 4, 5)).astype(dtype) * np.linspace(0.1, 1.0, 5, dtype=dtype)
    before = w.copy()
    short = constraints.MaxNorm(2.0, [0, 1, 2])(w)
    lengths = norms(w, (0, 1, 2))
    assert (lengths > 2).any() and (lengths < 2).any()
    np.testing.assert_allclose(norms(short, (0, 1, 2)), np.minimum(lengths, 2), rtol=1e-5)
    both = constraints.MinMaxNorm(1.0, 2.0, axis=[0, 1, 2])(w)
    np.testing.assert_allclose(norms(both, (0, 1, 2)), np.clip(lengths, 1, 2), rtol=1e-5)
    np.testing.assert_allclose(norms(constraints.UnitNorm(2)(w), 2), 1, rtol=1e-5)
    assert np.array_equal(constraints.NonNeg()(w), np.where(w > 0, w, 0))
    assert np.array_equal(w, before)
    for made in MADE:
        assert made(w).dtype == dtype and made(w).shape == w.shape
        assert not made(np.zeros_like(w)).any()


@pytest.mark.parametrize("made", MADE)
def test_configurations(made: Any) -> None:
    config = json.loads(json.dumps(constraints.serialize(made)))
    assert config["module"] == "keras.constraints"
    again = constraints.get(config)
    w = np.linspace(-1, 1, 24).reshape(2, 3, 4, 1)
    assert type(again) is type(made) and np.array_equal(again(w), made(w))


def test_names() -> None:
    names = {"max_norm": "MaxNorm", "min_max_norm": "MinMaxNorm", "NonNeg": "NonNeg", "unit_norm": "UnitNorm"}
    for name, kind in names.items():
        assert type(constraints.get(name)).__name__ == kind
    assert constraints.get(None) is None and constraints.serialize(None) is None
    assert constraints.max_norm is constraints.MaxNorm
    with pytest.raises(ValueError, match="'norm' is not known; expected one of max_norm, min_max_norm"):
        constraints.get("norm")
    with pytest.raises(TypeError, match=r"serialize_keras_object: obj is object, which has no get_config"):
        constraints.serialize(object())


@pytest.mark.parametrize("name", ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "get"])
def test_example(name: str) -> None:
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(constraints, name), name)
    assert test.examples, f"{name} has no example"
    assert doctest.DocTestRunner().run(test).failed == 0
