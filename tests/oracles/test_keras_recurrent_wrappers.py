"""RNN with any cells, Bidirectional, TimeDistributed, Masking and Embedding against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import (
    assert_same,
    both,
    keras,
    outputs_and_gradients,
    quiet,
    same_config,
    share_weights,
    torch,
)

from foldgate import layers

N, T, D, U = 3, 6, 5, 4
MASK = np.array([[1, 0, 1, 1, 0, 0], [0, 1, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0]], bool)


def sequences(rng: np.random.Generator) -> Any:
    return rng.standard_normal((N, T, D), dtype=np.float32)


def bidirectional(kind: str, options: dict[str, Any], wrapped: dict[str, Any]) -> tuple[Any, Any]:
    ours = layers.Bidirectional(getattr(layers, kind)(U, **wrapped), **options)
    theirs = keras.layers.Bidirectional(getattr(keras.layers, kind)(U, **wrapped), **options)
    ours.build((None, T, D))
    theirs.build((None, T, D))
    share_weights(ours, theirs)
    return ours, theirs


def compare(ours: Any, theirs: Any, x: Any, mask: Any = None, atol: float = 1e-5) -> None:
    """Outputs and gradients, with a mask or without."""
    given = ({}, {}) if mask is None else ({"mask": mask}, {"mask": torch.from_numpy(mask)})
    found, expected = outputs_and_gradients(ours, x, **given[0]), outputs_and_gradients(theirs, x, **given[1])
    assert [len(part) for part in found] == [len(part) for part in expected]
    for a, b in zip((*found[0], *found[1]), (*expected[0], *expected[1]), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=atol)


@pytest.mark.parametrize("returned", [False, True])
@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_bidirectional(
    kind: str, merge_mode: Any, returned: bool, mask: Any, rng: np.random.Generator
) -> None:
    wrapped = {"return_sequences": returned}
    ours, theirs = bidirectional(kind, {"merge_mode": merge_mode}, wrapped)
    compare(ours, theirs, sequences(rng), mask)
    shapes = [layer.compute_output_shape((None, T, D)) for layer in (ours, theirs)]
    assert (
        [tuple(s) for s in np.atleast_1d(np.array(shapes[0], object))]
        == [tuple(s) for s in np.atleast_1d(np.array(shapes[1], object))]
        if merge_mode is None
        else shapes[0] == shapes[1]
    )


@pytest.mark.parametrize("merge_mode", ["concat", None])
def test_bidirectional_states(merge_mode: Any, rng: np.random.Generator) -> None:
    wrapped = {"return_sequences": True, "return_state": True}
    ours, theirs = bidirectional("LSTM", {"merge_mode": merge_mode}, wrapped)
    x = sequences(rng)
    states = [rng.standard_normal((N, U), dtype=np.float32) for _ in range(4)]
    found = ours(x, initial_state=states)
    expected = theirs(torch.from_numpy(x), initial_state=[torch.from_numpy(s) for s in states])
    assert len(found) == len(expected) == (5 if merge_mode else 6)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), atol=3e-6)
    ours_shape, theirs_shape = (list(layer.compute_output_shape((2, T, D))) for layer in (ours, theirs))
    assert ours_shape == theirs_shape


@pytest.mark.parametrize("turned", [False, True])
def test_bidirectional_with_a_backward_layer(turned: bool, rng: np.random.Generator) -> None:
    def make(room: Any) -> Any:
        backward = room.LSTM(U, activation="relu", return_sequences=True, go_backwards=not turned)
        forward = room.LSTM(U, return_sequences=True, go_backwards=turned)
        layer = room.Bidirectional(forward, backward_layer=backward)
        layer.build((None, T, D))
        return layer

    ours, theirs = make(layers), make(keras.layers)
    share_weights(ours, theirs)
    compare(ours, theirs, sequences(rng), atol=2e-5)


def test_bidirectional_config() -> None:
    ours, theirs = bidirectional("GRU", {"merge_mode": "ave"}, {"return_sequences": True, "dropout": 0.5})
    same_config(ours, theirs)


CELLS: dict[str, Any] = {
    "lstm": lambda room: room.LSTMCell(U),
    "two": lambda room: [room.LSTMCell(U), room.GRUCell(3)],
    "three": lambda room: [room.SimpleRNNCell(2), room.LSTMCell(3, activation="gelu"), room.SimpleRNNCell(U)],
}


@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
@pytest.mark.parametrize("returned", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("cells", list(CELLS))
def test_rnn(cells: str, returned: bool, backwards: bool, mask: Any, rng: np.random.Generator) -> None:
    def make(room: Any) -> Any:
        layer = room.RNN(CELLS[cells](room), return_sequences=returned, go_backwards=backwards)
        layer.build((None, T, D))
        return layer

    ours, theirs = make(layers), make(keras.layers)
    share_weights(ours, theirs)
    compare(ours, theirs, sequences(rng), mask)
    same_config(ours, theirs, ["input_shape"])


def test_states_of_stacked_cells(rng: np.random.Generator) -> None:
    def make(room: Any) -> Any:
        layer = room.RNN([room.LSTMCell(U), room.GRUCell(3)], return_state=True)
        layer.build((None, T, D))
        return layer

    ours, theirs = make(layers), make(keras.layers)
    share_weights(ours, theirs)
    x = sequences(rng)
    y, (h, c), other = ours(x)
    expected, (expected_h, expected_c), expected_other = theirs(torch.from_numpy(x))
    pairs = [(y, expected), (h, expected_h), (c, expected_c), (other[0], expected_other[0])]
    for a, b in pairs:
        np.testing.assert_allclose(a, b.detach().numpy(), atol=3e-6)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda room: room.Dense(4, activation="relu"), (N, T, D)),
        (lambda room: room.LSTM(4), (N, T, 3, D)),
    ],
    ids=["dense", "lstm"],
)
def test_time_distributed(make: Any, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    ours, theirs = layers.TimeDistributed(make(layers)), keras.layers.TimeDistributed(make(keras.layers))
    ours.build(shape)
    theirs.build(shape)
    share_weights(ours, theirs)
    assert_same(ours, theirs, rng.standard_normal(shape).astype(np.float32))
    assert ours.compute_output_shape((None, *shape[1:])) == theirs.compute_output_shape((None, *shape[1:]))
    same_config(ours, theirs)


def test_masking(rng: np.random.Generator) -> None:
    x = sequences(rng)
    x[0, 2:] = x[1, 0] = 7.0
    ours, theirs = both("Masking", mask_value=7.0)
    expected = theirs(torch.from_numpy(x))
    np.testing.assert_array_equal(ours(x), expected.numpy())
    np.testing.assert_array_equal(ours.compute_mask(x), expected._keras_mask.numpy())
    same_config(ours, theirs)


@pytest.mark.parametrize("ids", [np.int32, np.int64, np.float32])
def test_embedding(ids: Any, dtype: Any, rng: np.random.Generator) -> None:
    ours, theirs = both("Embedding", 9, 4, mask_zero=True, dtype=np.dtype(dtype).name, build=(None, 5))
    x = rng.integers(0, 9, (3, 5)).astype(ids)
    if ids is np.float32:
        np.testing.assert_array_equal(ours(x), theirs(torch.from_numpy(x)).detach().numpy())
    else:
        assert_same(ours, theirs, x)
    np.testing.assert_array_equal(ours.compute_mask(x), x != 0)
    assert ours.compute_output_shape((None, 5)) == (None, 5, 4)
    same_config(ours, theirs)


def test_embedding_arguments() -> None:
    table = np.arange(6.0, dtype=np.float32).reshape(3, 2)
    ours, theirs = both("Embedding", 3, 2, weights=[table], embeddings_regularizer="l2", trainable=False)
    np.testing.assert_array_equal(ours.embeddings.numpy(), quiet(theirs.get_weights)[0])
    same_config(*both("Embedding", 3, 2, embeddings_initializer="he_normal", embeddings_constraint="non_neg"))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_a_masked_model(kind: str, rng: np.random.Generator) -> None:
    """The mask of an embedding goes through layers that return sequences."""
    first, second = both("Embedding", 9, 4, mask_zero=True, build=(None, 6))
    middle, their_middle = both(kind, 3, return_sequences=True, build=(None, 6, 4))
    last, their_last = both(kind, 2, build=(None, 6, 3))
    x = np.array([[3, 1, 4, 1, 0, 0], [0, 0, 5, 8, 2, 6], [0, 0, 0, 0, 0, 0]])
    expected = quiet(their_last, quiet(their_middle, second(torch.from_numpy(x))))
    np.testing.assert_allclose(last(middle(first(x))), expected.detach().numpy(), atol=3e-6)
