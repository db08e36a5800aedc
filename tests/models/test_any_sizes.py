"""A Sequential without an Input takes its first batch's sizes to build its layers, not as the only ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import layers


def ones(*shape: int) -> Any:
    return np.ones(shape, np.float32)


def recurrent() -> keras.Sequential:
    model = keras.Sequential([layers.LSTM(3), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_sequences_of_other_lengths() -> None:
    model = recurrent()
    batches = [(ones(2, steps, 4), ones(2, 1)) for steps in (5, 7, 3)]
    model.fit(iter(batches), verbose=0)
    assert model.predict(ones(3, 11, 4), verbose=0).shape == (3, 1)


def test_images_of_other_sizes() -> None:
    model = keras.Sequential(
        [
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(4, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    big, small = np.random.default_rng(0).normal(size=(2, 1, 12, 14, 3)).astype(np.float32), ones(1, 6, 8, 3)
    first = model(small)
    expected = model(big[0])
    other = keras.Sequential([keras.Input((None, None, 3)), *model.layers])
    np.testing.assert_array_equal(other(big[0]), expected)
    np.testing.assert_array_equal(model(small), first)


def test_a_loaded_model_takes_them_too(tmp_path: Path) -> None:
    model = recurrent()
    model.fit(ones(2, 5, 4), ones(2, 1), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        loaded.predict(ones(2, 9, 4), verbose=0), model.predict(ones(2, 9, 4), verbose=0)
    )
    copied = keras.models.clone_model(model)
    copied.set_weights(model.get_weights())
    np.testing.assert_array_equal(copied(ones(2, 9, 4)), model(ones(2, 9, 4)))


def test_layers_still_ask_for_what_they_need() -> None:
    model = recurrent()
    model(ones(2, 5, 4))
    with pytest.raises(ValueError, match="lstm"):
        model(ones(2, 5, 6))


def test_an_input_says_the_sizes() -> None:
    model = keras.Sequential([keras.Input((5, 4)), layers.LSTM(3)])
    with pytest.raises(ValueError, match=r"has shape \(2, 7, 4\); expected \(None, 5, 4\)"):
        model(ones(2, 7, 4))
