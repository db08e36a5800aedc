"""Activations that are changed after the layer, and a model around it, have been used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import activations

LAYERS: list[tuple[str, tuple[Any, ...], tuple[int, ...]]] = [
    ("Dense", (4,), (2, 5)),
    ("Conv1D", (4, 3), (2, 9, 3)),
    ("Conv2D", (4, 3), (2, 9, 8, 3)),
    ("Conv2DTranspose", (4, 3), (2, 5, 5, 3)),
    ("DepthwiseConv2D", (3,), (2, 6, 6, 3)),
    ("SeparableConv1D", (4, 3), (2, 9, 3)),
    ("LSTM", (4,), (2, 5, 3)),
    ("SimpleRNN", (4,), (2, 5, 3)),
]


@pytest.mark.parametrize(("kind", "args", "shape"), LAYERS)
@pytest.mark.parametrize(("before", "after"), [("softmax", None), ("relu", "tanh"), (None, "softplus")])
def test_the_new_one_counts(kind: str, args: Any, shape: Any, before: Any, after: Any) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    layer = getattr(keras.layers, kind)(*args, activation=before)
    model = keras.Sequential([keras.Input(shape[1:]), layer])
    for _ in range(2):
        model(x), model.predict(x, verbose=0)
    owner = getattr(layer, "cell", layer)
    owner.activation = activations.get(after)
    expected_layer = getattr(keras.layers, kind)(*args, activation=after)
    expected_layer.build(shape)
    expected_layer.set_weights(layer.get_weights())
    expected = expected_layer(x)
    for _ in range(2):
        np.testing.assert_array_equal(layer(x), expected)
        np.testing.assert_array_equal(model(x), expected)
        np.testing.assert_array_equal(model.predict(x, verbose=0), expected)


def test_none_is_linear() -> None:
    layer = keras.layers.Dense(2, activation="relu")
    layer.activation = None
    assert layer.get_config()["activation"] == "linear"


@pytest.mark.parametrize("changed", ["conv", "relu"])
def test_layers_that_a_model_computes_as_one(changed: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 12, 12, 16)).astype(np.float32)
    conv = keras.layers.Conv2D(16, 3, activation="relu")
    relu = keras.layers.Activation("relu")
    stack = [conv, keras.layers.MaxPooling2D(), keras.layers.BatchNormalization(), relu]
    model = keras.Sequential([keras.Input(x.shape[1:]), *stack])
    model(x), model(x)
    (conv if changed == "conv" else relu).activation = activations.tanh
    expected = x
    for layer in stack:
        expected = layer(expected)
    np.testing.assert_allclose(model(x), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-6, atol=1e-6)
