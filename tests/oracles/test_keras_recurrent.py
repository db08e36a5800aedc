"""LSTM, GRU and SimpleRNN against Keras: outputs, states, gradients, masks, configurations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, both, quiet, same_config, torch

N, T, D, U = 3, 6, 5, 4
NAMES = ["LSTM", "GRU", "SimpleRNN"]
STATES = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"return_sequences": True},
    {"return_sequences": True, "return_state": True},
    {"return_state": True, "go_backwards": True},
    {"return_sequences": True, "go_backwards": True},
    {"use_bias": False, "unroll": True},
    {"activation": "relu"},
    {"activation": "selu", "return_sequences": True},
    {"activation": None},
]
RIGHT = np.arange(T) < np.array([[6], [3], [1]])
LEFT = RIGHT[:, ::-1]
HOLES = np.array([[1, 0, 1, 1, 0, 0], [0, 1, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0]], bool)

each_layer = pytest.mark.parametrize("name", NAMES)


def sequences(rng: np.random.Generator, dtype: Any = np.float32) -> Any:
    return rng.standard_normal((N, T, D)).astype(dtype)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@each_layer
def test_options(name: str, options: dict[str, Any], dtype: Any, rng: np.random.Generator) -> None:
    ours, theirs = both(name, U, **options, dtype=np.dtype(dtype).name, build=(None, T, D))
    assert_same(ours, theirs, sequences(rng, dtype))
    shape = theirs.compute_output_shape((None, T, D))
    assert ours.compute_output_shape((None, T, D)) == shape


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("activation", ["tanh", "mish"])
def test_gru_resets(reset_after: bool, use_bias: bool, activation: str, rng: np.random.Generator) -> None:
    arguments = {"reset_after": reset_after, "use_bias": use_bias, "activation": activation}
    ours, theirs = both("GRU", U, **arguments, return_sequences=True, build=(None, T, D))
    assert_same(ours, theirs, sequences(rng))


@pytest.mark.parametrize("gate", ["hard_sigmoid", "relu", "softsign", "gelu"])
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_recurrent_activation(name: str, gate: str, rng: np.random.Generator) -> None:
    ours, theirs = both(name, U, recurrent_activation=gate, build=(None, T, D))
    assert_same(ours, theirs, sequences(rng))


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("mask", [RIGHT, LEFT, HOLES], ids=["right", "left", "holes"])
@pytest.mark.parametrize("returned", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "selu"])
@each_layer
def test_masks(
    name: str,
    mask: Any,
    zero: bool,
    backwards: bool,
    returned: bool,
    activation: str,
    rng: np.random.Generator,
) -> None:
    options = {"zero_output_for_mask": zero, "go_backwards": backwards, "activation": activation}
    ours, theirs = both(name, U, return_sequences=returned, return_state=True, **options, build=(None, T, D))
    x = sequences(rng)
    found = ours(x, mask=mask)
    expected = quiet(theirs, torch.from_numpy(x), mask=torch.from_numpy(mask.copy()))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), atol=3e-6)


@each_layer
def test_gradients_under_a_mask(name: str, rng: np.random.Generator) -> None:
    ours, theirs = both(name, U, return_sequences=True, build=(None, T, D))
    from keras_oracle import outputs_and_gradients

    x = sequences(rng)
    found = outputs_and_gradients(ours, x, mask=HOLES)
    expected = outputs_and_gradients(theirs, x, mask=torch.from_numpy(HOLES))
    for a, b in zip((*found[0], *found[1]), (*expected[0], *expected[1]), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@each_layer
def test_initial_state(name: str, rng: np.random.Generator) -> None:
    ours, theirs = both(name, U, return_sequences=True, return_state=True, build=(None, T, D))
    x = sequences(rng)
    states = [rng.standard_normal((N, U), dtype=np.float32) for _ in range(STATES[name])]
    expected = quiet(theirs, torch.from_numpy(x), initial_state=[torch.from_numpy(s) for s in states])
    for given in (states, tuple(states)):
        for a, b in zip(ours(x, initial_state=given), expected, strict=True):
            np.testing.assert_allclose(a, b.detach().numpy(), atol=3e-6)
    for a, b in zip(ours([x, *states]), expected, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), atol=3e-6)


@each_layer
def test_stateful(name: str, rng: np.random.Generator) -> None:
    ours, theirs = both(name, U, stateful=True, build=(N, T, D))
    for _ in range(3):
        x = sequences(rng)
        expected = quiet(theirs, torch.from_numpy(x)).detach().numpy()
        np.testing.assert_allclose(ours(x), expected, atol=3e-6)
    ours.reset_state()
    theirs.reset_state()
    np.testing.assert_allclose(ours(x), quiet(theirs, torch.from_numpy(x)).detach().numpy(), atol=3e-6)
    assert [w.path.split("/", 1)[1] for w in ours.weights] == [
        w.path.split("/", 1)[1] for w in theirs.weights
    ]


CONFIGURED: list[dict[str, Any]] = [
    {},
    {"activation": "relu", "use_bias": False, "kernel_regularizer": "l2", "bias_constraint": "non_neg"},
    {"recurrent_regularizer": "l2", "recurrent_constraint": "max_norm", "kernel_initializer": "he_normal"},
    {"dropout": 0.2, "recurrent_dropout": 0.3, "seed": 7, "activity_regularizer": "l2", "trainable": False},
    {"return_sequences": True, "return_state": True, "go_backwards": True, "stateful": True, "unroll": True},
    {"zero_output_for_mask": True, "dtype": "float64"},
]


@pytest.mark.parametrize("arguments", CONFIGURED, ids=str)
@pytest.mark.parametrize("build", [None, (2, T, D)])
@each_layer
def test_config(name: str, arguments: dict[str, Any], build: Any) -> None:
    leave_out = ["seed", "activity_regularizer"] if name == "SimpleRNN" else []  # which Keras forgets there
    same_config(*both(name, U, **arguments, build=build), leave_out)


@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell", "SimpleRNNCell"])
def test_cell_config(name: str) -> None:
    for arguments in CONFIGURED[:3]:
        same_config(*both(name, U, **arguments))


@pytest.mark.parametrize("activation", ["tanh", "selu"])
@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell", "SimpleRNNCell"])
def test_cell(name: str, activation: str, rng: np.random.Generator) -> None:
    ours, theirs = both(name, U, activation=activation, build=(None, D))
    x = rng.standard_normal((N, D), dtype=np.float32)
    states = [rng.standard_normal((N, U), dtype=np.float32) for _ in range(1 + (name == "LSTMCell"))]
    y, new = ours(x, states)
    expected, expected_new = theirs(torch.from_numpy(x), [torch.from_numpy(s) for s in states])
    for a, b in zip([y, *new], [expected, *expected_new], strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), atol=3e-6)


@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.5), (0.5, 0.5)], ids=str)
@pytest.mark.parametrize("options", [{}, {"implementation": 1}, {"reset_after": False}], ids=str)
@each_layer
def test_dropout_with_the_same_masks(
    name: str, options: dict[str, Any], rates: tuple[float, float], rng: np.random.Generator
) -> None:
    """What a mask does in the cell; which mask it is is drawn elsewhere."""
    if ("reset_after" in options and name != "GRU") or (options and name == "SimpleRNN"):
        pytest.skip("an argument of the GRU, or of cells with gates")
    if options.get("implementation") and not rates[1]:
        pytest.skip("Keras cannot run masks a gate without recurrent_dropout")
    drops = {"dropout": rates[0], "recurrent_dropout": rates[1]}
    ours, theirs = both(name, U, **drops, **options, return_sequences=True, build=(None, T, D))
    count = getattr(theirs.cell, "dropout_mask_count", None)
    assert count == ours.cell.dropout_mask_count
    drawn = [
        [(rng.random((N, size)) < 0.5).astype(np.float32) * 2 for _ in range(count or 1)] for size in (D, U)
    ]
    x = sequences(rng)
    with monkeypatched(ours, theirs, rates, drawn, count):
        found = ours(x, training=True)
        expected = quiet(theirs, torch.from_numpy(x), training=True)
    np.testing.assert_allclose(found, expected.detach().numpy(), atol=3e-6)
    assert not np.allclose(found, ours(x), atol=1e-3)


@contextmanager
def monkeypatched(ours: Any, theirs: Any, rates: Any, drawn: Any, count: Any) -> Iterator[None]:
    """Gives both cells the same masks for the next batch."""
    for rate, masks, attribute in zip(
        rates, drawn, ("_dropout_mask", "_recurrent_dropout_mask"), strict=True
    ):
        if rate:
            setattr(ours.cell, attribute, masks if count else masks[0])
            tensors = [torch.from_numpy(mask) for mask in masks]
            setattr(theirs.cell, attribute, tensors if count else tensors[0])
    yield
    assert ours.cell._dropout_mask is None and ours.cell._recurrent_dropout_mask is None
