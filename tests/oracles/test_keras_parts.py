"""Initializers, regularizers, constraints and activations against Keras' of the same names."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from keras_oracle import keras, quiet, torch

import foldgate
from foldgate import activations, constraints, initializers, regularizers

FUNCTIONS = [n for n in activations.__all__ if n not in ("get", "serialize", "deserialize", "split")]
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "relu": [
        {},
        {"negative_slope": 0.3},
        {"max_value": 2.0},
        {"max_value": 6},
        {"threshold": 0.5},
        {"negative_slope": 0.3, "max_value": 2.0, "threshold": 0.5},
        {"negative_slope": 0.3, "threshold": -0.5},
    ],
    "leaky_relu": [{}, {"negative_slope": 0.01}],
    "elu": [{}, {"alpha": 0.5}],
    "celu": [{}, {"alpha": 0.5}],
    "gelu": [{}, {"approximate": True}],
    "squareplus": [{}, {"b": 2.0}],
    "soft_shrink": [{}, {"threshold": 0.2}],
    "hard_shrink": [{}, {"threshold": 0.2}],
    "threshold": [{"threshold": 0.3, "default_value": -2.0}],
    "softmax": [{}, {"axis": 0}, {"axis": 1}, {"axis": (0, 1)}],
    "log_softmax": [{}, {"axis": 0}, {"axis": (1, 0)}],
    "glu": [{}, {"axis": 1}],
}
# Of sparsemax the sums are not 1 in Keras on torch; tests/test_activations.py has it by its definition.
CASES = [
    (name, options) for name in FUNCTIONS if name != "sparsemax" for options in ARGUMENTS.get(name, [{}])
]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_activation(name: str, options: dict[str, Any], dtype: Any, rng: np.random.Generator) -> None:
    x = (rng.standard_normal((5, 4, 6)) * 2.5).astype(dtype)
    dy = rng.standard_normal((5, 2, 6) if options == {"axis": 1} and name == "glu" else x.shape).astype(dtype)
    if name == "glu" and not options:
        dy = np.ascontiguousarray(dy[..., :3])
    tensor = torch.tensor(x, requires_grad=True)
    expected = quiet(getattr(keras.activations, name), tensor, **options)
    expected.backward(torch.tensor(dy))
    with foldgate.GradientTape() as tape:
        watched = tape.watch(x)
        y = getattr(activations, name)(watched, **options)
    dx = tape.gradient(y, watched, dy)
    allowed = 20 * np.finfo(dtype).eps
    if name in ("selu", "hard_sigmoid"):
        allowed = 20 * np.finfo(np.float32).eps  # constants are float32 there
    np.testing.assert_allclose(y.numpy(), expected.detach().numpy(), rtol=allowed, atol=allowed)
    np.testing.assert_allclose(dx, tensor.grad.numpy(), rtol=allowed, atol=4 * allowed)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activation_names(name: str) -> None:
    ours, theirs = activations.serialize(activations.get(name)), keras.activations.get(name)
    assert ours == keras.activations.serialize(theirs)
    full = keras.saving.serialize_keras_object(theirs)
    assert activations.get(full) is activations.get(name)


KINDS = ("Uniform", "Normal")
MADE: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "regularizers": [
        ("L1", {"l1": 0.25}),
        ("L2", {"l2": 0.5}),
        ("L1L2", {"l1": 0.25, "l2": 0.5}),
        ("OrthogonalRegularizer", {"factor": 0.5}),
        ("OrthogonalRegularizer", {"factor": 0.25, "mode": "columns"}),
    ],
    "constraints": [
        ("MaxNorm", {"max_value": 1.5, "axis": 1}),
        ("MinMaxNorm", {"min_value": 0.5, "max_value": 1.5, "rate": 0.75}),
        ("MinMaxNorm", {}),
        ("NonNeg", {}),
        ("UnitNorm", {"axis": 1}),
        ("MaxNorm", {}),
    ],
    "initializers": [
        ("Zeros", {}),
        ("Ones", {}),
        ("Constant", {"value": 0.5}),
        ("RandomNormal", {"mean": 0.5, "stddev": 0.25, "seed": 3}),
        ("RandomUniform", {"minval": -0.5, "maxval": 0.25}),
        ("TruncatedNormal", {"stddev": 0.25}),
        ("VarianceScaling", {"scale": 2.0, "mode": "fan_out", "distribution": "uniform"}),
        ("VarianceScaling", {"distribution": "normal", "input_axes": [0], "output_axes": [1]}),
        *[
            (f"{who}{what}", {"seed": 2})
            for who in ("Glorot", "He", "Lecun")
            for what in ("Uniform", "Normal")
        ],
        ("Orthogonal", {"gain": 2.0}),
    ],
}
OBJECTS = [(room, name, options) for room, cases in MADE.items() for name, options in cases]


@pytest.mark.parametrize(("room", "name", "options"), OBJECTS)
def test_configurations(room: str, name: str, options: dict[str, Any]) -> None:
    """The same on both sides, and each makes its object of the other's."""
    ours_room, theirs_room = getattr(foldgate, room), getattr(keras, room)
    ours, theirs = getattr(ours_room, name)(**options), getattr(theirs_room, name)(**options)
    mine, other = ours_room.serialize(ours), theirs_room.serialize(theirs)
    assert json.dumps(mine, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert ours_room.get(other).get_config() == ours.get_config()
    assert theirs_room.get(mine).get_config() == theirs.get_config()
    assert type(ours_room.get(name)).__name__ == name
    if name != "Constant":  # which Keras does not find by its name alone
        assert type(theirs_room.get(name)).__name__ == name


@pytest.mark.parametrize(("name", "options"), MADE["regularizers"])
def test_penalty(name: str, options: dict[str, Any], rng: np.random.Generator) -> None:
    x = rng.standard_normal((6, 4)).astype(np.float32)
    expected = getattr(keras.regularizers, name)(**options)(torch.tensor(x))
    assert getattr(regularizers, name)(**options)(x) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(("name", "options"), MADE["constraints"])
def test_constraint(name: str, options: dict[str, Any], dtype: Any, rng: np.random.Generator) -> None:
    w = rng.standard_normal((6, 4)).astype(dtype)
    expected = getattr(keras.constraints, name)(**options)(torch.tensor(w)).numpy()
    np.testing.assert_allclose(getattr(constraints, name)(**options)(w), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(200,), (50, 60), (3, 3, 20, 30)])
