"""The first values of weights: their shapes, dtypes, moments, seeds, names and configurations."""

from __future__ import annotations

import doctest
import inspect
import json
import math
import random
from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import initializers

CLASSES = [kind for name in initializers.__all__ if inspect.isclass(kind := getattr(initializers, name))]
DRAWN = [kind for kind in CLASSES if issubclass(kind, initializers.RandomInitializer)]
DRAWN.remove(initializers.RandomInitializer)
PLAIN = [initializers.Zeros, initializers.Ones, initializers.Constant, initializers.Identity]
SHAPE = (96, 64)


@pytest.mark.parametrize("kind", [*DRAWN, *PLAIN])
def test_shape_and_dtype(kind: Any, dtype: Any) -> None:
    values = kind()(SHAPE, dtype)
    assert values.shape == SHAPE and values.dtype == dtype and values.flags.c_contiguous
    assert kind()(SHAPE).dtype == np.float32


@pytest.mark.parametrize(
    ("made", "stddev"),
    [
        (initializers.RandomUniform(-0.3, 0.3, seed=1), 0.6 / math.sqrt(12)),
        (initializers.RandomNormal(0.0, 0.5, seed=1), 0.5),
        (initializers.TruncatedNormal(0.0, 0.5, seed=1), 0.5 * 0.8796256610342398),
        (initializers.GlorotUniform(1), math.sqrt(2 / 9 / 50)),
        (initializers.GlorotNormal(1), math.sqrt(2 / 9 / 50)),
        (initializers.HeUniform(1), math.sqrt(2 / 9 / 30)),
        (initializers.HeNormal(1), math.sqrt(2 / 9 / 30)),
        (initializers.LecunUniform(1), math.sqrt(1 / 9 / 30)),
        (initializers.LecunNormal(1), math.sqrt(1 / 9 / 30)),
        (initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal", 1), math.sqrt(3 / 9 / 20)),
        (initializers.VarianceScaling(3.0, "fan_in", "uniform", 1, [0], [1, 2]), 1.0),
    ],
)
def test_moments(made: Any, stddev: float, dtype: Any) -> None:
    """Of 5,400 draws: the deviation of a mean is 0.014 stddev, and of a stddev at most 0.01 of it."""
    values = made((3, 3, 30, 20), dtype)
    assert abs(values.mean()) < 5 * 0.014 * stddev
    assert values.std() == pytest.approx(stddev, rel=0.06)


def test_truncated_normal_ends_at_two_deviations() -> None:
    values = initializers.TruncatedNormal(3.0, 0.5, seed=4)((20000,), "float64")
    assert 1.98 < np.abs(values - 3.0).max() / 0.5 <= 2


@pytest.mark.parametrize("shape", [(7, 7), (3, 2, 4), (3, 9), (2, 3, 17)])
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_orthogonal(shape: tuple[int, ...], gain: float) -> None:
    matrix = initializers.Orthogonal(gain, seed=2)(shape, "float64").reshape(-1, shape[-1])
    product = matrix @ matrix.T if len(matrix) < shape[-1] else matrix.T @ matrix
    np.testing.assert_allclose(product, gain**2 * np.eye(len(product)), atol=1e-12)


@pytest.mark.parametrize("kind", DRAWN)
def test_seeds(kind: Any) -> None:
    first, again, other = kind(seed=5), kind(seed=5), kind(seed=6)
    assert np.array_equal(first((4, 3)), first((4, 3)))
    assert np.array_equal(first((4, 3)), again((4, 3)))
    assert not np.array_equal(first((4, 3)), other((4, 3)))
    assert not np.array_equal(kind()((4, 3)), kind()((4, 3)))
    random.seed(9)
    one = kind()((4, 3))
    random.seed(9)
    assert np.array_equal(one, kind()((4, 3)))


class Counter:
    """What a SeedGenerator is to an initializer."""

    count = 0

    def next(self) -> Any:
        self.count += 1
        return np.array([7, self.count], np.uint32)


def test_a_generator_of_seeds_moves_on() -> None:
    made = initializers.RandomNormal(seed=Counter())
    first = made((3,))
    assert not np.array_equal(first, made((3,)))
    assert np.array_equal(first, initializers.RandomNormal(seed=Counter())((3,)))


@pytest.mark.parametrize("kind", [*DRAWN, *PLAIN])
def test_names_and_configurations(kind: Any) -> None:
    name = kind.__name__
    snake = "".join("_" + c.lower() if c.isupper() else c for c in name).strip("_")
    assert type(initializers.get(name)) is kind and type(initializers.get(snake)) is kind
    made = kind(**({"seed": 3} if kind in DRAWN else {}))
    config = json.loads(json.dumps(initializers.serialize(made)))
    assert config["module"] == "keras.initializers" and config["registered_name"] is None
    again = initializers.deserialize(config)
    assert type(again) is kind and again.get_config() == made.get_config()
    assert np.array_equal(again((3, 3)), made((3, 3)))
    assert type(made.clone()) is kind


def test_other_names() -> None:
    table = {"uniform": "RandomUniform", "normal": "RandomNormal", "one": "Ones", "zero": "Zeros"}
    for name, kind in {**table, "OrthogonalInitializer": "Orthogonal"}.items():
        assert type(initializers.get(name)).__name__ == kind


def test_get_takes_what_initializes() -> None:
    assert initializers.get(None) is None
    assert isinstance(initializers.get(initializers.HeNormal), initializers.HeNormal)
    made = initializers.HeNormal()
    assert initializers.get(made) is made
    values = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(initializers.get(values)((2, 3), "float64"), values)
    with pytest.raises(ValueError, match=r"the array has shape \(2, 3\); the weight has \(3, 2\)"):
        initializers.get(values)((3, 2))
    custom = initializers.deserialize({"class_name": "Mine", "config": {}}, {"Mine": initializers.Ones})
    assert isinstance(custom, initializers.Ones)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            lambda: initializers.get("glorot"),
            "'glorot' is not known; expected one of constant, glorot_",
        ),
        (lambda: initializers.get(3), "identifier is 3; expected None, one of"),
        (lambda: initializers.deserialize({}), "config is {}; expected a name or a dict with class_name"),
        (lambda: initializers.VarianceScaling(0.0), "VarianceScaling: scale is 0.0; expected"),
        (lambda: initializers.VarianceScaling(mode="out"), "VarianceScaling: mode is 'out'; expected"),
        (lambda: initializers.VarianceScaling(distribution="x"), "distribution is 'x'; expected"),
        (lambda: initializers.GlorotUniform(seed="a"), "GlorotUniform: seed is 'a'; expected"),
        (lambda: initializers.Identity()((3,)), r"Identity: shape is \(3,\); expected two axes"),
        (lambda: initializers.Orthogonal()((3,)), r"Orthogonal: shape is \(3,\); expected at least two axes"),
    ],
)
def test_wrong_use(wrong: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()


@pytest.mark.parametrize("name", [*(kind.__name__ for kind in [*DRAWN, *PLAIN]), "Initializer", "get"])
def test_example(name: str) -> None:
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(initializers, name), name)
    assert test.examples, f"{name} has no example"
    assert doctest.DocTestRunner().run(test).failed == 0


def test_classes_and_functions_of_ones_own() -> None:
    @foldgate.saving.register_keras_serializable("mine")
    class Halves(initializers.Initializer):
        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            return np.full(shape, 0.5, dtype)

    @foldgate.saving.register_keras_serializable("mine")
    def thirds(shape: Any, dtype: Any = None) -> Any:
        return np.full(shape, 1 / 3, dtype)

    written = initializers.serialize(Halves())
    assert written is not None and written["registered_name"] == "mine>Halves"
    assert isinstance(initializers.get(written), Halves)
    assert initializers.get(initializers.serialize(thirds)) is thirds


def test_the_default_dtype() -> None:
    foldgate.config.set_floatx("float64")
    try:
        assert initializers.GlorotUniform()((2, 2)).dtype == np.float64
    finally:
        foldgate.config.set_floatx("float32")
