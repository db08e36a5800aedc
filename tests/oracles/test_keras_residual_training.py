"""A residual network and a U-Net train alike here and in Keras: losses, weights and moving statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras_oracle import keras, quiet

import foldgate


def _norm(k: Any, x: Any, relu: bool = True) -> Any:
    x = k.layers.BatchNormalization(momentum=0.9)(x)
    return k.layers.Activation("relu")(x) if relu else x


def _residual(k: Any) -> Any:
    """Two blocks, the second of which halves the image."""
    layers = k.layers
    inputs = k.Input((8, 8, 3))
    x = _norm(k, layers.Conv2D(4, 3, padding="same", use_bias=False)(inputs))
    for filters, strides in ((4, 1), (8, 2)):
        y = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
        y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(_norm(k, y))
        y = _norm(k, y, relu=False)
        if strides > 1:
            x = _norm(k, layers.Conv2D(filters, 1, strides=strides, use_bias=False)(x), relu=False)
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return k.Model(inputs, layers.Dense(5, activation="softmax")(x))


def _u_net(k: Any) -> Any:
    """Down and up once, joined by Concatenate, to yes or no a pixel."""
    layers = k.layers
    inputs = k.Input((8, 8, 3))
    wide = _norm(k, layers.Conv2D(4, 3, padding="same")(inputs))
    deep = _norm(k, layers.Conv2D(8, 3, padding="same")(layers.MaxPooling2D()(wide)))
    up = layers.Conv2DTranspose(4, 2, strides=2)(deep)
    x = _norm(k, layers.Conv2D(4, 3, padding="same")(layers.Concatenate()([up, wide])))
    return k.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


@pytest.mark.parametrize(
    ("make", "labels", "classes", "loss"),
    [
        (_residual, (16,), 5, "sparse_categorical_crossentropy"),
        (_u_net, (16, 8, 8, 1), 2, "binary_crossentropy"),
    ],
)
def test_training(make: Callable[[Any], Any], labels: tuple[int, ...], classes: int, loss: str) -> None:
    """Four steps in float64, so that a rounding that a ReLU decides by does not part them."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((16, 8, 8, 3)), rng.integers(0, classes, labels)
    found = []
    for k in (foldgate, keras):
        k.config.set_floatx("float64")
        try:
            model = quiet(make, k)
        finally:
            k.config.set_floatx("float32")
        weights = np.random.default_rng(1)
        model.set_weights([weights.uniform(-0.4, 0.4, w.shape) + ("var" in w.name) for w in model.weights])
        model.compile(
            optimizer=k.optimizers.SGD(0.05, momentum=0.9),
            loss=loss,
            metrics=["accuracy"],
        )
        history = quiet(model.fit, x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        found.append((history.history, quiet(model.get_weights), quiet(model.predict, x, verbose=0)))
    (ours, our_weights, our_predictions), (theirs, their_weights, their_predictions) = found
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, atol=1e-6)
    for a, b in zip(our_weights, their_weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(our_predictions, their_predictions, rtol=1e-4, atol=1e-5)
