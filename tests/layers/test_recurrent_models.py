"""Recurrent layers in models, and wrong use of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import layers

N, T, D, U = 2, 5, 3, 4


def test_an_encoder_and_a_decoder() -> None:
    """States go from one layer to another, masks along the sequences."""
    source, target = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    _, h, c = layers.LSTM(U, return_state=True)(layers.Embedding(9, 6, mask_zero=True)(source))
    read = layers.Embedding(9, 6, mask_zero=True)(target)
    y = layers.LSTM(U, return_sequences=True)(read, initial_state=[h, c])
    model = keras.Model([source, target], layers.TimeDistributed(layers.Dense(9))(y))
    ids = np.array([[1, 2, 3, 0], [4, 0, 0, 0]]), np.array([[1, 2, 0], [3, 4, 5]])
    found = model(list(ids))
    assert found.shape == (2, 3, 9)
    short = model([ids[0][1:, :1], ids[1][1:]])
    np.testing.assert_allclose(found[1], short[0], atol=1e-6)
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(list(ids)), found)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_initial_states_in_a_list(name: str, rng: np.random.Generator) -> None:
    x, h = keras.Input((T, D)), keras.Input((U,))
    states = [h] * (2 if name == "LSTM" else 1)
    layer = getattr(layers, name)(U)
    listed, named = layer([x, *states]), layer(x, initial_state=states)
    model = keras.Model([x, h], [listed, named])
    a, b = model([rng.standard_normal((N, T, D)), rng.standard_normal((N, U))])
    np.testing.assert_array_equal(a, b)


def test_a_stateful_model(tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input(batch_shape=(N, T, D)), layers.LSTM(U, stateful=True), layers.Dense(1)]
    )
    x = np.ones((N, T, D))
    first, second = model(x), model(x)
    assert np.abs(first - second).max() > 0 and len(model.weights) == 5
    model.layers[0].reset_state()
    np.testing.assert_array_equal(model(x), first)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), first)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Bidirectional(layers.GRU(U, return_sequences=True)),
        lambda: layers.RNN([layers.LSTMCell(U), layers.GRUCell(2)], return_sequences=True),
        lambda: layers.TimeDistributed(layers.Dense(2)),
    ],
    ids=["bidirectional", "rnn", "time_distributed"],
)
def test_files(make: Any, tmp_path: Path, rng: np.random.Generator) -> None:
    model = keras.Sequential([keras.Input((T, D)), make(), layers.Dense(1)])
    x = rng.standard_normal((N, T, D))
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), model(x))


def test_time_distributed_batch_norm_sees_a_step_at_a_time(rng: np.random.Generator) -> None:
    norm = layers.BatchNormalization(momentum=0.5)
    x = rng.standard_normal((64, 3, D)).astype(np.float32) * [[[1.0], [5.0], [9.0]]]
    y = layers.TimeDistributed(norm)(x, training=True)
    np.testing.assert_allclose(y.std(axis=0), 1.0, atol=2e-3)
    mean = np.zeros(D)
    for t in range(3):
        mean = 0.5 * mean + 0.5 * x[:, t].mean(axis=0)
    np.testing.assert_allclose(norm.moving_mean, mean, atol=1e-5)


def test_a_cell_of_ones_own_with_weights(rng: np.random.Generator) -> None:
    class Leaky(layers.Layer):
        state_size = U

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(shape=(input_shape[-1], U), name="kernel")

        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            h = 0.5 * states[0] + inputs @ self.kernel
            return h, [h]

    layer = layers.RNN(Leaky(), return_sequences=True)
    x = rng.standard_normal((N, T, D)).astype(np.float32)
    with keras.GradientTape() as tape:
        y = layer(x, mask=np.arange(T) < np.array([[5], [2]]))
        loss = np.sum(y)
    (dkernel,) = tape.gradient(loss, layer.trainable_weights)
    h = np.zeros((N, U), np.float32)
    for t in range(T):
        new = 0.5 * h + x[:, t] @ layer.cell.kernel.numpy()
        h = np.where(np.array([[True], [t < 2]]), new, h)
        np.testing.assert_allclose(y.numpy()[:, t], h, atol=1e-5)
    assert dkernel.shape == (D, U)


WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda: layers.LSTM(0), ValueError, "LSTMCell: units is 0; expected a positive integer"),
    (lambda: layers.GRU(2.5), TypeError, "GRUCell: units is 2.5; expected a positive integer"),
    (lambda: layers.LSTM(3, activation="nope"), ValueError, "nope"),
    (lambda: layers.LSTM(3, foo=1), ValueError, "LSTM.*'foo'"),
    (lambda: layers.LSTM(3, use_cudnn="yes"), ValueError, "use_cudnn is 'yes'"),
    (lambda: layers.LSTM(3, name="a")(np.ones((2, 3))), ValueError, r"a: inputs.*2 axes; expected 3 axes"),
    (
        lambda: layers.LSTM(3, name="a")(np.ones((2, 4, 3)), mask=np.ones((2, 3))),
        ValueError,
        r"a: mask has shape \(2, 3\); expected \(2, 4\)",
    ),
    (
        lambda: layers.LSTM(3, name="a")(np.ones((2, 4, 3)), initial_state=[np.ones((2, 3))]),
        ValueError,
        "a: initial_state holds 1 arrays; expected 2",
    ),
    (lambda: layers.GRU(3)(np.ones((2, 4, 3)), initial_state=np.ones((2, 4))), ValueError, "initial_h"),
    (lambda: layers.RNN(3), ValueError, "RNN: cell is 3, without 'call'"),
    (lambda: layers.StackedRNNCells([]), ValueError, r"cells is \[\]; expected a list"),
    (lambda: layers.Bidirectional(layers.GRU(2), "max"), ValueError, "merge_mode is 'max'"),
    (lambda: layers.Bidirectional(3), ValueError, "Bidirectional: layer is 3"),
    (
        lambda: layers.Bidirectional(layers.GRU(2), backward_layer=layers.GRU(2)),
        ValueError,
        "go_backwards is False in both",
    ),
    (lambda: layers.TimeDistributed("x"), ValueError, "TimeDistributed: layer is 'x'"),
    (lambda: layers.TimeDistributed(layers.Dense(2), name="a")(np.ones((2, 3))), ValueError, "a: inputs"),
    (lambda: layers.Embedding(0, 3), ValueError, "Embedding: input_dim is 0"),
    (lambda: layers.Embedding(4, 3)(np.array([4])), IndexError, "4"),
    (lambda: layers.ConvLSTM2D(2, 3, strides=2, dilation_rate=2), ValueError, "dilation_rate"),
    (lambda: layers.ConvLSTM1D(2, 9)(np.ones((1, 2, 5, 1))), ValueError, "5 positions"),
]


@pytest.mark.parametrize(("call", "kind", "words"), WRONG, ids=range(len(WRONG)))
def test_wrong_use(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
