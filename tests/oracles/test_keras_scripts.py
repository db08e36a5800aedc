"""Classic Keras scripts, each run with Keras and with foldgate from the same weights and data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras_oracle import keras, quiet

import foldgate

pytestmark = pytest.mark.filterwarnings("ignore")

Script = Callable[[Any, np.random.Generator], tuple[Any, Any, Any, dict[str, Any]]]
FIT = {"epochs": 2, "batch_size": 16, "shuffle": False, "verbose": 0}


def convnet_with_batch_norm(keras: Any, rng: np.random.Generator) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(shape=(12, 12, 1)),
            layers.Rescaling(1.0 / 255),
            layers.Conv2D(8, kernel_size=(3, 3), use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(
                16, 3, padding="same", activation="relu", kernel_regularizer=keras.regularizers.l2(1e-3)
            ),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.0),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(1e-2), metrics=["accuracy"]
    )
    x = rng.integers(0, 255, (48, 12, 12, 1)).astype("float32")
    y = keras.utils.to_categorical(rng.integers(0, 10, 48), 10)
    return model, x, y, {"validation_split": 0.25}


def text_with_masks(keras: Any, rng: np.random.Generator) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Embedding(50, 8, mask_zero=True),
            layers.Bidirectional(layers.LSTM(6, return_sequences=True)),
            layers.Bidirectional(layers.LSTM(4)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.build((None, 9))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    sequences = [list(rng.integers(1, 50, rng.integers(1, 10))) for _ in range(40)]
    x = keras.utils.pad_sequences(sequences, maxlen=9, padding="post")
    return model, x, rng.integers(0, 2, (40, 1)), {}


def forecasting(keras: Any, rng: np.random.Generator) -> Any:
    layers = keras.layers
    series = np.sin(np.arange(100) / 5).astype("float32")[:, None]
    windows = np.stack([series[i : i + 20] for i in range(60)])
    inputs = keras.Input((20, 1))
    x = layers.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="relu")(inputs)
    x = layers.GRU(10, return_sequences=True)(x)
    x = layers.GRU(6)(x)
    outputs = layers.Dense(1)(x)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.RMSprop(1e-2), loss="mae", metrics=["mse"])
    return (
        model,
        windows,
        series[20:80],
        {"callbacks": [keras.callbacks.ReduceLROnPlateau("loss", patience=0)]},
    )


def sequence_to_sequence(keras: Any, rng: np.random.Generator) -> Any:
    layers = keras.layers
    encoder_inputs = keras.Input(shape=(None, 5))
    _, state_h, state_c = layers.LSTM(7, return_state=True)(encoder_inputs)
    decoder_inputs = keras.Input(shape=(None, 4))
    decoder = layers.LSTM(7, return_sequences=True, return_state=True)
    outputs, _, _ = decoder(decoder_inputs, initial_state=[state_h, state_c])
    outputs = layers.Dense(4, activation="softmax")(outputs)
    model = keras.Model([encoder_inputs, decoder_inputs], outputs)
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    a = rng.random((32, 6, 5)).astype("float32")
    b = np.eye(4, dtype="float32")[rng.integers(0, 4, (32, 8))]
    return model, [a, b], np.roll(b, -1, 1), {"validation_split": 0.2}


def residual_block_with_shared_layers(keras: Any, rng: np.random.Generator) -> Any:
    layers = keras.layers
    shared = layers.Conv2D(6, 3, padding="same", activation="relu")
    inputs = keras.Input((8, 8, 3), name="img")
    x = layers.Conv2D(6, 3, strides=2, padding="same")(inputs)
    x = layers.BatchNormalization()(x)
    block = layers.ReLU()(x)
    x = shared(block)
    x = shared(x)
    x = layers.add([x, block])
    x = layers.Concatenate()([x, layers.SeparableConv2D(4, 3, padding="same")(x)])
    x = keras.ops.mean(x, axis=(1, 2)) * 2.0
    outputs = [layers.Dense(3, name="kind")(x), layers.Dense(1, name="size")(x)]
    model = keras.Model(inputs=inputs, outputs=outputs, name="resnet")
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.05, momentum=0.9, nesterov=True),
        loss=[keras.losses.SparseCategoricalCrossentropy(from_logits=True), "mse"],
        loss_weights=[1.0, 0.2],
    )
    x = rng.random((32, 8, 8, 3)).astype("float32")
    return model, x, [rng.integers(0, 3, 32), rng.random((32, 1)).astype("float32")], {}


def autoencoder(keras: Any, rng: np.random.Generator) -> Any:
    layers = keras.layers
    image = keras.Input((12, 12, 1))
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(image)
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(6, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.UpSampling2D(1)(x)
    decoded = layers.Conv2D(1, (3, 3), activation="sigmoid", padding="same")(x)
    encoder = keras.Model(image, x, name="body")
    model = keras.Model(image, decoded)
    assert len(encoder.layers) < len(model.layers)
    model.compile(optimizer="adadelta", loss="binary_crossentropy")
    x = rng.random((32, 12, 12, 1)).astype("float32")
    return model, x, x, {}


def next_frame(keras: Any, rng: np.random.Generator) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((None, 6, 6, 1)),
            layers.ConvLSTM2D(4, (3, 3), padding="same", return_sequences=True, activation="relu"),
            layers.BatchNormalization(),
            layers.ConvLSTM2D(3, (1, 1), padding="same", return_sequences=True),
            layers.Conv3D(1, (3, 3, 3), activation="sigmoid", padding="same"),
        ]
    )
    model.compile(loss=keras.losses.binary_crossentropy, optimizer=keras.optimizers.Adam())
    x = rng.random((16, 5, 6, 6, 1)).astype("float32")
    return model, x[:, :-1], x[:, 1:], {}


def attention_with_positions(keras: Any, rng: np.random.Generator) -> Any:
    layers, ops = keras.layers, keras.ops

    class Positions(layers.Layer):
        def __init__(self, length: int, vocabulary: int, size: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.tokens = layers.Embedding(vocabulary, size)
            self.places = layers.Embedding(length, size)

        def call(self, x: Any) -> Any:
            return self.tokens(x) + self.places(ops.arange(0, ops.shape(x)[-1], 1))

    inputs = layers.Input(shape=(7,), dtype="int32")
    x = Positions(7, 30, 8)(inputs)
    x = layers.LayerNormalization(epsilon=1e-6)(x + layers.MultiHeadAttention(2, 4)(x, x))
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, rng.integers(0, 30, (32, 7)).astype("int32"), rng.integers(0, 2, 32), {}


SCRIPTS: list[Script] = [
    convnet_with_batch_norm,
    text_with_masks,
    forecasting,
    sequence_to_sequence,
    residual_block_with_shared_layers,
    autoencoder,
    next_frame,
    attention_with_positions,
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_a_script_trains_alike(script: Script) -> None:
    ours, x, y, options = script(foldgate, np.random.default_rng(0))
    theirs, _, _, their_options = quiet(script, keras, np.random.default_rng(0))
    theirs.set_weights(ours.get_weights())
    assert ours.count_params() == theirs.count_params()
    found = ours.fit(x, y, **FIT, **options).history
    expected = quiet(theirs.fit, x, y, **FIT, **their_options).history
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=2e-3, atol=2e-4, err_msg=name)
    ours_predict, theirs_predict = ours.predict(x, verbose=0), quiet(theirs.predict, x, verbose=0)
    pairs = (
        zip(ours_predict, theirs_predict, strict=True)
        if isinstance(theirs_predict, list)
        else [(ours_predict, theirs_predict)]
    )
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=5e-3, atol=1e-3)
    np.testing.assert_allclose(
        ours.evaluate(x, y, verbose=0), quiet(theirs.evaluate, x, y, verbose=0), rtol=5e-3, atol=1e-3
    )


def custom_training(keras: Any) -> tuple[Any, list[float]]:
    """A subclassed model with a step, a metric and a callback of its own; gradients are each side's."""

    class Custom(keras.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.hidden = keras.layers.Dense(8, activation="tanh")
            self.out = keras.layers.Dense(1)
            self.mean_loss = keras.metrics.Mean(name="loss")
            self.mae = keras.metrics.MeanAbsoluteError(name="mae")

        def call(self, x: Any, training: bool = False) -> Any:
            return self.out(self.hidden(x))

        @property
        def metrics(self) -> list[Any]:
            return [self.mean_loss, self.mae]

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            if keras is foldgate:
                with keras.GradientTape() as tape:
                    pred = self(x, training=True)
                    loss = keras.ops.mean(keras.ops.square(y - pred))
                gradients = tape.gradient(loss, self.trainable_weights)
                self.optimizer.apply(gradients, self.trainable_weights)
            else:
                self.zero_grad()
                pred = self(x, training=True)
                loss = keras.ops.mean(keras.ops.square(y - pred))
                loss.backward()
                self.optimizer.apply([w.value.grad for w in self.trainable_weights], self.trainable_weights)
            self.mean_loss.update_state(loss)
            self.mae.update_state(y, pred)
            return {metric.name: metric.result() for metric in self.metrics}

    seen: list[float] = []

    class Watch(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(float(logs["mae"]))
            if len(seen) == 3:
                self.model.stop_training = True

    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 4)).astype("float32")
    y = x.sum(1, keepdims=True)
    model = Custom()
    model(x)
    values = np.random.default_rng(1)
    model.set_weights([values.normal(size=w.shape).astype("float32") * 0.4 for w in model.get_weights()])
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01))
    model.fit(x, y, epochs=9, batch_size=8, shuffle=False, verbose=0, callbacks=[Watch()])
    return model, seen


def test_a_training_step_of_ones_own() -> None:
    ours, found = custom_training(foldgate)
    theirs, expected = quiet(custom_training, keras)
    assert len(found) == 3
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
