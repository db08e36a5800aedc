"""Models between tensors within a graph: they begin with an Input of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import layers


@pytest.fixture
def graph() -> dict[str, Any]:
    x = keras.Input((6, 2), name="x")
    a = layers.Dense(3, name="a")(x)
    b = layers.Dense(4, activation="relu", name="b")(a)
    c = layers.Add(name="add")([b, layers.Dense(4, name="c")(a)])
    y = layers.GlobalMaxPooling1D(name="pool")(c)
    return {"x": x, "a": a, "b": b, "c": c, "y": y}


def values(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_it_has_the_layers_between_them_alone(graph: dict[str, Any]) -> None:
    model = keras.Model(graph["a"], graph["y"])
    assert [type(layer).__name__ for layer in model.layers[:1]] == ["InputLayer"]
    assert {layer.name for layer in model.layers[1:]} == {"b", "c", "add", "pool"}
    assert model.count_params() == 2 * (3 * 4 + 4)


def test_parts_add_up_to_the_whole(graph: dict[str, Any]) -> None:
    whole = keras.Model(graph["x"], graph["y"])
    head, tail = keras.Model(graph["x"], graph["a"]), keras.Model(graph["a"], graph["y"])
    x = values(5, 6, 2)
    np.testing.assert_array_equal(
        tail.predict(head.predict(x, verbose=0), verbose=0), whole.predict(x, verbose=0)
    )


def test_tensors_and_inputs_mixed(graph: dict[str, Any]) -> None:
    shift = keras.Input((6, 4), name="shift")
    model = keras.Model([graph["b"], shift], graph["b"] * 2.0 + shift)
    b, s = values(3, 6, 4), values(3, 6, 4) + 1
    np.testing.assert_array_equal(model.predict([b, s], verbose=0), b * 2 + s)


def test_its_weights_are_shared(graph: dict[str, Any]) -> None:
    whole, tail = keras.Model(graph["x"], graph["y"]), keras.Model(graph["a"], graph["y"])
    tail.get_layer("b").set_weights([np.zeros((3, 4)), np.ones(4)])
    np.testing.assert_array_equal(whole.get_layer("b").get_weights()[1], np.ones(4))
    tail.compile("sgd", "mse")
    before = whole.get_layer("c").get_weights()[0].copy()
    tail.fit(values(4, 6, 3), values(4, 4), verbose=0)
    assert not np.array_equal(whole.get_layer("c").get_weights()[0], before)


def test_it_is_saved_and_loaded(graph: dict[str, Any], tmp_path: Path) -> None:
    model = keras.Model(graph["a"], (graph["y"], graph["c"]))
    model.save(tmp_path / "part.keras")
    loaded = keras.models.load_model(tmp_path / "part.keras")
    a = values(3, 6, 3)
    for found, expected in zip(loaded.predict(a, verbose=0), model.predict(a, verbose=0), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_outputs_keep_their_kind(graph: dict[str, Any]) -> None:
    model = keras.Model(graph["x"], (graph["y"], graph["c"]))
    again = keras.Model.from_config(model.get_config())
    assert type(model(values(1, 6, 2))) is type(again(values(1, 6, 2))) is tuple


def test_what_comes_from_nowhere_is_named(graph: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="outputs need 'x', which is not among inputs"):
        keras.Model(graph["b"], graph["y"])
    with pytest.raises(ValueError, match="comes from no layer; begin with Input"):
        keras.Model(keras.KerasTensor((None, 2)), graph["y"])
