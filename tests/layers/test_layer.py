"""The base class: building, weights, training and masks passed on, losses, configurations."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from own_layers import Block, Scale, X

import foldgate as keras
from foldgate import _masks
from foldgate.layers import Dense, Identity, Layer
from foldgate.random.seeds import generator


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


def test_a_shape_that_was_seen_is_still_checked_when_another_comes() -> None:
    layer = Dense(4)
    for _ in range(3):
        assert layer(X).shape == (2, 4)
    with pytest.raises(ValueError, match=r"dense.*\(2, 5\).*expected 3 on axis -1"):
        layer(np.ones((2, 5), np.float32))
    with pytest.raises(ValueError, match="expected at least 2 axes"):
        layer(np.ones(3, np.float32))
    assert layer(X.astype(np.float64)).dtype == np.float32
    assert layer(X[:1]).shape == (1, 4)


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


def test_a_weight_keeps_its_own() -> None:
    layer = Dense(2, kernel_regularizer="l2", name="d")
    layer(X)
    for made in (copy.deepcopy(layer.kernel), pickle.loads(pickle.dumps(layer.kernel))):
        np.testing.assert_array_equal(made.numpy(), layer.kernel.numpy())
        assert made.path == "d/kernel" and made.regularizer is not None
        made.assign(made.numpy() + 1)
        assert not np.array_equal(made.numpy(), layer.kernel.numpy())


def test_names_count_from_the_clean_slate() -> None:
    keras.backend.clear_session()
    assert [Dense(1).name, Dense(1).name, Scale().name] == ["dense", "dense_1", "scale"]
    assert Dense(1, name="mine").name == "mine"


def test_random_streams_belong_to_the_state() -> None:
    layer = Identity()
    layer.stream = keras.random.SeedGenerator(3)
    assert layer.weights == [] and [v.shape for v in layer.non_trainable_variables] == [(2,)]
    first, second = layer.stream.next_key(), layer.stream.next_key()
    assert first == (3, 0) and second == (3, 1 << 32)


def test_seeds_decide() -> None:
    keras.random.set_seed(5)
    a = keras.random.normal((4,))
    assert not np.array_equal(a, keras.random.normal((4,)))
    keras.random.set_seed(5)
    np.testing.assert_array_equal(a, keras.random.normal((4,)))
    np.testing.assert_array_equal(keras.random.uniform((3,), seed=1), keras.random.uniform((3,), seed=1))
    with pytest.raises(ValueError, match="seed is -1"):
        keras.random.set_seed(-1)


def test_lists_that_were_seen_are_told_from_others() -> None:
    class Total(Layer):
        def call(self, inputs: Any) -> Any:
            return sum(inputs)

    layer = Total()
    for _ in range(3):
        assert layer([X, X]).dtype == np.float32
    assert layer([X.astype(np.float64), X]).dtype == np.float32
    assert layer([X[:1], X]).shape == (2, 3)
    assert layer([1.0, 2.0]) == 3.0
    assert layer([X, 1.0]).shape == (2, 3)
    symbolic = layer([keras.Input((3,)), keras.Input((3,))])
    assert symbolic.shape == (None, 3)
    with keras.GradientTape() as tape:
        x = tape.watch(X)
        loss = np.sum(layer([x, X]))
    np.testing.assert_array_equal(tape.gradient(loss, x), np.ones_like(X))


class Weighted(keras.layers.Layer):
    """Several arrays as arguments of their own."""

    def call(self, x: Any, y: Any, training: bool | None = None) -> Any:
        self.seen = training
        return x - 2 * y


def test_several_arrays_that_were_seen_are_told_from_others() -> None:
    layer, x, y = Weighted(), np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)
    for training in (None, True, False, None):
        given = {} if training is None else {"training": training}
        assert np.array_equal(layer(x, y, **given), x) and np.array_equal(layer(y, x, **given), -2 * x)
        assert layer.seen is bool(training)
    assert layer(x.astype(np.float64), y).dtype == np.float32  # another dtype is cast
    assert np.array_equal(layer(x[:1], y[:1]), x[:1]) and np.array_equal(layer(x, 0.5), x - 1)
    with pytest.raises(TypeError):
        layer(x, y, True, x)
    with keras.GradientTape() as tape:
        variable = keras.Variable(x)
        loss = np.sum(layer(x, variable))
    assert np.array_equal(tape.gradient(loss, variable), -2 * x)


def test_a_mask_elsewhere_leaves_other_layers_alone() -> None:
    masked = keras.layers.Masking()(np.array([[[1.0], [0.0]]], np.float32))
    lstm, x = keras.layers.LSTM(2), np.ones((1, 2, 1), np.float32)
    before = lstm(x)
    assert np.array_equal(lstm(x), before)  # as one that was seen
    assert not np.array_equal(lstm(masked), before) and np.array_equal(lstm(masked), lstm(x[:, :1]))


@pytest.mark.parametrize("seed", [0, 5, 2**32 - 1])
def test_a_generator_has_the_bits_of_its_key_whatever_was_drawn_before(seed: int) -> None:
    def fresh() -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[seed, 0]))

    generator(7).integers(0, 9, 3, dtype=np.uint32)  # leaves half a word behind
    for draw in ("standard_normal", "random"):
        assert np.array_equal(getattr(generator(seed), draw)(9), getattr(fresh(), draw)(9))
    words = [one.integers(0, 2**32, 5, dtype=np.uint32) for one in (generator(seed), fresh())]
    assert np.array_equal(*words)
