"""What a training step keeps from the steps before, and what makes it ask again."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate.models.data_arrays import ArrayBatches

x = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
y = np.random.default_rng(1).standard_normal((6, 2)).astype(np.float32)


def made(kind: Any = keras.Sequential) -> Any:
    keras.utils.set_random_seed(3)
    model = kind([keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def test_a_step_is_that_of_the_tape_to_the_bit() -> None:
    model, other = made(), made()
    loss = keras.losses.MeanSquaredError()
    for _ in range(4):
        with keras.GradientTape() as tape:
            value = loss(y, other(x, training=True))
        other.optimizer.apply(tape.gradient(value, other.trainable_variables), other.trainable_variables)
        assert model.train_on_batch(x, y) == float(value)
    for mine, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_regularizer_that_comes_later_counts() -> None:
    model = made()
    plain = [model.test_on_batch(x, y) for _ in range(2)]
    assert plain[0] == plain[1]
    kernel = model.layers[0].kernel
    kernel.regularizer = keras.regularizers.L2(0.5)
    assert model.test_on_batch(x, y) == pytest.approx(plain[0] + 0.5 * np.sum(kernel.value**2))
    kernel.regularizer = None
    assert model.test_on_batch(x, y) == plain[0]


def test_layers_frozen_between_steps_stay() -> None:
    model = made()
    model.train_on_batch(x, y)
    model.layers[0].trainable = False
    before = model.get_weights()
    model.train_on_batch(x, y)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, False, True, True]


def test_results_of_ones_own_are_given() -> None:
    class Told:
        def get_metrics_result(self) -> dict[str, float]:
            return {"loss": 7.0}

    class Mine(Told, keras.Sequential):
        pass

    model = made(Mine)
    assert [model.train_on_batch(x, y), model.test_on_batch(x, y)] == [7.0, 7.0]
    assert model.train_on_batch(x, y, return_dict=True) == {"loss": 7.0}


def test_a_step_of_ones_own_gives_its_results() -> None:
    class Mine(keras.Sequential):
        def train_step(self, data: Any) -> dict[str, float]:
            return {"loss": 1.0, "mine": 2.0}

    assert made(Mine).train_on_batch(x, y, return_dict=True) == {"loss": 1.0, "mine": 2.0}


def test_metrics_of_a_compilation_come_with_it() -> None:
    model = made()
    assert isinstance(model.train_on_batch(x, y), float)
    model.compile("sgd", "mse", metrics=["mae"])
    assert len(model.train_on_batch(x, y)) == 2


def test_a_variable_given_twice_is_updated_twice() -> None:
    weight = keras.Variable(np.array([1.0]))
    optimizer = keras.optimizers.SGD(0.5, momentum=0.5)
    optimizer.build([weight, weight])
    optimizer.apply([np.array([1.0]), np.array([1.0])], [weight, weight])
    np.testing.assert_array_equal(weight.value, [1.0 - 0.5 - 0.75])


def test_shuffled_batches_share_an_array(monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[set[int]] = []
    take = ArrayBatches._take

    def taken(self: Any, array: Any, rows: Any, key: int) -> Any:
        batch = take(self, array, rows, key)
        places[-1].add(batch.__array_interface__["data"][0])
        return batch

    monkeypatch.setattr(ArrayBatches, "_take", taken)
    model = made()
    for epochs in (1, 3):
        places.append(set())
        model.fit(np.tile(x, (4, 1)), np.tile(y, (4, 1)), batch_size=6, epochs=epochs, verbose=0)
    assert [len(found) for found in places] == [2, 2]  # of x, of y


def test_steps_leave_nothing_to_collect() -> None:
    model = made()
    model.train_on_batch(x, y)
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            model.train_on_batch(x, y)
        assert gc.collect() == 0
    finally:
        gc.enable()
