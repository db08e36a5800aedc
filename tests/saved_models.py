"""Models that are saved, filled with numbers that a mistake would show, and compared."""

from __future__ import annotations

from typing import Any

import numpy as np

import foldgate as keras

layers = keras.layers


def cnn() -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3, kernel_regularizer="l2"),
        ]
    )


def skips() -> Any:
    x = keras.Input((6, 4))
    a = layers.Conv1D(4, 3, padding="same")(x)
    b = layers.Add()([a, x])
    c = layers.Concatenate()([b, layers.LayerNormalization()(a)])
    shared = layers.Dense(5, activation="tanh")
    return keras.Model(x, [layers.Dense(2)(shared(c)), shared(c)])


def recurrent() -> Any:
    words = keras.Input((7,), dtype="int32")
    x = layers.Embedding(11, 5, mask_zero=True)(words)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.TimeDistributed(layers.Dense(4))(x)
    x = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True)(x)
    x = keras.Sequential([layers.GRU(3, reset_after=False), layers.Dense(2)])(x)
    return keras.Model(words, x)


def attention() -> Any:
    x = keras.Input((5, 4))
    y = layers.MultiHeadAttention(2, 3)(x, x)
    return keras.Model(x, layers.GroupNormalization(2)(layers.Add()([x, y])))


MODELS = [cnn, skips, recurrent, attention]


def filled(model: Any, rng: np.random.Generator) -> Any:
    """The model with weights none of which is as it was made."""
    model.set_weights([rng.uniform(0.1, 0.9, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


def outputs(model: Any) -> list[Any]:
    shape = (3, *model.input_shape[1:])
    rng = np.random.default_rng(0)
    tensor = model.inputs[0] if hasattr(model, "inputs") else None
    whole = tensor is not None and str(tensor.dtype).startswith("int")
    x = rng.integers(0, 11, shape) if whole else rng.standard_normal(shape).astype("f4")
    y = model(x)
    return list(y) if isinstance(y, (list, tuple)) else [y]


def assert_equal(a: Any, b: Any) -> None:
    assert len(a.get_weights()) == len(b.get_weights()) > 0
    for x, y in zip(a.get_weights() + outputs(a), b.get_weights() + outputs(b), strict=True):
        np.testing.assert_array_equal(x, y)
