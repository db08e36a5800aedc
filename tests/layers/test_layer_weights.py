"""A layer's weights: their order, freezing, setting and storing them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from own_layers import Block, Scale, X

import foldgate as keras
from foldgate.layers import Dense


def test_weights_of_lists_and_dicts_in_the_order_of_assignment() -> None:
    block = Block(name="block")
    block(X)
    owners = [*block.steps, block.named["a"], block.last]
    assert [id(w) for w in block.weights] == [id(owner.scale) for owner in owners]
    assert len(block.trainable_weights) == 3 and len(block.non_trainable_weights) == 1
    assert block.count_params() == 12
    block.trainable = False
    assert block.trainable_weights == [] and len(block.non_trainable_weights) == 4
    assert not block.steps[0].trainable and not block.steps[0].scale.trainable
    block.trainable = True
    assert len(block.trainable_weights) == 4
    assert block.steps[0].scale.path == "block/scale/scale" or "/scale" in block.steps[0].scale.path


def test_tapes_do_not_watch_frozen_weights() -> None:
    frozen, free = Dense(3), Dense(2)
    free(frozen(X))
    before = frozen.get_weights()
    frozen.trainable = False
    with keras.GradientTape() as tape:
        x = tape.watch(X)
        loss = np.sum(free(frozen(x)))
    assert {id(v) for v in tape.watched_variables()} == {id(free.kernel), id(free.bias)}
    dx, dkernel = tape.gradient(loss, [x, frozen.kernel])
    expected = frozen.kernel.numpy() @ free.kernel.numpy().sum(1)
    np.testing.assert_allclose(dx, expected[None] * np.ones_like(X), rtol=1e-5, atol=1e-6)
    assert dkernel is None
    frozen.trainable = True
    with keras.GradientTape() as tape:
        loss = np.sum(frozen(X))
    assert tape.gradient(loss, frozen.kernel) is not None
    for a, b in zip(before, frozen.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_set_weights_checks_before_it_writes() -> None:
    layer = Scale()
    layer(X)
    with pytest.raises(ValueError, match="expected 1"):
        layer.set_weights([])
    with pytest.raises(ValueError, match=r"\(2,\).*scale.*\(3,\)"):
        layer.set_weights([np.ones(2)])
    layer.set_weights([np.array([1, 2, 3])])
    np.testing.assert_array_equal(layer.get_weights()[0], [1, 2, 3])
    assert layer.get_weights()[0].dtype == np.float32


def test_a_variable_is_a_weight() -> None:
    layer = keras.layers.Layer()
    counter = layer.add_variable((2,), initializer="ones", trainable=False, name="counter")
    assert layer.non_trainable_weights == [counter] and counter.numpy().tolist() == [1, 1]


def test_own_variables_are_stored_by_number() -> None:
    layer, other, store = Dense(2), Dense(2), dict[str, Any]()
    layer(X)
    other(X)
    layer.save_own_variables(store)
    assert {name: value.shape for name, value in store.items()} == {"0": (3, 2), "1": (2,)}
    other.load_own_variables(store)
    np.testing.assert_array_equal(other(X), layer(X))
    with pytest.raises(ValueError, match="found 1 saved variables; expected 2"):
        other.load_own_variables({"0": store["0"]})
    with pytest.raises(ValueError, match="has not been built"):
        Dense(2).load_own_variables(store)


def test_a_weight_keeps_its_own() -> None:
    layer = Dense(2, kernel_regularizer="l2", name="d")
    layer(X)
    for made in (copy.deepcopy(layer.kernel), pickle.loads(pickle.dumps(layer.kernel))):
        np.testing.assert_array_equal(made.numpy(), layer.kernel.numpy())
        assert made.path == "d/kernel" and made.regularizer is not None
        made.assign(made.numpy() + 1)
        assert not np.array_equal(made.numpy(), layer.kernel.numpy())
