"""Ten models as Keras code, which runs on foldgate and on Keras' backends alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """A model to train: how it is made, and what a batch of it looks like."""

    title: str
    batch: int
    make: Callable[[Any], Any]
    inputs: Callable[[np.random.Generator, int], Any]
    labels: Callable[[np.random.Generator, int], Any]
    loss: str


def images(*shape: int) -> Callable[[np.random.Generator, int], Any]:
    return lambda rng, n: rng.random((n, *shape), dtype=np.float32)


def ids(below: int, *shape: int, first: int = 0) -> Callable[[np.random.Generator, int], Any]:
    return lambda rng, n: rng.integers(first, below, (n, *shape)).astype(np.int64)


def padded(rng: np.random.Generator, n: int) -> Any:
    """Ids of 100 steps, of which the last ones are 0."""
    found = rng.integers(1, 5000, (n, 100)).astype(np.int64)
    found[np.arange(100) >= rng.integers(30, 101, (n, 1))] = 0
    return found


def conv_dense(keras: Any) -> Any:
    k = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            k.Conv2D(32, 3, activation="relu"),
            k.Flatten(),
            k.Dense(10, activation="softmax"),
        ]
    )


def conv_pool(keras: Any) -> Any:
    k = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            k.Conv2D(32, 3, activation="relu"),
            k.MaxPooling2D(),
            k.Conv2D(64, 3, activation="relu"),
            k.MaxPooling2D(),
            k.Flatten(),
            k.Dropout(0.5),
            k.Dense(10, activation="softmax"),
        ]
    )


def resnet20(keras: Any) -> Any:
    k = keras.layers

    def normed(x: Any, filters: int, strides: int) -> Any:
        x = k.Conv2D(filters, 3, strides, padding="same", use_bias=False)(x)
        return k.BatchNormalization()(x)

    x = inputs = keras.Input((32, 32, 3))
    x = k.ReLU()(normed(x, 16, 1))
    for filters, first in ((16, 1), (32, 2), (64, 2)):
        for strides in (first, 1, 1):
            y = normed(k.ReLU()(normed(x, filters, strides)), filters, 1)
            if strides > 1:
                x = k.BatchNormalization()(k.Conv2D(filters, 1, strides, use_bias=False)(x))
            x = k.ReLU()(k.Add()([x, y]))
    x = k.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, k.Dense(10, activation="softmax")(x))


def unet(keras: Any) -> Any:
    k = keras.layers

    def twice(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = k.Conv2D(filters, 3, padding="same", activation="relu")(x)
        return x

    x = inputs = keras.Input((64, 64, 1))
    down = []
    for filters in (16, 32):
        x = twice(x, filters)
        down.append(x)
        x = k.MaxPooling2D()(x)
    x = twice(x, 64)
    for filters, skip in ((32, down[1]), (16, down[0])):
        x = k.Conv2DTranspose(filters, 2, 2)(x)
        x = twice(k.Concatenate()([x, skip]), filters)
    return keras.Model(inputs, k.Conv2D(1, 1, activation="sigmoid")(x))


def lstm_text(keras: Any) -> Any:
    k = keras.layers
    return keras.Sequential(
        [
            keras.Input((256,), dtype="int32"),
            k.Embedding(10000, 32),
            k.LSTM(128),
            k.Dense(1, activation="sigmoid"),
        ]
    )


def gru_2(keras: Any) -> Any:
    return keras.Sequential([keras.Input((20, 2)), keras.layers.GRU(200), keras.layers.Dense(2)])


def characters(keras: Any) -> Any:
    k = keras.layers
    return keras.Sequential(
        [
            keras.Input((50,), dtype="int32"),
            k.Embedding(65, 128),
            k.LSTM(128, return_sequences=True),
            k.LSTM(128, return_sequences=True),
            k.Dense(65, activation="softmax"),
        ]
    )


def lstm_4(keras: Any) -> Any:
    return keras.Sequential([keras.Input((100, 8)), keras.layers.LSTM(4), keras.layers.Dense(4)])


def masked_bidirectional(keras: Any) -> Any:
    k = keras.layers
    return keras.Sequential(
        [
            keras.Input((100,), dtype="int32"),
            k.Embedding(5000, 64, mask_zero=True),
            k.Bidirectional(k.LSTM(64)),
            k.Dense(1, activation="sigmoid"),
        ]
    )


def conv1d(keras: Any) -> Any:
    k = keras.layers
    return keras.Sequential(
        [
            keras.Input((8000, 1)),
            k.Conv1D(16, 64, strides=8, activation="relu"),
            k.Conv1D(32, 16, strides=4, activation="relu"),
            k.Conv1D(64, 8, strides=2, activation="relu"),
            k.GlobalAveragePooling1D(),
            k.Dense(10, activation="softmax"),
        ]
    )


SPARSE, BINARY = "sparse_categorical_crossentropy", "binary_crossentropy"


def binary(*shape: int) -> Callable[[np.random.Generator, int], Any]:
    return lambda rng, n: rng.integers(0, 2, (n, *shape)).astype(np.float32)


ROWS = {
    "conv_dense": Row(
        "Conv2D 32 - Flatten - Dense 10, 28x28", 64, conv_dense, images(28, 28, 1), ids(10), SPARSE
    ),
    "conv_pool": Row(
        "Conv32-pool-Conv64-pool-drop-Dense", 128, conv_pool, images(28, 28, 1), ids(10), SPARSE
    ),
    "resnet20": Row("ResNet-20, batch norm, 32x32", 64, resnet20, images(32, 32, 3), ids(10), SPARSE),
    "unet": Row("U-Net, 16 filters, 3 levels, 64x64", 8, unet, images(64, 64, 1), binary(64, 64, 1), BINARY),
    "lstm_text": Row(
        "Embedding 10000x32 - LSTM 128, length 256", 128, lstm_text, ids(10000, 256), binary(1), BINARY
    ),
    "gru_2": Row("GRU 200 on (20, 2) - Dense 2", 32, gru_2, images(20, 2), images(2), "mse"),
    "characters": Row(
        "Embedding - 2 x LSTM 128 - Dense 65, length 50", 50, characters, ids(65, 50), ids(65, 50), SPARSE
    ),
    "lstm_4": Row("LSTM 4 on (100, 8) - Dense 4", 32, lstm_4, images(100, 8), images(4), "mse"),
    "masked": Row(
        "Embedding masked - Bi-LSTM 64, length 100", 32, masked_bidirectional, padded, binary(1), BINARY
    ),
    "conv1d": Row("Conv1D x 3 on 8000 samples", 32, conv1d, images(8000, 1), ids(10), SPARSE),
}
