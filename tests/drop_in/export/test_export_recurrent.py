"""Recurrent models as ONNX files."""

from __future__ import annotations

import numpy as np
import pytest
from export_checks import check, kinds, values

import foldgate as keras

L = keras.layers

KINDS = ["LSTM", "GRU", "SimpleRNN"]
OPERATORS = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}


def both(*rest):
    """Two batches of other sizes and lengths."""
    return values(2, 7, *rest), values(4, 3, *rest, seed=1)


def model_of(*layers, features=6):
    return keras.Sequential([keras.Input((None, features)), *layers])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backwards", [False, True])
def test_layers_on_top_of_each_other(kind, backwards):
    make = getattr(L, kind)
    layers = [make(5, return_sequences=True), make(4, return_sequences=True, go_backwards=backwards)]
    file = check(model_of(*layers, L.Dropout(0.5), make(3, use_bias=False), L.Dense(2)), *both(6))
    assert kinds(file).count(OPERATORS[kind]) == 3
    assert kinds(file).count("Transpose") == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("sequences", [False, True])
def test_both_directions_in_one_node(kind, mode, sequences):
    inputs = keras.Input((None, 6))
    layer = L.Bidirectional(
        getattr(L, kind)(5, return_sequences=sequences, return_state=True), merge_mode=mode
    )
    file = check(keras.Model(inputs, list(layer(inputs))), *both(6))
    assert kinds(file).count(OPERATORS[kind]) == 1


@pytest.mark.parametrize("turned", [False, True])
def test_directions_of_other_sizes(turned):
    forward = L.GRU(5, return_sequences=True, go_backwards=turned)
    layer = L.Bidirectional(forward, backward_layer=L.LSTM(3, return_sequences=True, go_backwards=not turned))
    file = check(model_of(layer), *both(6))
    assert kinds(file).count("GRU") == kinds(file).count("LSTM") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_states_in_and_out(kind):
    count = 2 if kind == "LSTM" else 1
    x, states = keras.Input((None, 4)), [keras.Input((3,)) for _ in range(count)]
    layer = getattr(L, kind)(3, return_state=True, return_sequences=True)
    model = keras.Model([x, *states], list(layer(x, initial_state=states)))
    given = [values(2, 3, seed=i) for i in range(count)]
    check(model, [values(2, 5, 4), *given], [values(2, 1, 4), *given])


def test_states_of_both_directions():
    x, states = keras.Input((None, 4)), [keras.Input((3,)) for _ in range(4)]
    layer = L.Bidirectional(L.LSTM(3, return_state=True))
    model = keras.Model([x, *states], list(layer(x, initial_state=states)))
    check(model, [values(2, 5, 4), *[values(2, 3, seed=i) for i in range(4)]])


@pytest.mark.parametrize(
    "options",
    [
        {"reset_after": False},
        {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
        {"activation": "linear", "recurrent_activation": "softsign"},
        {"activation": "elu", "recurrent_activation": "sigmoid", "use_bias": False},
    ],
)
def test_options_of_a_gru(options):
    check(model_of(L.GRU(5, **options)), *both(6))


def test_cells_in_a_stack():
    inputs = keras.Input((None, 6))
    layer = L.RNN([L.LSTMCell(4), L.GRUCell(3), L.SimpleRNNCell(5)], return_sequences=True)
    file = check(keras.Model(inputs, layer(inputs)), *both(6))
    assert [name for name in kinds(file) if name in OPERATORS.values()] == ["LSTM", "GRU", "RNN"]


MASKS = {
    "right": [[1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]],
    "left": [[0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]],
    "holes": [[0, 1, 0, 1], [1, 0, 0, 1], [0, 0, 1, 0]],
    "nothing": [[0, 0, 0, 0], [1, 1, 0, 1], [0, 0, 0, 0]],
}


@pytest.mark.parametrize("pattern", MASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_masks(kind, pattern):
    make = getattr(L, kind)
    layers = [
        L.Embedding(2, 4, mask_zero=True),
        make(5, return_sequences=True),
        L.Bidirectional(make(4, return_sequences=True)),
        make(3, return_sequences=True, go_backwards=True, zero_output_for_mask=True),
        L.RNN([L.GRUCell(3), L.LSTMCell(4)]),
    ]
    model = keras.Sequential([keras.Input((None,), dtype="int32"), *layers])
    check(model, np.array(MASKS[pattern], np.int32))


@pytest.mark.parametrize("pattern", MASKS)
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("kind", [*KINDS, "ConvLSTM1D"])
def test_last_outputs_that_are_0_where_the_last_step_is_masked(kind, backwards, pattern):
    options = {"go_backwards": backwards, "zero_output_for_mask": True, "return_state": True}
    step, layer = ((6, 2), L.ConvLSTM1D(3, 3, **options)) if kind == "ConvLSTM1D" else (
        (4,), getattr(L, kind)(3, **options)
    )  # fmt: skip
    x, mask = keras.Input((None, *step)), keras.Input((None,), dtype="bool")
    model = keras.Model([x, mask], list(layer(x, mask=mask)))
    check(model, [values(3, 4, *step), np.array(MASKS[pattern], bool)])


@pytest.mark.parametrize("pattern", MASKS)
def test_masked_states(pattern):
    x, mask = keras.Input((None, 4)), keras.Input((None,), dtype="bool")
    h, c = keras.Input((3,)), keras.Input((3,))
    outputs = L.LSTM(3, return_state=True, return_sequences=True)(x, initial_state=[h, c], mask=mask)
    model = keras.Model([x, mask, h, c], list(outputs))
    given = [values(3, 4, 4), np.array(MASKS[pattern], bool), values(3, 3, seed=1), values(3, 3, seed=2)]
    check(model, given)


def test_masking_and_masked_mean():
    x = values(3, 4, 4) * np.array(MASKS["holes"], np.float32)[..., None]
    check(model_of(L.Masking(), L.Bidirectional(L.LSTM(3)), features=4), x)
    check(model_of(L.Masking(), L.Dense(3), L.GlobalAveragePooling1D(), features=4), x)


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_conv_lstm(rank, data_format):
    sizes = (6, 5)[:rank]
    step = (*sizes, 2) if data_format == "channels_last" else (2, *sizes)
    make = getattr(L, f"ConvLSTM{rank}D")
    layers = [
        make(3, 3, padding="same", return_sequences=True, data_format=data_format),
        L.Bidirectional(make(2, 2, padding="same", return_sequences=True, data_format=data_format)),
        make(4, 3, go_backwards=True, data_format=data_format),
    ]
    file = check(keras.Sequential([keras.Input((None, *step)), *layers]), *both(*step))
    assert kinds(file).count("Scan") == 4


def test_masked_conv_lstm():
    x, mask = keras.Input((None, 6, 2)), keras.Input((None,), dtype="bool")
    outputs = L.ConvLSTM1D(3, 3, return_sequences=True)(x, mask=mask)
    check(keras.Model([x, mask], outputs), [values(3, 4, 6, 2), np.array(MASKS["holes"], bool)])


def test_time_distributed():
    layers = [
        L.TimeDistributed(L.Conv2D(3, 3)),
        L.TimeDistributed(keras.Sequential([keras.Input((4, 4, 3)), L.MaxPooling2D(), L.Flatten()])),
        L.LSTM(3, return_sequences=True),
        L.TimeDistributed(L.Dense(2)),
    ]
    check(keras.Sequential([keras.Input((None, 6, 6, 2)), *layers]), *both(6, 6, 2))
