"""Calls like an earlier one, which skip a layer's checks, are told from others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from own_layers import X

import foldgate as keras
from foldgate import layers
from foldgate.layers import Dense, Layer


def test_a_shape_that_was_seen_is_still_checked_when_another_comes() -> None:
    layer = Dense(4)
    for _ in range(3):
        assert layer(X).shape == (2, 4)
    with pytest.raises(ValueError, match=r"dense.*\(2, 5\).*expected 3 on axis -1"):
        layer(np.ones((2, 5), np.float32))
    with pytest.raises(ValueError, match="expected at least 2 axes"):
        layer(np.ones(3, np.float32))
    assert layer(X.astype(np.float64)).dtype == np.float32
    assert layer(X[:1]).shape == (1, 4)


def test_lists_that_were_seen_are_told_from_others() -> None:
    class Total(Layer):
        def call(self, inputs: Any) -> Any:
            return sum(inputs)

    layer = Total()
    for _ in range(3):
        assert layer([X, X]).dtype == np.float32
    assert layer([X.astype(np.float64), X]).dtype == np.float32
    assert layer([X[:1], X]).shape == (2, 3)
    assert layer([1.0, 2.0]) == 3.0
    assert layer([X, 1.0]).shape == (2, 3)
    symbolic = layer([keras.Input((3,)), keras.Input((3,))])
    assert symbolic.shape == (None, 3)
    with keras.GradientTape() as tape:
        x = tape.watch(X)
        loss = np.sum(layer([x, X]))
    np.testing.assert_array_equal(tape.gradient(loss, x), np.ones_like(X))


class Weighted(keras.layers.Layer):
    """Several arrays as arguments of their own."""

    def call(self, x: Any, y: Any, training: bool | None = None) -> Any:
        self.seen = training
        return x - 2 * y


def test_several_arrays_that_were_seen_are_told_from_others() -> None:
    layer, x, y = Weighted(), np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)
    for training in (None, True, False, None):
        given = {} if training is None else {"training": training}
        assert np.array_equal(layer(x, y, **given), x) and np.array_equal(layer(y, x, **given), -2 * x)
        assert layer.seen is bool(training)
    assert layer(x.astype(np.float64), y).dtype == np.float32  # another dtype is cast
    assert np.array_equal(layer(x[:1], y[:1]), x[:1]) and np.array_equal(layer(x, 0.5), x - 1)
    with pytest.raises(TypeError):
        layer(x, y, True, x)
    with keras.GradientTape() as tape:
        variable = keras.Variable(x)
        loss = np.sum(layer(x, variable))
    assert np.array_equal(tape.gradient(loss, variable), -2 * x)


def test_a_mask_elsewhere_leaves_other_layers_alone() -> None:
    masked = keras.layers.Masking()(np.array([[[1.0], [0.0]]], np.float32))
    lstm, x = keras.layers.LSTM(2), np.ones((1, 2, 1), np.float32)
    before = lstm(x)
    assert np.array_equal(lstm(x), before)  # as one that was seen
    assert not np.array_equal(lstm(masked), before) and np.array_equal(lstm(masked), lstm(x[:, :1]))


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (layers.Conv2D(2, 3), np.ones((1, 5, 5, 2))),
        (layers.LSTM(2), np.ones((1, 5, 2))),
        (layers.GlobalMaxPooling1D(), keras.Input((5, 2))),
    ],
)
def test_an_unknown_keyword_names_the_class_that_was_called(layer: Any, x: Any) -> None:
    kind = type(layer).__name__
    with pytest.raises(
        TypeError, match=f"{kind} '{layer.name}': call got an unknown argument 'foo'; expected"
    ):
        layer(x, foo=1)
