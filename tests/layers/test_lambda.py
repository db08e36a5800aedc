"""A function as a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import _masks, layers

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@keras.saving.register_keras_serializable(package="tests_of_lambda")
def scaled(x: Any, by: float = 2.0) -> Any:
    return x * by


def test_a_result_of_another_shape() -> None:
    x = keras.Input((3, 4))
    model = keras.Model(x, layers.Dense(2)(layers.Lambda(lambda t: t[:, -1])(x)))
    assert model.layers[1].output.shape == (None, 4)
    assert model.predict(X, verbose=0).shape == (2, 2)


@pytest.mark.parametrize("shape", [(4,), lambda shape: (shape[0], shape[2])])
def test_an_output_shape_that_is_given_is_believed(shape: Any) -> None:
    calls = []

    def function(x: Any) -> Any:
        calls.append(x)
        return x[:, 0]

    layer = layers.Lambda(function, output_shape=shape)
    assert layer(keras.Input((3, 4))).shape == (None, 4) and not calls
    np.testing.assert_array_equal(layer(X), X[:, 0])


def test_gradients_pass_through() -> None:
    with keras.GradientTape() as tape:
        x = tape.watch(X)
        loss = np.sum(layers.Lambda(lambda t: t * t)(x))
    np.testing.assert_array_equal(tape.gradient(loss, x), 2 * X)


def test_arguments_training_and_mask_go_to_who_asks() -> None:
    def function(x: Any, by: float, training: bool, mask: Any) -> Any:
        return by, training, mask

    layer = layers.Lambda(function, mask=lambda inputs, mask: mask, arguments={"by": 3.0})
    mask = np.ones((2, 3), bool)
    by, training, found = layer.call(X, mask=mask, training=True)
    assert (by, training) == (3.0, True) and found is mask


def test_a_mask_ends_here_unless_one_is_given() -> None:
    mask = np.array([[True, True, False]] * 2)
    x = layers.Masking()(X * mask[..., None])
    with pytest.warns(UserWarning, match="does not support masking"):
        y = layers.Lambda(lambda t: t + 1)(x)
    assert _masks.get_mask(y) is None
    kept = layers.Lambda(lambda t: t + 1, mask=lambda inputs, mask: mask)(x)
    np.testing.assert_array_equal(_masks.get_mask(kept), _masks.get_mask(x))


def test_a_registered_function_is_saved_by_name(tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((4,)), layers.Lambda(scaled, arguments={"by": 4.0}), layers.Dense(2)]
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(X[0], verbose=0), model.predict(X[0], verbose=0))


def test_a_lambda_keeps_its_weights_but_is_not_saved(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x / 2), layers.Dense(2)])
    with pytest.raises(ValueError, match="a lambda has no name to write"):
        model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    model.load_weights(tmp_path / "model.weights.h5")


def test_a_files_code_is_not_run() -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None, "closure": None}}
    with pytest.raises(ValueError, match="__lambda__"):
        layers.Lambda.from_config({"name": "x", "function": code, "arguments": {}})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"function": 3}, "function is 3"),
        ({"function": scaled, "arguments": 3}, "arguments is 3; expected a dict"),
        ({"function": scaled, "mask": 3}, "mask is 3; expected None, an array or a function"),
    ],
)
def test_wrong_use(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        layers.Lambda(**arguments)
