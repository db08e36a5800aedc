"""What `foldgate.onnx.export` writes, `foldgate.onnx.Session` runs."""

from __future__ import annotations

import numpy as np
import pytest
from export_checks import settle, values

import foldgate as keras

pytest.importorskip("onnx")
L = keras.layers


def images(*layers, shape=(None, None, 3)):
    return keras.Sequential([keras.Input(shape), *layers])


def masked():
    layers = [L.Embedding(5, 4, mask_zero=True), L.Bidirectional(L.GRU(3, return_sequences=True)), L.LSTM(4)]
    return keras.Sequential([keras.Input((None,), dtype="int32"), *layers])


MODELS = {
    "convolution": lambda: images(
        L.Conv2D(8, 3, padding="same", activation="relu"),
        L.BatchNormalization(),
        L.MaxPooling2D(),
        L.DepthwiseConv2D(3, activation="relu6"),
        L.GlobalAveragePooling2D(),
        L.Dense(5, activation="softmax"),
    ),
    "one_channel": lambda: images(L.Conv2D(6, 3), L.Conv2D(1, 1, activation="sigmoid")),
    "two_channels": lambda: images(L.Conv2D(6, 3), L.Conv2D(2, 1, use_bias=False)),
    "transposed": lambda: images(
        L.Conv2D(8, 3, strides=2, padding="same"), L.Conv2DTranspose(4, 2, strides=2)
    ),
    "along_time": lambda: keras.Sequential(
        [keras.Input((None, 4)), L.Conv1D(8, 3, padding="causal"), L.LSTM(5, return_sequences=True), L.GRU(3)]
    ),
    "masked": masked,
    "conv_lstm": lambda: keras.Sequential([keras.Input((None, 6, 6, 2)), L.ConvLSTM2D(3, 3)]),
}
INPUTS = {
    "along_time": values(2, 9, 4),
    "masked": np.array([[1, 2, 0, 0], [0, 3, 0, 4], [0, 0, 0, 0]], np.int32),
    "conv_lstm": values(2, 4, 6, 6, 2),
}


@pytest.mark.parametrize("name", MODELS)
def test_session_gives_the_model_s_numbers(name):
    from foldgate.onnx import Session, export

    model, x = MODELS[name](), INPUTS.get(name, values(2, 12, 14, 3))
    settle(model)
    session = Session(export(model).SerializeToString())
    (found,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(found, model(x), rtol=1e-5, atol=1e-5)
