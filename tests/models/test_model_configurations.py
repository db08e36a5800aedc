"""Models as configurations and clones, and their layers by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from graph_models import X, branches, stack

import foldgate as keras
from foldgate.layers import Dense


@pytest.mark.parametrize("make", [stack, branches])
def test_configurations_come_back(make: Any) -> None:
    model = make()
    text = model.to_json()
    again = keras.models.model_from_json(text)
    assert json.loads(again.to_json()) == json.loads(text)
    again.set_weights(model.get_weights())
    inputs = [X, X] if make is branches else X
    for found, expected in zip(again(inputs), model(inputs), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert [w.name for w in again.weights] == [w.name for w in model.weights]


@pytest.mark.parametrize("make", [stack, branches])
def test_clones_share_nothing(make: Any) -> None:
    model = make()
    copy = keras.models.clone_model(model)
    assert not {id(w) for w in copy.weights} & {id(w) for w in model.weights}
    assert [w.shape for w in copy.weights] == [w.shape for w in model.weights]
    copy.set_weights(model.get_weights())
    inputs = [X, X] if make is branches else X
    for found, expected in zip(copy(inputs), model(inputs), strict=True):
        np.testing.assert_array_equal(found, expected)
    doubled = keras.models.clone_model(
        stack(), clone_function=lambda layer: Dense(2 * layer.units, name=layer.name)
    )
    assert doubled.output_shape == (None, 4)


def test_a_clone_is_compiled_where_the_model_is() -> None:
    model = keras.Sequential([keras.Input((3,)), Dense(2)])
    assert not keras.models.clone_model(model).compiled
    model.compile(keras.optimizers.SGD(0.25), "mae")
    copy = keras.models.clone_model(model)
    assert copy.optimizer is not model.optimizer and float(copy.optimizer.learning_rate) == 0.25
    assert copy.loss == "mae"


def test_a_configuration_with_a_missing_call_is_refused() -> None:
    config = json.loads(json.dumps(branches().get_config()))
    config["layers"] = [layer for layer in config["layers"] if layer["name"] != "mean"]
    with pytest.raises(ValueError, match="'mean' is not in the configuration"):
        keras.Model.from_config(config)
    config = json.loads(json.dumps(branches().get_config()))
    for layer in config["layers"]:
        for call in layer["inbound_nodes"]:
            if layer["name"] == "mean":
                call["args"][0][0]["config"]["keras_history"][1] = 7
    with pytest.raises(ValueError, match="reads from a call that is not in the configuration"):
        keras.Model.from_config(config)


def test_getting_layers() -> None:
    model = stack(name="m")
    assert model.get_layer(index=-1) is model.layers[1]
    for arguments, words in [
        ({}, "expected one of them"),
        ({"name": "x", "index": 1}, "expected one of them"),
        ({"index": 2}, "there are 2 layers"),
        ({"name": "x"}, "m: get_layer: no layer is called 'x'; expected one of dense"),
    ]:
        with pytest.raises(ValueError, match=words):
            model.get_layer(**arguments)


def test_freezing_a_model() -> None:
    model = branches()
    model.get_layer("inner").trainable = False
    assert len(model.trainable_weights) == 4 and len(model.non_trainable_weights) == 2
    model.trainable = False
    assert model.trainable_weights == [] and not model.get_layer("shared").kernel.trainable
    model.trainable = True
    assert len(model.trainable_weights) == 6
