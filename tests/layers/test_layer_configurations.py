"""Layers as configurations, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from own_layers import Scale, X

import foldgate as keras
from foldgate.layers import Dense, Identity, InputSpec, Layer


def test_configuration_of_a_subclass() -> None:
    layer = Scale(3.0, name="s", trainable=False)
    config = layer.get_config()
    assert config["factor"] == 3.0 and config["name"] == "s" and not config["trainable"]
    again = Scale.from_config(config)
    assert again.factor == 3.0 and not again.trainable

    class Odd(Layer):
        def __init__(self, thing: Any) -> None:
            super().__init__()

    with pytest.raises(NotImplementedError, match="thing is object"):
        Odd(object()).get_config()


def test_registered_classes_come_back() -> None:
    @keras.saving.register_keras_serializable("tests")
    class Mine(Scale):
        pass

    layer = Mine(4.0)
    layer(X)
    written = keras.saving.serialize_keras_object(layer)
    assert written["registered_name"] == "tests>Mine"
    again = keras.saving.deserialize_keras_object(written)
    assert type(again) is Mine and again.factor == 4.0 and again.built
    with pytest.raises(ValueError, match=r"'Scale'.*not known"):
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(Scale()))
    back = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(Scale(5.0)), custom_objects={"Scale": Scale}
    )
    assert back.factor == 5.0


@pytest.mark.parametrize("name", ["__lambda__", "__typespec__"])
def test_what_could_run_code_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="may run code"):
        keras.saving.deserialize_keras_object({"class_name": name, "config": {"value": "x"}})


@pytest.mark.parametrize("module", ["os", "keras.utils", "keras.src.saving", "builtins"])
def test_only_classes_of_the_rooms_are_found(module: str) -> None:
    config = {"module": module, "class_name": "system", "config": {}, "registered_name": None}
    with pytest.raises(ValueError, match="not known"):
        keras.saving.deserialize_keras_object(config)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"colour": 1}, "Identity.*unknown argument 'colour'"),
        ({"dtype": "float16"}, "dtype is 'float16'"),
        ({"dtype": "mixed_float16"}, "dtype is 'mixed_float16'"),
        ({"name": "a/b"}, "name is 'a/b'"),
        ({"trainable": 1}, "trainable is 1"),
    ],
)
def test_wrong_arguments_of_a_layer(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Identity(**arguments)


@pytest.mark.parametrize("units", [0, -1, 1.5, True, "4", None])
def test_wrong_units(units: Any) -> None:
    with pytest.raises(ValueError, match="Dense: units is"):
        Dense(units)


def test_wrong_inputs() -> None:
    layer = Identity()
    layer.input_spec = InputSpec(ndim=3, axes={1: 4})
    with pytest.raises(ValueError, match="expected 3 axes"):
        layer(X)
    with pytest.raises(ValueError, match="expected 4 on axis 1"):
        layer(X[None])
    layer.input_spec = [InputSpec(ndim=2), InputSpec(shape=(None, 4))]
    with pytest.raises(ValueError, match="holds 1 arrays; expected 2"):
        layer(X)
    with pytest.raises(ValueError, match=r"inputs\[1\] has shape \(2, 3\); expected \(None, 4\)"):
        layer([X, X])
    with pytest.raises(TypeError, match="at most"):
        Dense(2)(X, X, X)
