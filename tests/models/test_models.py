"""Sequential, functional and subclassed models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from graph_models import Mean, X, branches, by_hand, stack

import foldgate as keras
from foldgate import _masks
from foldgate.layers import Dense, Identity, Input, Layer


class Split(Layer):
    def call(self, inputs: Any) -> Any:
        return inputs[:, :1], {"rest": inputs[:, 1:]}

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], 1), {"rest": (input_shape[0], input_shape[1] - 1)}


def test_a_sequential_is_its_layers() -> None:
    model = stack()
    assert model.built and model.input_shape == (None, 3) and model.output_shape == (None, 2)
    np.testing.assert_array_equal(model(X), model.layers[1](model.layers[0](X)))
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Dense"]
    assert model.count_params() == 26


def test_a_sequential_without_an_input_is_built_by_the_first_call() -> None:
    model = keras.Sequential([Dense(4), Dense(2)])
    assert not model.built and model.weights == []
    with pytest.raises(AttributeError, match="before the model is built"):
        _ = model.inputs
    assert model(X).shape == (2, 2) and model.built
    assert model(X[:1]).shape == (1, 2)
    by_shape = keras.Sequential([Dense(4, input_shape=(3,)), Dense(2)])
    assert by_shape.built and by_shape.input_shape == (None, 3)
    by_build = keras.Sequential([Dense(4)])
    by_build.build((None, 5))
    assert by_build.count_params() == 24


def test_adding_and_popping() -> None:
    model = keras.Sequential()
    model.add(Input((3,)))
    model.add(Dense(4))
    model.add(Dense(2))
    assert model(X).shape == (2, 2)
    assert model.pop().units == 2
    assert model(X).shape == (2, 4) and model.output_shape == (None, 4)
    with pytest.raises(ValueError, match="Input must come first"):
        model.add(Input((3,)))
    with pytest.raises(ValueError, match="expected a layer"):
        model.add("dense")
    with pytest.raises(ValueError, match="names must differ"):
        model.add(Dense(1, name=model.layers[0].name))
    with pytest.raises(ValueError, match="there are no layers"):
        keras.Sequential().build((None, 3))


def test_a_sequential_that_begins_with_a_built_model_is_built() -> None:
    base = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 3)])
    model = keras.Sequential([base, keras.layers.Flatten(), Dense(1)])
    assert model.built and model.count_params() == base.count_params() + 9
    unbuilt = keras.Sequential([keras.Sequential([Dense(2)]), Dense(1)])
    assert not unbuilt.built


def test_a_graph_computes_what_its_layers_do() -> None:
    model = branches()
    b = X[::-1].copy()
    for found, expected in zip(model([X, b]), by_hand(model, X, b), strict=True):
        np.testing.assert_array_equal(found, expected)
    for found, expected in zip(model({"a": X, "b": b}), by_hand(model, X, b), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert model.output_shape == [(None, 3), (None, 1)]
    assert model.compute_output_shape([(5, 3), (5, 3)]) == [(5, 3), (5, 1)]
    assert model.input_names == ["a", "b"] and model.output_names == ["inner", "head"]


def test_gradients_reach_every_weight_of_a_graph() -> None:
    model = branches()
    with keras.GradientTape() as tape:
        first, second = model([X, X])
        loss = np.sum(first * first) + np.sum(second)
    gradients = tape.gradient(loss, model.trainable_weights)
    assert all(g is not None and np.any(g) for g in gradients)
    assert len(gradients) == 6


def test_nested_outputs_and_dicts() -> None:
    a = Input((3,), name="a")
    first, rest = Split()(a)
    model = keras.Model(a, {"first": first, "rest": rest["rest"]})
    out = model(X)
    np.testing.assert_array_equal(out["first"], X[:, :1])
    np.testing.assert_array_equal(out["rest"], X[:, 1:])


def test_parts_of_a_model_make_models() -> None:
    model = branches()
    part = keras.Model(model.inputs, model.get_layer("mean").output)
    np.testing.assert_array_equal(part([X, X]), model.get_layer("shared")(X))
    tail = keras.Model(model.get_layer("mean").output, model.get_layer("head").output)
    np.testing.assert_array_equal(tail(X), model.get_layer("head")(X))


class Subclassed(keras.Model):
    def __init__(self, units: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = Dense(units)
        self.tail = [Dense(2), Identity()]

    def call(self, inputs: Any, training: Any = None) -> Any:
        x = self.first(inputs)
        for layer in self.tail:
            x = layer(x)
        return x if training else -x


def test_a_subclassed_model() -> None:
    model = Subclassed(5)
    np.testing.assert_array_equal(model(X), -model(X, training=True))
    assert len(model.layers) == 3 and len(model.weights) == 4 and model.count_params() == 32
    assert model.get_config()["units"] == 5
    built = Subclassed()
    built.build((None, 3))
    assert built.built and built.count_params() == 26
    symbolic = Subclassed()
    outputs = symbolic(Input((3,)))
    assert outputs.shape == (None, 2)
    with pytest.raises(NotImplementedError, match="call is not written"):
        keras.Model()(X)


def test_a_subclass_of_inputs_and_outputs() -> None:
    class Named(keras.Model):
        def __init__(self, units: int) -> None:
            inputs = Input((3,))
            super().__init__(inputs=inputs, outputs=Dense(units)(inputs), name="named")
            self.units = units

        def twice(self, x: Any) -> Any:
            return 2 * self(x)

    model = Named(4)
    np.testing.assert_array_equal(model.twice(X), 2 * model(X))
    assert isinstance(model, Named) and model.output_shape == (None, 4) and model.name == "named"


def test_inputs_are_fitted() -> None:
    model = keras.Model(inputs=(a := Input((3, 1))), outputs=Identity()(a))
    assert model(X).shape == (2, 3, 1)
    assert model(X.astype(np.float64)).dtype == np.float32
    ids = keras.Model(inputs=(i := Input((3,), dtype="int32")), outputs=Identity()(i))
    assert ids(X).dtype == np.int32
    with pytest.raises(ValueError, match=r"has shape \(2, 4, 1\); expected \(None, 3, 1\)"):
        model(np.ones((2, 4, 1)))
    with pytest.raises(ValueError, match=r"has shape \(2,\); expected \(None, 3, 1\)"):
        model(np.ones(2))
    two = branches()
    with pytest.raises(ValueError, match="holds 1 arrays; expected 2"):
        two(X)
    with pytest.raises(ValueError, match="'b' is missing"):
        two({"a": X})


def test_wrong_graphs() -> None:
    a, b = Input((3,), name="a"), Input((3,), name="b")
    with pytest.raises(ValueError, match="'b', which is not among inputs"):
        keras.Model(a, Mean()([a, b]))
    with pytest.raises(ValueError, match="comes from no layer"):
        keras.Model(a, Identity()(keras.KerasTensor((None, 3))))
    with pytest.raises(ValueError, match="two layers are called 'same'"):
        keras.Model(a, Dense(1, name="same")(Dense(1, name="same")(a)))
    with pytest.raises(ValueError, match="expected 3 on axis -1"):
        dense = Dense(1)
        dense(a)
        dense(Input((4,)))


def test_masks_run_through_a_model() -> None:
    class Marks(Layer):
        def call(self, inputs: Any) -> Any:
            return inputs + 0

        def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
            return inputs[:, 0] > 0

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape

    model = keras.Sequential([Input((3,)), Marks(), Dense(2), Identity()])
    assert _masks.get_mask(model(X)).tolist() == [False, True]
    assert _masks.get_mask(keras.Sequential([Input((3,)), model, Identity()])(X)).tolist() == [False, True]


def test_training_goes_through_a_model() -> None:
    class Flag(Layer):
        def call(self, inputs: Any, training: Any = None) -> Any:
            return inputs + (1 if training else 0)

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape

    inner = keras.Sequential([Input((3,)), Flag(), Flag()])
    a = Input((3,))
    model = keras.Model(a, Flag()(inner(a)))
    fixed = keras.Model(a, Flag()(inner(a, training=True)))
    for _ in range(2):
        assert model(X * 0).max() == 0 and model(X * 0, training=True).max() == 3
        assert fixed(X * 0).max() == 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda a, b: np.clip(a, b, None), "clip: a_min"),
        (lambda a, b: np.clip(a, 0.0, a_max=b), "clip: a_max"),
        (lambda a, b: np.repeat(a, b, axis=1), "repeat: repeats"),
    ],
)
def test_options_of_functions_are_no_tensors(call: Any, words: str) -> None:
    a, b = keras.Input((3,)), keras.Input((3,))
    with pytest.raises(TypeError, match=rf"^{words} is a KerasTensor; expected values that are known"):
        call(a, b)
