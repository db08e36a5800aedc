"""A chain's layers that have been called before are called by `call` alone, until something changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate.layers._calling import REMEMBERED
from foldgate.layers.layer import Layer


def chain(*more: Any) -> Any:
    keras.utils.set_random_seed(5)
    first = [keras.Input((4, 4, 1)), keras.layers.Conv2D(3, 3), keras.layers.MaxPooling2D(2)]
    return keras.Sequential([*first, keras.layers.Flatten(), keras.layers.Dense(2), *more])


def images(count: int = 2) -> Any:
    return np.random.default_rng(count).standard_normal((count, 4, 4, 1)).astype(np.float32)


def called_by(model: Any, x: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of those that `Layer.__call__` is asked of."""
    names: list[str] = []
    ask: Callable[..., Any] = Layer.__call__

    def asked(self: Any, *args: Any, **kwargs: Any) -> Any:
        names.append(type(self).__name__)
        return ask(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Layer, "__call__", asked)
        model(x)
    return names


def test_layers_are_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = chain(), images()
    first = model(x)
    for _ in range(3):
        np.testing.assert_array_equal(model(x), first)
    assert called_by(model, x, monkeypatch) == ["Sequential"]
    other = images(3)
    np.testing.assert_array_equal(model(other), model.predict(other, verbose=0))


def test_what_may_give_another_shape_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(keras.layers.Dense):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) + 1.0

    model, x = chain(Own(3), keras.layers.Dense(2, activation=np.square), keras.layers.Dense(2)), images()
    first = model(x)
    for _ in range(3):
        np.testing.assert_array_equal(model(x), first)
    assert called_by(model, x, monkeypatch) == ["Sequential", "Own", "Dense", "Dense"]


def test_changes_are_seen() -> None:
    model, x = chain(), images()
    dense = model.layers[-1]
    before = [model(x) for _ in range(3)][-1]
    dense.bias.assign(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(model(x), before + np.array([1.0, 2.0], np.float32))
    dense.kernel = keras.layers.Weight(np.zeros(dense.kernel.shape, np.float32))
    np.testing.assert_array_equal(model(x), np.broadcast_to(np.float32([1.0, 2.0]), (2, 2)))
    dense.activity_regularizer = keras.regularizers.L2(0.5)
    model(x)
    assert float(model.losses[0]) == pytest.approx(2.5)
    dense.call = lambda inputs, training=None: inputs * 0.0
    assert model(x).shape == (2, 3)
    del dense.call
    assert model(x).shape == (2, 2)
    model.add(keras.layers.Dense(5))
    assert [model(x).shape for _ in range(3)] == [(2, 5)] * 3


def test_masks_go_the_long_way() -> None:
    layers = keras.layers
    inputs = keras.Input((3, 2))
    model = keras.Model(inputs, layers.Dense(2)(layers.Dense(2)(inputs)))
    x = np.ones((1, 3, 2), np.float32)
    for _ in range(3):
        model(x)
    masked = layers.Masking()(x * np.float32([[[0.0], [1.0], [0.0]]]))
    from foldgate import _masks

    np.testing.assert_array_equal(_masks.get_mask(model(masked)), [[False, True, False]])


def test_the_shapes_that_are_kept_are_bounded() -> None:
    model = chain()
    for count in range(1, REMEMBERED + 10):
        for _ in range(3):
            model(images(count))
    assert 0 < len(model._functional._direct._known) <= REMEMBERED


def test_gradients_are_those_of_the_layers_themselves() -> None:
    model, x = chain(), images()
    found = []
    for run in (model, lambda x: [x := layer(x) for layer in model.layers][-1]):
        for _ in range(3):
            with keras.GradientTape() as tape:
                loss = np.sum(np.square(run(x)))
            gradients = tape.gradient(loss, model.trainable_variables)
        found.append(gradients)
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, theirs)
