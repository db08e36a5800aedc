"""`.keras` files of recurrent models, each way, with equal predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_oracle import keras, quiet

import foldgate


def sequences(room: Any) -> Any:
    layers = room.layers
    inputs = room.Input((6,))
    x = layers.Embedding(9, 5, mask_zero=True)(inputs)
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(x)
    x = layers.GRU(4, return_sequences=True, reset_after=False)(x)
    x = layers.RNN([layers.LSTMCell(3), layers.GRUCell(3)], return_sequences=True)(x)
    return room.Model(inputs, layers.SimpleRNN(3)(layers.TimeDistributed(layers.Dense(3))(x)))


def images(room: Any) -> Any:
    inputs = room.Input((4, 5, 5, 2))
    return room.Model(inputs, room.layers.ConvLSTM2D(3, 2)(inputs))


CASES = [
    (sequences, np.array([[1, 2, 3, 4, 0, 0], [5, 6, 0, 0, 0, 0]])),
    (images, np.cos(np.arange(400.0)).reshape(2, 4, 5, 5, 2).astype(np.float32)),
]


@pytest.mark.parametrize(("make", "x"), CASES, ids=["sequences", "images"])
def test_each_way(make: Any, x: Any, tmp_path: Path) -> None:
    ours, theirs = make(foldgate), quiet(make, keras)
    ours.save(tmp_path / "ours.keras")
    quiet(theirs.save, tmp_path / "theirs.keras")
    there = quiet(keras.models.load_model, tmp_path / "ours.keras")
    here = foldgate.models.load_model(tmp_path / "theirs.keras")
    for a, b in ((ours, there), (here, theirs)):
        np.testing.assert_allclose(a.predict(x, verbose=0), quiet(b.predict, x, verbose=0), atol=1e-5, rtol=0)
