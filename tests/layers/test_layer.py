"""The base class: building, training and masks passed on, losses, names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from own_layers import Block, Scale, X

import foldgate as keras
from foldgate import _masks
from foldgate.layers import Dense, Identity, Layer


def test_a_call_builds_and_arrays_give_arrays() -> None:
    layer = Scale()
    assert not layer.built and layer.weights == []
    y = layer(X)
    assert layer.built and type(y) is np.ndarray and y.dtype == np.float32
    np.testing.assert_array_equal(y, 2 * X)
    assert [w.name for w in layer.weights] == ["scale"]
    assert layer.get_build_config() == {"input_shape": (2, 3)}


def test_build_is_told_the_shapes_that_it_asks_for() -> None:
    class Weighs(Layer):
        def build(self, inputs_shape: Any, attention_mask_shape: Any = None) -> None:
            self.seen = inputs_shape, attention_mask_shape

        def call(self, inputs: Any, attention_mask: Any = None, mask: Any = None) -> Any:
            return inputs

    layer = Weighs()
    layer.supports_masking = True
    layer(X.copy(), attention_mask=np.ones((2, 1), np.float32), mask=np.ones(2, bool))
    assert layer.seen == ((2, 3), (2, 1))


def test_an_input_layer_takes_numpys_sizes_and_its_older_argument() -> None:
    assert keras.layers.InputLayer(shape=(np.int64(3), None)).batch_shape == (None, 3, None)
    with pytest.warns(UserWarning, match="input_shape is deprecated; use shape"):
        first = keras.layers.InputLayer(input_shape=(3,))
    assert keras.Sequential([first, Dense(2)]).count_params() == 8


def test_a_tape_records_weights_and_inputs() -> None:
    layer = Scale()
    with keras.GradientTape() as tape:
        x = tape.watch(X)
        y = layer(x)
        assert isinstance(y, keras.Tensor)
        loss = np.sum(y)
    dx, dscale = tape.gradient(loss, [x, layer.scale])
    np.testing.assert_array_equal(dx, np.full_like(X, 2.0))
    np.testing.assert_array_equal(dscale, 2 * X.sum(0))


@pytest.mark.parametrize(
    ("given", "layer_dtype", "expected"),
    [
        (np.float64, "float32", np.float32),
        (np.float32, "float64", np.float64),
        (np.float16, "float32", np.float32),
        (np.int32, "float32", np.int32),
        (np.bool_, "float32", np.bool_),
    ],
)
def test_autocast(given: Any, layer_dtype: str, expected: Any) -> None:
    assert Identity(dtype=layer_dtype)(np.ones((2, 2), given)).dtype == expected
    assert Identity(dtype=layer_dtype, autocast=False)(np.ones((2, 2), given)).dtype == given


def test_numbers_and_lists_become_arrays() -> None:
    assert Identity()([[1.0, 2.0]]).dtype == np.float32
    assert Identity()(1.5) == np.float32(1.5)
    parts = Identity()([X, X])
    assert isinstance(parts, list) and all(type(part) is np.ndarray for part in parts)


def test_training_goes_from_the_outermost_call_inwards() -> None:
    block = Block()
    cases = [({}, False), ({"training": True}, True), ({"training": False}, False), ({}, False)]
    for given, expected in cases:
        block(X, **given)
        assert block.steps[0].calls[-1][0] is expected
        assert block.last.calls[-1][0] is expected
    scale = Scale()
    scale(X, training=True)
    scale(X)
    assert [training for training, _ in scale.calls] == [True, False]


def test_a_training_default_counts_at_the_outside() -> None:
    class Trains(Layer):
        def call(self, inputs: Any, training: bool = True) -> Any:
            return inputs if training else -inputs

    layer = Trains()
    for _ in range(2):
        np.testing.assert_array_equal(layer(X), X)
    np.testing.assert_array_equal(layer(X, training=False), -X)


def test_masks_are_passed_on_and_end_where_they_are_not_supported() -> None:
    layer, mask = Scale(), np.array([True, False])
    layer.supports_masking = True
    x = X.copy()
    layer(x)
    assert layer.calls[-1][1] is None
    _masks.set_mask(x, mask)
    y = layer(x)
    assert layer.calls[-1][1] is mask and _masks.get_mask(y) is mask
    other = Block()
    with pytest.warns(UserWarning, match="does not support masking"):
        z = other(y)
    assert _masks.get_mask(z) is None
    del x, y
    assert not _masks.kept


def test_a_layer_that_makes_masks() -> None:
    class Positive(Layer):
        def call(self, inputs: Any) -> Any:
            return inputs + 0

        def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
            return np.any(inputs > 0, axis=-1)

    layer = Positive()
    for _ in range(2):
        assert _masks.get_mask(layer(X)).tolist() == [True, True]


def test_losses_of_a_call_are_forgotten_by_the_next() -> None:
    class Inner(Layer):
        def call(self, inputs: Any) -> Any:
            self.add_loss(np.float32(1.0))
            return inputs

    class Outer(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()
            self.dense = Dense(2, kernel_regularizer="l2", activity_regularizer="l1")

        def call(self, inputs: Any) -> Any:
            return self.dense(self.inner(self.inner(inputs)))

    layer = Outer()
    for _ in range(3):
        layer(X)
        assert len(layer.losses) == 4
    with keras.GradientTape() as tape:
        layer(X)
        loss = layer.losses[-1]
    assert tape.gradient(loss, layer.dense.kernel) is not None
    with pytest.raises(ValueError, match="add_loss"):
        layer.add_loss("one")


def test_names_count_from_the_clean_slate() -> None:
    keras.backend.clear_session()
    assert [Dense(1).name, Dense(1).name, Scale().name] == ["dense", "dense_1", "scale"]
    assert Dense(1, name="mine").name == "mine"


@pytest.mark.parametrize("dtype", ["object", "complex64", "U3", "datetime64[s]"])
@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Dense(2),
        keras.layers.Conv1D(2, 1),
        keras.layers.LSTM(2),
        keras.layers.Embedding(3, 2),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
        keras.layers.Bidirectional(keras.layers.GRU(2)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_inputs_that_are_no_real_numbers(layer: Any, dtype: str) -> None:
    x = np.ones((2, 3, 4)).astype("int64").astype(dtype)
    with pytest.raises(TypeError, match=rf"{layer.name}: inputs have dtype .*; expected real numbers"):
        layer(x)


@pytest.mark.parametrize("inputs", [None, "text", object()])
@pytest.mark.parametrize(
    "made",
    [
        lambda: keras.layers.Dropout(0.5),
        lambda: keras.layers.Embedding(5, 3),
        lambda: keras.layers.Reshape((6,)),
        lambda: keras.layers.LayerNormalization(),
        lambda: keras.layers.TimeDistributed(keras.layers.Dense(2)),
    ],
)
def test_what_is_no_array_is_refused(made: Any, inputs: Any) -> None:
    layer = made()
    for _ in range(2):  # before it is built, and after
        with pytest.raises(TypeError, match=rf"^{layer.name}: inputs is .*; expected an array"):
            layer(inputs)
        layer(np.ones((2, 3, 2), np.float32))


def test_what_is_no_array_among_several_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^add.*: inputs is 'text'; expected an array"):
        keras.layers.Add()([np.ones((2, 3)), "text"])


def test_a_layer_of_ones_own_takes_what_it_likes() -> None:
    class Lengths(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return np.array([[len(text)] for text in x.ravel()], np.float32)

    texts = np.array([["a"], ["abc"]])
    np.testing.assert_array_equal(Lengths()(texts), [[1], [3]])
    np.testing.assert_array_equal(keras.layers.Lambda(lambda x: x * 1j)(np.ones(2) * 1j), [-1, -1])


def test_metrics_are_those_of_a_layer_and_of_its_layers() -> None:
    class Around(Layer):
        def __init__(self, inner: Any = None) -> None:
            super().__init__()
            self.mean, self.inner = keras.metrics.Mean(), inner

    inner = Around()
    outer = Around(inner)
    assert outer.metrics == [outer.mean, inner.mean] and Dense(1).metrics == []


class Counting(Layer):
    """Counts its calls, and says no shape."""

    def build(self, input_shape: Any) -> None:
        self.calls = self.add_weight((), "ones", trainable=False, name="calls")

    def call(self, inputs: Any) -> Any:
        self.calls.assign_add(1.0)
        self.add_loss(np.sum(inputs))
        return inputs * self.calls


class AroundCounting(Layer):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Counting()

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)


@pytest.mark.parametrize("kind", [Counting, AroundCounting])
def test_a_layer_is_as_before_when_it_was_tried_for_its_shape(kind: Any) -> None:
    layer = kind()
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layer(inputs))
    assert layer.weights[0].numpy() == 1 and layer.losses == []
    model(np.ones((2, 3), np.float32))
    assert layer.weights[0].numpy() == 2
    layer(inputs)
    assert layer.weights[0].numpy() == 2
