"""Activations: values, gradients and dtypes of every name, and what wrong names are told."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import activations

FUNCTIONS = [
    name
    for name in activations.__all__
    if name not in ("get", "serialize", "deserialize", "split", "swish", "hard_swish")
]
ARGUMENTS: dict[str, tuple[float, ...]] = {"threshold": (0.3, -2.0)}
X = np.array([[-7.5, -3.2, -1.4, -0.61], [0.33, 0.72, 1.6, 7.1]])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_shapes_and_dtypes(name: str, dtype: Any) -> None:
    function = activations.get(name)
    arguments = ARGUMENTS.get(name, ())
    assert foldgate.check_gradients(lambda x: function(x, *arguments), X) < 1e-6
    y = function(X.astype(dtype), *arguments)
    assert y.dtype == dtype and y.shape == ((2, 2) if name == "glu" else X.shape)
    with foldgate.GradientTape() as tape:
        recorded = function(tape.watch(X.astype(dtype)), *arguments)
    assert recorded.numpy().dtype == dtype and np.array_equal(recorded.numpy(), y)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "linear"])
def test_lists_and_integers_are_float32(name: str) -> None:
    function, arguments = activations.get(name), ARGUMENTS.get(name, ())
    assert function([1.0, 2.0], *arguments).dtype == np.float32
    assert function(np.array([1, 2]), *arguments).dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [0, 0, 0.5, 3, 9]),
        ({"negative_slope": 0.5}, [-2, -0.5, 0.5, 3, 9]),
        ({"max_value": 6}, [0, 0, 0.5, 3, 6]),
        ({"max_value": 2.5}, [0, 0, 0.5, 2.5, 2.5]),
        ({"threshold": 1.0}, [0, 0, 0, 3, 9]),
        ({"negative_slope": 0.5, "threshold": 1.0}, [-2.5, -1, -0.25, 3, 9]),
        ({"negative_slope": 0.5, "threshold": 1.0, "max_value": 4.0}, [-2.5, -1, -0.25, 3, 4]),
        ({"negative_slope": 0.5, "max_value": 6}, [-2, -0.5, 0.5, 3, 6]),
    ],
)
def test_relu(arguments: dict[str, float], expected: list[float]) -> None:
    x = np.array([-4.0, -1.0, 0.5, 3.0, 9.0])
    assert activations.relu(x, **arguments).tolist() == expected
    assert foldgate.check_gradients(lambda x: activations.relu(x, **arguments), x) < 1e-7


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nan_stays(name: str) -> None:
    assert np.isnan(activations.get(name)(np.array([[np.nan, 1.0]]), *ARGUMENTS.get(name, ()))[0, 0])


def test_nan_stays_below_a_threshold() -> None:
    assert np.isnan(activations.relu(np.array([np.nan]), threshold=0.5))


def test_values() -> None:
    """Those that are not an op of the same name."""
    assert activations.hard_tanh(X)[0].tolist() == [-1, -1, -1, -0.61]
    assert activations.hard_shrink(X)[:, 0].tolist() == [-7.5, 0]
    assert activations.soft_shrink(np.array([-2.0, 0.2, 2.0])).tolist() == [-1.5, 0, 1.5]
    assert activations.threshold(X, 0.5, -2.0)[1].tolist() == [-2, 0.72, 1.6, 7.1]
    assert activations.sparse_plus(np.array([-2.0, 0.0, 3.0])).tolist() == [0, 0.25, 3]
    assert activations.sparse_sigmoid(np.array([-2.0, 0.0, 3.0])).tolist() == [0, 0.5, 1]
    assert activations.squareplus(np.array([0.0, 1.5])).tolist() == [1, 2]
    np.testing.assert_allclose(activations.celu(np.array([-1.0, 1.0]), 0.5), [0.5 * np.expm1(-2), 1])
    np.testing.assert_allclose(activations.gelu(np.array([1.0])), [0.8413447460685429])


def test_sparsemax_is_the_nearest_distribution(rng: np.random.Generator) -> None:
    x = rng.standard_normal((5, 7)) * 2
    for axis in (0, 1):
        y = activations.sparsemax(x, axis)
        np.testing.assert_allclose(y.sum(axis), 1)
        assert (y >= 0).all() and (y == 0).any()
        others = rng.dirichlet(np.ones(x.shape[axis]), 2000)  # no other distribution is nearer
        for line, found in zip(np.moveaxis(x, axis, -1), np.moveaxis(y, axis, -1), strict=True):
            assert np.square(others - line).sum(1).min() > np.square(found - line).sum()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_names(name: str) -> None:
    function = getattr(activations, name)
    assert activations.get(name) is function and activations.get(function) is function
    assert activations.serialize(function) == name and activations.deserialize(name) is function
    keras = {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    assert activations.deserialize(keras) is function


def test_other_names() -> None:
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.get("hard_swish") is activations.hard_silu
    assert activations.deserialize("mine", {"mine": np.sin}) is np.sin


def test_what_ops_fuse() -> None:
    for name in FUNCTIONS:
        fused, rest = activations.split(getattr(activations, name))
        assert (fused == name) == (name in ("relu", "relu6", "tanh", "sigmoid"))
        assert (rest is None) == (name in ("relu", "relu6", "tanh", "sigmoid", "linear"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: activations.get("rellu"), "'rellu' is not known; expected one of celu, elu, exponential"),
        (lambda: activations.get(3), "identifier is 3; expected None, one of celu"),
        (lambda: activations.serialize(np.sin), "<ufunc 'sin'> is not known; expected one of celu"),
        (lambda: activations.glu(np.ones((2, 3))), r"glu: x has shape \(2, 3\); expected an even extent"),
    ],
)
def test_wrong_use(wrong: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()


@pytest.mark.parametrize("name", ["relu", "glu", "sparsemax", "get", "split"])
def test_example(name: str) -> None:
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(activations, name), name)
    assert test.examples, f"{name} has no example"
    assert doctest.DocTestRunner().run(test).failed == 0


def test_functions_and_layers_of_ones_own() -> None:
    @foldgate.saving.register_keras_serializable("mine")
    def cubed(x: Any) -> Any:
        return x**3

    written = activations.serialize(cubed)
    assert written["registered_name"] == "mine>cubed"
    assert activations.get(written) is cubed and activations.get("mine>cubed") is cubed
    layer = foldgate.layers.Dense(2, name="mixes")
    again = activations.get(activations.serialize(layer))
    assert isinstance(again, foldgate.layers.Dense) and again.name == "mixes"
    with foldgate.saving.CustomObjectScope({"squared": np.square}):
        assert activations.get("squared") is np.square


@pytest.mark.parametrize(
    ("name", "arguments", "layer"),
    [
        ("relu", {}, "Activation"),
        ("relu", {"negative_slope": 0.5, "max_value": 2.0, "threshold": 1.0}, "ReLU"),
        ("leaky_relu", {"negative_slope": 0.5}, "LeakyReLU"),
        ("elu", {"alpha": 0.5}, "ELU"),
        ("softmax", {"axis": 1}, "Softmax"),
        ("gelu", {}, "Activation"),
    ],
)
def test_of_a_tensor_without_values_they_are_layers(name: str, arguments: Any, layer: str) -> None:
    x = foldgate.Input((3, 4))
    model = foldgate.Model(x, getattr(activations, name)(x, **arguments))
    assert type(model.layers[-1]).__name__ == layer
    values = np.linspace(-2, 2, 24, dtype=np.float32).reshape(2, 3, 4)
    expected = getattr(activations, name)(values, **arguments)
    np.testing.assert_allclose(model(values), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments"), [("gelu", {"approximate": True}), ("glu", {}), ("celu", {"alpha": 0.5})]
)
def test_of_a_tensor_without_values_with_arguments_that_no_layer_has(name: str, arguments: Any) -> None:
    x = foldgate.Input((3, 4))
    model = foldgate.Model(x, getattr(activations, name)(x, **arguments))
    values = np.linspace(-2, 2, 24, dtype=np.float32).reshape(2, 3, 4)
    expected = getattr(activations, name)(values, **arguments)
    np.testing.assert_allclose(model(values), expected, rtol=1e-6)


def test_glu_names_an_axis_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="glu: axis is 7; expected one of the 2 axes of x"):
        activations.glu(foldgate.Input((4,)), axis=7)
