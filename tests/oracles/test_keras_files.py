"""Files in both directions: what foldgate writes Keras 3 reads, and the other way round."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import keras, quiet

import foldgate

pytest.importorskip("h5py")


def cnn(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            k.Input((10, 10, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.DepthwiseConv2D(3, depth_multiplier=2),
            layers.SeparableConv2D(5, 3, padding="same", activation="elu"),
            layers.Conv2DTranspose(3, 2, strides=2),
            layers.Dropout(0.5),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def skips(k: Any) -> Any:
    layers = k.layers
    x = k.Input((8, 4))
    a = layers.Conv1D(4, 3, padding="causal", dilation_rate=2)(x)
    b = layers.Add()([a, x])
    c = layers.Concatenate()([b, layers.LayerNormalization()(a), layers.Activation("tanh")(x)])
    shared = layers.Dense(5, activation="gelu", kernel_regularizer="l2")
    d = layers.Multiply()([shared(c), shared(c)])
    return k.Model(x, [layers.Dense(2, name="first")(d), layers.Flatten()(layers.UpSampling1D()(d))])


def operators(k: Any) -> Any:
    layers = k.layers
    x = k.Input((4,))
    y = layers.Dense(4)(x)
    return k.Model(x, layers.Dense(2)(x + y * 2.0))


def recurrent(k: Any) -> Any:
    layers = k.layers
    words = k.Input((7,), dtype="int32")
    x = layers.Embedding(11, 5)(words)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum")(x)
    x = layers.TimeDistributed(layers.Dense(4))(x)
    x = layers.GRU(4, return_sequences=True, dropout=0.2)(x)
    x = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2, reset_after=False)], return_sequences=True)(x)
    x = layers.SimpleRNN(3)(x)
    return k.Model(words, k.Sequential([layers.Dense(3, activation="relu"), layers.Dense(1)])(x))


def masked(k: Any) -> Any:
    layers = k.layers
    words = k.Input((None,), dtype="int32")
    x = layers.Embedding(11, 5, mask_zero=True)(words)
    return k.Model(words, layers.Dense(2)(layers.Bidirectional(layers.GRU(3))(x)))


def attention(k: Any) -> Any:
    layers = k.layers
    x = k.Input((5, 4))
    y = layers.MultiHeadAttention(2, 3)(x, x)
    y = layers.GroupNormalization(2)(layers.Add()([x, y]))
    return k.Model(x, layers.PReLU()(y))


MODELS = [cnn, skips, operators, recurrent, masked, attention]


def data(model: Any) -> Any:
    rng = np.random.default_rng(1)
    shape = [4, *(6 if size is None else size for size in model.input_shape[1:])]
    if "int" in str(model.inputs[0].dtype):
        words = np.sort(rng.integers(1, 11, shape), axis=1)
        words[:, -2:] = 0
        return words.astype("int32")
    return rng.standard_normal(shape).astype("float32")


def predictions(model: Any, x: Any) -> list[Any]:
    y = model(x) if isinstance(model, foldgate.Model) else quiet(model.predict, x, verbose=0)
    return y if isinstance(y, list) else [y]


def fill(model: Any) -> None:
    rng = np.random.default_rng(2)
    values = [rng.uniform(-0.5, 0.9, w.shape) ** 2 * 0.7 for w in quiet(model.get_weights)]
    quiet(model.set_weights, values)


def assert_same(ours: Any, theirs: Any) -> None:
    for a, b in zip(ours.get_weights(), quiet(theirs.get_weights), strict=True):
        np.testing.assert_array_equal(a, b)
    x = data(theirs)
    for a, b in zip(predictions(ours, x), predictions(theirs, x), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


@pytest.mark.parametrize("make", MODELS)
def test_keras_to_foldgate(tmp_path, make):
    theirs = quiet(make, keras)
    fill(theirs)
    quiet(theirs.save, tmp_path / "x.keras")
    ours = foldgate.saving.load_model(tmp_path / "x.keras")
    assert_same(ours, theirs)
    quiet(theirs.save_weights, tmp_path / "x.weights.h5")
    again = make(foldgate)
    again.load_weights(tmp_path / "x.weights.h5")
    assert_same(again, theirs)


@pytest.mark.parametrize("make", MODELS)
def test_foldgate_to_keras(tmp_path, make):
    ours = make(foldgate)
    fill(ours)
    ours.save(tmp_path / "x.keras")
    theirs = quiet(keras.saving.load_model, tmp_path / "x.keras")
    assert_same(ours, theirs)
    ours.save_weights(tmp_path / "x.weights.h5")
    again = quiet(make, keras)
    quiet(again.load_weights, tmp_path / "x.weights.h5")
    assert_same(ours, again)


OPTIMIZERS = [
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("RMSprop", {"centered": True}),
    ("Adagrad", {}),
    ("Lion", {"use_ema": True}),
    ("Nadam", {"clipnorm": 1.0}),
]


def compiled(k: Any, name: str, options: dict[str, Any]) -> Any:
    model = k.Sequential([k.Input((4,)), k.layers.Dense(3, activation="tanh"), k.layers.Dense(1)])
    model.compile(optimizer=getattr(k.optimizers, name)(0.01, **options), loss="mse", metrics=["mae"])
    return model


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
@pytest.mark.parametrize("from_keras", [True, False])
def test_training_goes_on_from_the_file(tmp_path, name, options, from_keras):
    """Compile configuration and slots: three steps, the file, and three more on both sides."""
    here, there = (keras, foldgate) if from_keras else (foldgate, keras)
    model = quiet(compiled, here, name, options)
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((8, 4)).astype("f4"), rng.standard_normal((8, 1)).astype("f4")
    for _ in range(3):
        quiet(model.train_on_batch, x, y)
    quiet(model.save, tmp_path / "x.keras")
    other = quiet(there.saving.load_model, tmp_path / "x.keras")
    assert int(other.optimizer.iterations) == 3
    for _ in range(3):
        quiet(model.train_on_batch, x, y)
        quiet(other.train_on_batch, x, y)
    for a, b in zip(*(quiet(m.get_weights) for m in (model, other)), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)
    first, second = (quiet(m.evaluate, x, y, verbose=0, return_dict=True) for m in (model, other))
    assert set(first) == set(second) and first["mae"] == pytest.approx(second["mae"], abs=1e-5)


def test_a_compilation_of_objects(tmp_path):
    """Schedules, losses and metrics with arguments, by output."""

    def made(k: Any) -> Any:
        x = k.Input((4,))
        a, b = k.layers.Dense(1, name="a")(x), k.layers.Dense(3, name="b", activation="softmax")(x)
        model = k.Model(x, [a, b])
        of_logits = k.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
        schedule = k.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5, staircase=True)
        model.compile(
            k.optimizers.SGD(schedule, momentum=0.5),
            loss={"a": of_logits, "b": "sparse_categorical_crossentropy"},
            loss_weights={"a": 2.0, "b": 0.5},
            metrics={"a": [k.metrics.RootMeanSquaredError(name="rms")], "b": ["accuracy"]},
        )
        return model

    rng = np.random.default_rng(4)
    x = rng.standard_normal((8, 4)).astype("f4")
    y = {"a": rng.integers(0, 2, (8, 1)).astype("f4"), "b": rng.integers(0, 3, 8)}
    for here, there in ((keras, foldgate), (foldgate, keras)):
        model = quiet(made, here)
        fill(model)
        quiet(model.train_on_batch, x, y)
        quiet(model.save, tmp_path / "x.keras")
        other = quiet(there.saving.load_model, tmp_path / "x.keras")
        for m in (model, other):
            for _ in range(3):
                quiet(m.train_on_batch, x, y)
        for a, b in zip(*(quiet(m.get_weights) for m in (model, other)), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)
        first, second = (quiet(m.evaluate, x, y, verbose=0, return_dict=True) for m in (model, other))
        assert set(first) == set(second)
        for name in first:
            assert first[name] == pytest.approx(second[name], abs=1e-4), name


def halved(x: Any, by: float = 2.0) -> Any:
    return x / by


@pytest.mark.parametrize("here_first", [True, False])
def test_a_lambda_of_a_registered_function(tmp_path: Any, here_first: bool) -> None:
    """Each side writes the function's registered name, under which the other has registered it."""
    first, second = (foldgate, keras) if here_first else (keras, foldgate)
    for k in (keras, foldgate):
        k.saving.register_keras_serializable("tests_of_files", "halved")(halved)
    layers = first.layers
    model = first.Sequential(
        [first.Input((4,)), layers.Lambda(halved, arguments={"by": 4.0}, output_shape=(4,)), layers.Dense(2)]
    )
    path = tmp_path / "model.keras"
    quiet(model.save, path)
    x = np.ones((3, 4), np.float32)
    loaded = quiet(second.models.load_model, path)
    np.testing.assert_allclose(
        quiet(loaded.predict, x, verbose=0), quiet(model.predict, x, verbose=0), rtol=1e-5
    )
