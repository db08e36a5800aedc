"""The recurrent layers: what users of Keras meet, and the traps where drop-ins break."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import layers, ops

N, T, D, U = 3, 6, 5, 4

LAYERS = ["LSTM", "GRU", "SimpleRNN"]

each_layer = pytest.mark.parametrize("name", LAYERS)


def make(name: str, *args: Any, **kwargs: Any) -> Any:
    return getattr(layers, name)(*args, **kwargs)


def sequences(rng: np.random.Generator, dtype: Any = np.float32) -> Any:
    return rng.standard_normal((N, T, D)).astype(dtype)


def test_verbatim() -> None:
    inputs = np.random.random((32, 20, 8))
    output = keras.layers.LSTM(16)(inputs)
    assert output.shape == (32, 16)
    lstm = keras.layers.LSTM(18, return_sequences=True, return_state=True)
    whole_seq_output, final_memory_state, final_carry_state = lstm(inputs)
    assert whole_seq_output.shape == (32, 20, 18)
    assert final_memory_state.shape == final_carry_state.shape == (32, 18)


@pytest.mark.parametrize(("reset_after", "count"), [(True, 122_400), (False, 121_800)])
def test_parameters_of_a_gru(reset_after: bool, count: int) -> None:
    gru = keras.layers.GRU(200, reset_after=reset_after)
    gru(np.zeros((1, 20, 2)))
    assert gru.count_params() == count
    assert gru.cell.bias.shape == ((2, 600) if reset_after else (600,))


@each_layer
def test_a_sequence_is_one_node(name: str, rng: np.random.Generator, monkeypatch: Any) -> None:
    """The op is called once, whatever the length: no step by itself."""
    op = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "simple_rnn"}[name]
    calls: list[str] = []
    for function in (op, f"{op}_step"):
        real = getattr(ops, function)
        monkeypatch.setattr(
            ops, function, lambda *a, _f=function, _r=real, **k: (calls.append(_f), _r(*a, **k))[1]
        )
    with keras.GradientTape():
        make(name, U)(sequences(rng))
    assert calls == [op]


@pytest.mark.parametrize(("name", "op"), [("LSTM", "lstm"), ("GRU", "gru"), ("SimpleRNN", "simple_rnn")])
def test_both_directions_are_one_node(name: str, op: str, rng: Any, monkeypatch: Any) -> None:
    calls: list[str] = []
    for function in (op, f"bidirectional_{op}"):
        real = getattr(ops, function)
        monkeypatch.setattr(
            ops, function, lambda *a, _f=function, _r=real, **k: (calls.append(_f), _r(*a, **k))[1]
        )
    layer = layers.Bidirectional(make(name, U, return_sequences=True, dropout=0.5))
    with keras.GradientTape():
        layer(sequences(rng))
    assert calls == [f"bidirectional_{op}"]
    layer(sequences(rng), training=True)
    assert calls[1:] == [op, op]


def test_gates_of_a_gru(rng: np.random.Generator) -> None:
    """z, r, h: with z open h stays; h = (1 - z) n + z h."""
    gru = layers.GRU(U, use_bias=True)
    gru.build((None, T, D))
    gru.set_weights([np.zeros((D, 3 * U)), np.zeros((U, 3 * U)), np.zeros((2, 3 * U))])
    bias = np.zeros((2, 3 * U), np.float32)
    bias[0, :U] = 40.0
    h = rng.standard_normal((N, U), dtype=np.float32)
    gru.cell.bias.assign(bias)
    np.testing.assert_array_equal(gru(sequences(rng), initial_state=h), h)


def test_gates_of_an_lstm() -> None:
    """i, f, c, o: with only f open c stays and nothing comes out."""
    lstm = layers.LSTM(U, return_state=True)
    lstm.build((None, T, D))
    bias = np.repeat(np.array([-60.0, 60.0, 0.0, -60.0], np.float32), U)
    lstm.set_weights([np.zeros((D, 4 * U)), np.zeros((U, 4 * U)), bias])
    c = np.full((N, U), 3.0, np.float32)
    y, _, after = lstm(np.ones((N, T, D)), initial_state=[np.zeros((N, U)), c])
    np.testing.assert_array_equal(after, c)
    assert np.abs(y).max() < 1e-20


def test_unit_forget_bias_replaces_a_quarter() -> None:
    bias = layers.LSTM(U, bias_initializer=keras.initializers.Constant(5.0))
    bias.build((None, T, D))
    np.testing.assert_array_equal(bias.cell.bias, np.repeat([5.0, 1.0, 5.0, 5.0], U).astype(np.float32))
    plain = layers.LSTM(U, unit_forget_bias=False)
    plain.build((None, T, D))
    assert not np.any(plain.cell.bias.numpy())


@pytest.mark.parametrize(("name", "gates"), [("LSTM", 4), ("GRU", 3), ("SimpleRNN", 1)])
def test_orthogonal_over_the_whole_recurrent_kernel(name: str, gates: int) -> None:
    layer = make(name, 8)
    layer.build((None, T, D))
    kernel = layer.cell.recurrent_kernel.numpy()
    assert kernel.shape == (8, 8 * gates)
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(8), atol=1e-5)


@each_layer
def test_dropout_is_one_mask_a_batch(name: str) -> None:
    """Inputs of ones and a layer that passes them on: what is dropped is dropped at every step."""
    layer = make(name, D, activation=None, dropout=0.5, return_sequences=True, seed=1)
    layer.build((None, T, D))
    masks = []
    real = layer.cell._new_masks
    layer.cell._new_masks = lambda *a: masks.append(real(*a)) or masks[-1]
    x = np.ones((N, T, D), np.float32)
    y = layer(x, training=True)
    assert len(masks) == 1 and masks[0].shape == (N, D) and set(np.unique(masks[0])) == {0.0, 2.0}
    expected = make(name, D, activation=None, return_sequences=True)
    expected.build((None, T, D))
    expected.set_weights(layer.get_weights())
    np.testing.assert_array_equal(y, expected(x * masks[0][:, None]))
    layer(x, training=True)
    assert len(masks) == 2 and not np.array_equal(masks[0], masks[1])
    np.testing.assert_array_equal(layer(x), expected(x))
    assert len(masks) == 2


@pytest.mark.parametrize(("name", "count"), [("LSTM", 4), ("GRU", 3), ("SimpleRNN", 1)])
def test_recurrent_dropout_is_a_mask_a_gate(name: str, count: int, rng: np.random.Generator) -> None:
    layer = make(name, U, recurrent_dropout=0.5, dropout=0.5, return_sequences=True, seed=3)
    masks = []
    real = layer.cell._new_masks
    layer.cell._new_masks = lambda *a: masks.append(real(*a)) or masks[-1]
    x = sequences(rng)
    layer.build(x.shape)
    with keras.GradientTape() as tape:
        loss = np.sum(layer(x, training=True) ** 2)
    assert all(np.any(g) for g in tape.gradient(loss, layer.trainable_weights))
    assert len(masks) == 2
    assert [len(m) if isinstance(m, list) else 1 for m in masks] == [count, count]
    if count > 1:
        assert not np.array_equal(masks[0][0], masks[0][1]) and not np.array_equal(masks[1][0], masks[1][1])
    again = []
    for _ in range(2):
        layer.cell.seed_generator.state.assign(np.array([3, 0], np.uint32))
        again.append(layer(x, training=True))
    np.testing.assert_array_equal(*again)


@each_layer
@pytest.mark.parametrize("activation", ["tanh", "selu"], ids=["fused", "by_steps"])
def test_masked_steps(name: str, activation: str, rng: np.random.Generator) -> None:
    """A masked step carries the states and repeats the output. Before the first step that counts the initial
    h is put out, as by Keras on NumPy and JAX; a row of masked steps gives back its states."""
    layer = make(name, U, activation=activation, return_sequences=True, return_state=True)
    x = sequences(rng)
    states = [rng.standard_normal((N, U), dtype=np.float32) for _ in layer.state_size]
    mask = np.array([[0, 0, 1, 1, 0, 0], [1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0]], bool)
    y, *last = layer(x, initial_state=states, mask=mask)
    np.testing.assert_array_equal(y[0, :2], np.stack([states[0][0]] * 2))
    np.testing.assert_array_equal(y[2], np.stack([states[0][2]] * T))
    np.testing.assert_array_equal(y[1, 1::2], y[1, ::2])
    for row in range(N):
        counted = x[row : row + 1, mask[row]]
        if counted.size:
            own = [s[row : row + 1] for s in states]
            short, *expected = layer(counted, initial_state=own)
            np.testing.assert_allclose(y[row, mask[row]], short[0], atol=2e-6)
        else:
            expected = [s[row : row + 1] for s in states]
        for a, b in zip(last, expected, strict=True):
            np.testing.assert_allclose(a[row], b[0], atol=2e-6)


@each_layer
def test_masked_inputs_are_not_read(name: str, rng: np.random.Generator) -> None:
    layer, x = make(name, U), sequences(rng)
    mask = np.arange(T) < np.array([[6], [3], [0]])
    dirty = np.where(mask[..., None], x, np.nan).astype(np.float32)
    with keras.GradientTape() as tape:
        watched = tape.watch(dirty)
        loss = np.sum(layer(watched, mask=mask))
    dx = tape.gradient(loss, watched)
    assert np.isfinite(float(loss)) and not dx[~mask].any() and dx[mask].all()


@each_layer
def test_zero_output_for_mask(name: str, rng: np.random.Generator) -> None:
    mask = np.arange(T) < np.array([[6], [3], [0]])
    layer = make(name, U, return_sequences=True, zero_output_for_mask=True)
    assert not layer(sequences(rng), mask=mask)[~mask].any()
    last = make(name, U, return_state=True, zero_output_for_mask=True)
    y, h, *_ = last(sequences(rng), mask=mask)
    assert y[0].all() and not y[1:].any() and h[1].all()


@each_layer
@pytest.mark.parametrize("activation", ["tanh", "selu"], ids=["fused", "by_steps"])
def test_go_backwards_is_in_the_order_of_processing(name: str, activation: str, rng: Any) -> None:
    backwards = make(name, U, activation=activation, return_sequences=True, go_backwards=True)
    forwards = make(name, U, activation=activation, return_sequences=True)
    x = sequences(rng)
    y = backwards(x)
    forwards.build(x.shape)
    forwards.set_weights(backwards.get_weights())
    np.testing.assert_allclose(y, forwards(x[:, ::-1]), atol=2e-6)


@each_layer
def test_returned_states(name: str, rng: np.random.Generator) -> None:
    layer = make(name, U, return_sequences=True, return_state=True)
    y, *states = layer(sequences(rng))
    assert len(states) == len(layer.state_size) == (2 if name == "LSTM" else 1)
    np.testing.assert_array_equal(y[:, -1], states[0])
    both = layers.Bidirectional(make(name, U, return_sequences=True, return_state=True), merge_mode=None)
    found = both(sequences(rng))
    assert len(found) == 2 + 2 * len(states)


@each_layer
def test_stateful(name: str, rng: np.random.Generator) -> None:
    """Two halves give what the whole gives; another batch is refused; states are no weights."""
    layer, plain = make(name, U, stateful=True), make(name, U)
    x = sequences(rng)
    plain.build(x.shape)
    first, second = layer(x[:, :2]), None
    plain.set_weights(layer.get_weights())
    with keras.GradientTape():
        second = layer(x[:, 2:])
    np.testing.assert_allclose(first, plain(x[:, :2]), atol=2e-6)
    np.testing.assert_allclose(second.numpy(), plain(x), atol=2e-6)
    assert len(layer.weights) == len(plain.weights)
    with pytest.raises(ValueError, match=rf"{layer.name}: stateful.* batch size 2; expected 3"):
        layer(x[:2])
    layer.reset_state()
    assert not any(s.numpy().any() for s in layer.states)
    np.testing.assert_allclose(layer(x), plain(x), atol=2e-6)
    with pytest.raises(ValueError, match="expected a fixed batch size"):
        make(name, U, stateful=True).build((None, T, D))


@each_layer
def test_float64_stays(name: str, rng: np.random.Generator) -> None:
    layer = make(name, U, dtype="float64", return_state=True)
    assert {y.dtype for y in layer(sequences(rng, np.float64))} == {np.dtype(np.float64)}


@each_layer
def test_empty_batch(name: str) -> None:
    assert make(name, U, return_sequences=True)(np.zeros((0, T, D))).shape == (0, T, U)


@each_layer
@pytest.mark.parametrize("backwards", [False, True])
def test_one_step_at_a_time(name: str, backwards: bool, rng: np.random.Generator) -> None:
    """Sequences of one step take another way, to the same result."""
    layer = make(name, U, return_sequences=True, return_state=True, go_backwards=backwards)
    x, states = sequences(rng), None
    y, *last = layer(x)
    order = range(T)[::-1] if backwards else range(T)
    for place, t in enumerate(order):
        step, *states = layer(x[:, t : t + 1], initial_state=states)
        assert step.shape == (N, 1, U)
        np.testing.assert_allclose(step[:, 0], y[:, place], atol=1e-6)
    for a, b in zip(states, last, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize(
    "name, flag",
    [
        ("GRU", "reset_after"),
        *product(["LSTM", "GRU", "SimpleRNN"], ["return_sequences", "go_backwards", "zero_output_for_mask"]),
    ],
)
@pytest.mark.parametrize("value", [0, 1])
def test_1_and_0_stand_for_true_and_false(name: str, flag: str, value: int) -> None:
    x = np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4)
    found, expected = (getattr(layers, name)(3, seed=1, **{flag: f}) for f in (value, bool(value)))
    expected.build(x.shape), found.build(x.shape)
    found.set_weights(expected.get_weights())
    np.testing.assert_array_equal(found(x), expected(x))