@pytest.mark.parametrize(("name", "options"), MADE["initializers"][:-1])
def test_distribution(name: str, options: dict[str, Any], shape: tuple[int, ...]) -> None:
    """The numbers are others, their mean, deviation and range the same."""
    if "input_axes" in options and len(shape) < 2:
        options = {**options, "output_axes": [0]}
    ours = getattr(initializers, name)(**options)(shape)
    theirs = np.asarray(quiet(getattr(keras.initializers, name)(**options), shape).cpu())
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    spread, count = float(theirs.std()), theirs.size
    assert abs(ours.mean() - theirs.mean()) <= 6 * spread / count**0.5
    assert abs(ours.std() - spread) <= 6 * spread / count**0.5
    assert np.abs(ours).max() <= 2.2 * np.abs(theirs).max() + 1e-9


@pytest.mark.parametrize("value", [[1.0, 2.0], np.array([1.0, 2.0])])
def test_constants_of_arrays(value: Any) -> None:
    ours, theirs = initializers.Constant(value), keras.initializers.Constant(value)
    for written in (initializers.serialize(ours), keras.initializers.serialize(theirs)):
        assert initializers.get(written)((3, 2)).tolist() == [[1, 2]] * 3
        assert np.asarray(keras.initializers.get(written).value).tolist() == [1, 2]


def test_seed_generators_in_configurations() -> None:
    ours = initializers.HeNormal(seed=foldgate.random.SeedGenerator(7))
    first = ours((3,))
    assert not np.array_equal(first, ours((3,)))
    written = json.loads(json.dumps(initializers.serialize(ours)))
    assert np.array_equal(initializers.get(written)((3,)), first)
    there = keras.initializers.get(written)
    assert isinstance(there.seed, keras.random.SeedGenerator)
    assert np.array_equal(initializers.get(keras.initializers.serialize(there))((3,)), first)
