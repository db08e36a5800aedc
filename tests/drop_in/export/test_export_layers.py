"""Layers between the convolutions and the recurrences, and functions of NumPy, as ONNX."""

from __future__ import annotations

import numpy as np
import pytest
from export_checks import check, values

import foldgate as keras

L = keras.layers

ACTIVATIONS = [
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "celu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "softsign",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "hard_shrink",
    "soft_shrink",
    "tanh_shrink",
    "exponential",
    "log_sigmoid",
    "squareplus",
    "softmax",
    "log_softmax",
    "linear",
]


def model_of(*layers, shape=(6,)):
    return keras.Sequential([keras.Input(shape), *layers])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    check(model_of(L.Dense(7, activation=name), L.Activation(name)), values(3, 6))


@pytest.mark.parametrize(
    "layer",
    [
        L.ReLU(max_value=1.0),
        L.ReLU(negative_slope=0.1),
        L.ReLU(negative_slope=0.1, max_value=1.0, threshold=0.3),
        L.LeakyReLU(0.2),
        L.ELU(0.7),
        L.PReLU(),
        L.Softmax(axis=1),
        L.Dense(3, activation=L.LeakyReLU(0.4)),
        L.GaussianNoise(0.1),
        L.SpatialDropout1D(0.1),
        L.ActivityRegularization(0.1),
        L.BatchNormalization(scale=False),
        L.BatchNormalization(axis=1, center=False),
        L.LayerNormalization(),
        L.LayerNormalization(axis=[1, 2], scale=False),
        L.LayerNormalization(axis=[1, -1]),
        L.LayerNormalization(axis=1, center=False),
        L.RMSNormalization(),
        L.UnitNormalization(),
        L.GroupNormalization(3),
        L.GroupNormalization(-1, scale=False),
        L.SpectralNormalization(L.Dense(3)),
        L.Rescaling(2.0, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        L.Normalization(mean=[1.0] * 6, variance=[2.0] * 6),
        L.Reshape((6, 4)),
        L.Reshape((-1, 2)),
        L.Permute((2, 1)),
        L.Flatten(),
        L.ZeroPadding1D((1, 2)),
        L.Cropping1D((1, 0)),
        L.UpSampling1D(3),
        L.Identity(),
    ],
    ids=lambda layer: layer.name,
)
def test_layers_of_sequences(layer):
    check(model_of(layer, shape=(4, 6)), values(3, 4, 6))


@pytest.mark.parametrize(
    "layer",
    [
        L.GroupNormalization(2),
        L.BatchNormalization(),
        L.LayerNormalization(),
        L.ZeroPadding2D(1),
        L.Resizing(5, 7),
        L.Resizing(4, 12, interpolation="nearest"),
        L.RepeatVector,
    ],
    ids=lambda layer: getattr(layer, "name", "repeat_vector"),
)
def test_layers_of_images(layer):
    if layer is L.RepeatVector:
        check(model_of(L.RepeatVector(3)), values(2, 6))
    else:
        check(model_of(layer, shape=(8, 8, 4)), values(2, 8, 8, 4))


@pytest.mark.parametrize("kind", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"])
def test_merging(kind):
    a, b, c = keras.Input((4, 6)), keras.Input((1, 6)), keras.Input((6,))
    merge = getattr(L, kind)
    model = keras.Model([a, b, c], [merge()([a, b]), merge()([merge()([a, b]), c])])
    check(model, [values(2, 4, 6), values(2, 1, 6, seed=1), values(2, 6, seed=2)])


@pytest.mark.parametrize("normalize", [False, True])
def test_dot(normalize):
    a, b = keras.Input((4, 6)), keras.Input((4, 5))
    check(keras.Model([a, b], L.Dot(1, normalize=normalize)([a, b])), [values(2, 4, 6), values(2, 4, 5)])


def test_attention():
    a, b = keras.Input((None, 6)), keras.Input((None, 6))
    outputs = [L.Attention(use_scale=True)([a, b]), L.MultiHeadAttention(2, 3)(a, b)]
    check(keras.Model([a, b], outputs), [values(2, 4, 6), values(2, 5, 6)])


FUNCTIONS = {
    "operators": lambda a, b: (a - b) / 2.0 + 3.0 * abs(a) - a**2.0,
    "unary": lambda a, b: np.tanh(np.exp(-a)) + np.sqrt(np.square(b)) * np.sign(a),
    "where": lambda a, b: np.where(a > b, a, b) + np.maximum(a, 0.0),
    "reductions": lambda a, b: np.sum(a, axis=1, keepdims=True) * np.mean(b, axis=-1, keepdims=True),
    "all": lambda a, b: np.max(a, axis=(1, 2)) - np.min(b, axis=(-1, -2)),
    "axes": lambda a, b: np.swapaxes(np.transpose(a, (0, 2, 1)), 1, 2) + np.moveaxis(b, 1, 1),
    "join": lambda a, b: np.concatenate([a, np.stack([b, a], axis=1)[:, 0]], axis=-1),
    "expand": lambda a, b: np.squeeze(np.expand_dims(a, 2), 2) + np.flip(b, axis=1),
    "slices": lambda a, b: a[:, 1:3] + b[:, ::2] * a[:, -1][:, None],
    "dots": lambda a, b: a[..., :2] * b[:, :, 3:4],
    "clip": lambda a, b: np.clip(a, -0.5, 0.5) + np.reshape(b, (-1, 4, 6)),
    "matmul": lambda a, b: np.matmul(a, np.transpose(b, (0, 2, 1))),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_numpy(name):
    a, b = keras.Input((4, 6)), keras.Input((4, 6))
    model = keras.Model([a, b], FUNCTIONS[name](a, b))
    check(model, [values(2, 4, 6), values(2, 4, 6, seed=1)], [values(3, 4, 6), values(3, 4, 6, seed=1)])
