"""Layers that a model shares with a model within it come back from files as one, here and in Keras 3."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import keras, quiet

import foldgate

pytest.importorskip("h5py")
pytestmark = pytest.mark.filterwarnings("ignore")


def in_a_sequential(k: Any) -> Any:
    """A layer within a Sequential, which the model calls too."""
    shared = k.layers.Dense(4, name="shared")
    inner = k.Sequential([k.Input((4,)), k.layers.Dense(4, activation="tanh"), shared], name="inner")
    x = k.Input((4,))
    return k.Model(x, shared(inner(x)))


def in_two_models(k: Any) -> Any:
    """A layer that two models within one have."""
    shared = k.layers.Dense(4, name="shared")
    first = k.Sequential([k.Input((4,)), shared], name="first")
    second = k.Sequential([k.Input((4,)), shared, k.layers.Dense(2)], name="second")
    x = k.Input((4,))
    return k.Model(x, second(first(x)))


def in_a_wrapper(k: Any) -> Any:
    """A layer that the model calls by itself and step by step."""
    shared = k.layers.Dense(4, name="shared")
    x = k.Input((3, 4))
    steps = k.layers.TimeDistributed(shared)(x)
    return k.Model(x, shared(k.layers.GlobalAveragePooling1D()(steps)))


def in_a_functional(k: Any) -> Any:
    """A layer that a functional model within one calls twice, and the outer one once."""
    shared = k.layers.Dense(4, name="shared")
    a = k.Input((4,))
    inner = k.Model(a, shared(k.layers.Activation("tanh")(shared(a))), name="inner")
    x = k.Input((4,))
    return k.Model(x, k.layers.Add()([shared(x), inner(x)]))


MODELS = [in_a_sequential, in_two_models, in_a_wrapper, in_a_functional]


def fill(model: Any) -> None:
    rng = np.random.default_rng(0)
    model.set_weights([rng.standard_normal(w.shape).astype("float32") for w in model.get_weights()])


def shared_of(model: Any) -> list[Any]:
    """All layers of that name, each object once."""
    found: list[Any] = []

    def look(layer: Any) -> None:
        if layer.name == "shared" and all(layer is not one for one in found):
            found.append(layer)
        inner = [*getattr(layer, "layers", ()), *([layer.layer] if hasattr(layer, "layer") else [])]
        for one in inner:
            look(one)

    look(model)
    return found


def batch(model: Any) -> Any:
    return np.random.default_rng(1).standard_normal((2, *model.input_shape[1:])).astype("float32")


@pytest.mark.parametrize("make", MODELS)
def test_there_and_back(tmp_path: Any, make: Any) -> None:
    model = make(foldgate)
    fill(model)
    model.save(tmp_path / "x.keras")
    again = foldgate.saving.load_model(tmp_path / "x.keras")
    assert len(shared_of(again)) == 1
    assert len(again.weights) == len(model.weights)
    x = batch(model)
    np.testing.assert_array_equal(again(x), model(x))


@pytest.mark.parametrize("make", MODELS)
def test_from_keras(tmp_path: Any, make: Any) -> None:
    """Keras 3.15 does not read these files of its own: it marks the later places alone."""
    theirs = quiet(make, keras)
    fill(theirs)
    quiet(theirs.save, tmp_path / "x.keras")
    ours = foldgate.saving.load_model(tmp_path / "x.keras")
    assert len(shared_of(ours)) == 1
    x = batch(ours)
    np.testing.assert_allclose(ours(x), quiet(theirs.predict, x, verbose=0), rtol=0, atol=1e-5)


@pytest.mark.parametrize("make", [in_two_models, in_a_wrapper])
def test_to_keras(tmp_path: Any, make: Any) -> None:
    """Keras takes the calls of a layer in a model within for those of the model around: hence not all."""
    ours = make(foldgate)
    fill(ours)
    ours.save(tmp_path / "x.keras")
    theirs = quiet(keras.saving.load_model, tmp_path / "x.keras")
    assert len(shared_of(theirs)) == 1
    x = batch(ours)
    np.testing.assert_allclose(ours(x), quiet(theirs.predict, x, verbose=0), rtol=0, atol=1e-5)


@foldgate.saving.register_keras_serializable("mine")
class Pair(foldgate.layers.Layer):
    """Two layers in one, without a `build` of its own."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.first, self.second = foldgate.layers.Dense(units), foldgate.layers.Dense(units)

    def call(self, inputs: Any) -> Any:
        return self.second(self.first(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def test_layers_within_a_layer_without_build(tmp_path: Any) -> None:
    model = foldgate.Sequential([foldgate.Input((3,)), Pair(4), foldgate.layers.Dense(2)])
    fill(model)
    model.save(tmp_path / "x.keras")
    again = foldgate.saving.load_model(tmp_path / "x.keras")
    np.testing.assert_array_equal(again(np.ones((2, 3), np.float32)), model(np.ones((2, 3), np.float32)))
