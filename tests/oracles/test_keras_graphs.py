"""Functional models of `keras.ops`, of activations and of masks, read from the other side's file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras_oracle import keras, quiet

import foldgate

pytest.importorskip("h5py")

Function = Callable[[Any, Any], Any]

OPERATIONS: dict[str, Function] = {
    "relu": lambda k, x: k.ops.relu(x),
    "relu6": lambda k, x: k.ops.relu6(x * 8.0),
    "softmax": lambda k, x: k.ops.softmax(x, axis=1),
    "log_softmax": lambda k, x: k.ops.log_softmax(x),
    "sigmoid, silu": lambda k, x: k.ops.sigmoid(x) + k.ops.silu(x),
    "elu, softplus": lambda k, x: k.ops.elu(x, alpha=0.5) + k.ops.softplus(x),
    "gelu": lambda k, x: k.ops.gelu(x, approximate=False),
    "erf, rsqrt": lambda k, x: k.ops.erf(x) * k.ops.rsqrt(k.ops.abs(x) + 1.0),
    "activations.relu": lambda k, x: k.activations.relu(x),
    "activations.relu of options": lambda k, x: k.activations.relu(x, negative_slope=0.1, max_value=0.8),
    "activations.gelu": lambda k, x: k.activations.gelu(x),
    "activations.gelu of options": lambda k, x: k.activations.gelu(x, approximate=True),
    "activations.glu": lambda k, x: k.activations.glu(x),
    "activations.celu": lambda k, x: k.activations.celu(x, alpha=0.5),
    "cast": lambda k, x: k.ops.cast(x > 0, "float32") * x,
    "arg": lambda k, x: k.ops.cast(k.ops.argmax(x, axis=-1) + k.ops.argmin(x, axis=-1), "float32"),
    "any, all": lambda k, x: k.ops.cast(
        k.ops.equal(k.ops.any(x > 0.5, axis=-1), k.ops.all(x < 0.9, axis=-1)), "float32"
    ),
    "amax": lambda k, x: k.ops.amax(x, axis=1, keepdims=True) - k.ops.amin(x, axis=(1, 2), keepdims=True),
    "pad": lambda k, x: k.ops.pad(x, [[0, 0], [1, 2], [0, 0]]),
    "split": lambda k, x: k.ops.split(x, 2, axis=-1)[1],
    "unstack": lambda k, x: k.ops.unstack(x, axis=1)[2],
    "einsum": lambda k, x: k.ops.einsum("btc,bsc->bts", x, x),
    "tensordot": lambda k, x: k.ops.tensordot(x, np.eye(4, dtype="float32"), axes=[[2], [0]]),
    "roll": lambda k, x: k.ops.roll(x, 1, axis=1),
    "like": lambda k, x: k.ops.zeros_like(x) + k.ops.ones_like(x) * x,
    "floor, mod": lambda k, x: x // 0.5 + x % 0.5,
    "take": lambda k, x: k.ops.take(x, [0, 2], axis=1),
    "tril": lambda k, x: k.ops.tril(x, k=1),
    "clip": lambda k, x: k.ops.clip(x, -0.5, 0.5),
    "round, sort": lambda k, x: k.ops.sort(k.ops.round(x, 1), axis=1),
    "isnan": lambda k, x: k.ops.cast(k.ops.isnan(x), "float32"),
    "logsumexp": lambda k, x: k.ops.logsumexp(x, axis=-1),
    "normalize": lambda k, x: k.ops.normalize(x, axis=1),
    "one_hot": lambda k, x: k.ops.one_hot(k.ops.cast(k.ops.abs(x[:, :, 0]), "int32"), 5),
    "stop_gradient": lambda k, x: k.ops.stop_gradient(x) * x,
    "slices": lambda k, x: x[:, 1:3, None, -1],
    "shapes": lambda k, x: k.ops.squeeze(k.ops.expand_dims(k.ops.reshape(x, (-1, 24)), 1), axis=1),
    "depth_to_space": lambda k, x: k.ops.depth_to_space(k.ops.expand_dims(x, 1), 2),
    "space_to_depth": lambda k, x: k.ops.space_to_depth(k.ops.reshape(x, (-1, 4, 6, 1)), 2),
    "image.resize": lambda k, x: k.ops.image.resize(k.ops.expand_dims(x, -1), (3, 5), "nearest"),
    "matmul": lambda k, x: x @ k.ops.transpose(x, (0, 2, 1)),
}


def masking(k: Any) -> Any:
    x = k.Input((6, 4))
    return k.Model(x, k.layers.LSTM(3)(k.layers.Masking()(x)))


def time_distributed(k: Any) -> Any:
    x = k.Input((6, 4))
    y = k.layers.GRU(3, return_sequences=True)(k.layers.Masking()(x))
    return k.Model(x, k.layers.TimeDistributed(k.layers.Dense(2))(y))


def pooled(k: Any) -> Any:
    x = k.Input((6, 4))
    y = k.layers.Bidirectional(k.layers.SimpleRNN(3, return_sequences=True))(k.layers.Masking()(x))
    return k.Model(x, k.layers.GlobalAveragePooling1D()(y))


def merged(k: Any) -> Any:
    x = k.Input((6, 4))
    y = k.layers.Masking()(x)
    y = k.layers.Add()([k.layers.LSTM(4, return_sequences=True)(y), y])
    y = k.layers.Concatenate()([y, k.layers.Masking(0.5)(x)])
    return k.Model(x, k.layers.GRU(2)(y))


def attended(k: Any) -> Any:
    x = k.Input((6, 4))
    return k.Model(x, k.layers.MultiHeadAttention(2, 3)(x, k.layers.Masking()(x)))


MASKED = [masking, time_distributed, pooled, merged, attended]


def values(model: Any, x: Any) -> Any:
    y = model(x)
    return y if isinstance(y, np.ndarray) else y.detach().numpy()


def both_ways(make: Callable[[Any], Any], folder: Any) -> None:
    x = np.random.default_rng(0).standard_normal((2, 6, 4)).astype("float32")
    x[0, -2:] = 0
    theirs = quiet(make, keras)
    expected = quiet(values, theirs, x)
    quiet(theirs.save, folder / "theirs.keras")
    ours = foldgate.models.load_model(folder / "theirs.keras")
    np.testing.assert_allclose(values(ours, x), expected, rtol=0, atol=1e-5)
    ours.save(folder / "loaded.keras")
    np.testing.assert_array_equal(
        values(foldgate.models.load_model(folder / "loaded.keras"), x), values(ours, x)
    )
    made = make(foldgate)
    made.set_weights(quiet(theirs.get_weights))
    np.testing.assert_allclose(values(made, x), expected, rtol=0, atol=1e-5)
    for model in (made, ours):
        model.save(folder / "ours.keras")
        read = quiet(keras.saving.load_model, folder / "ours.keras")
        np.testing.assert_allclose(quiet(values, read, x), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations(name, tmp_path):
    def make(k: Any) -> Any:
        x = k.Input((6, 4))
        return k.Model(x, OPERATIONS[name](k, x))

    both_ways(make, tmp_path)


@pytest.mark.parametrize("make", MASKED, ids=lambda make: make.__name__)
def test_masks(make, tmp_path):
    both_ways(make, tmp_path)
