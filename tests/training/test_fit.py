"""`fit`, `evaluate` and `predict`: steps, losses and metrics of one's own, memory, and wrong use."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from fit_models import classifier

import foldgate as keras


def test_a_step_of_ones_own(xy: Any) -> None:
    x, y = xy

    class Mine(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            bx, by = data
            with keras.GradientTape() as tape:
                loss = self.compute_loss(y=by, y_pred=self(bx, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"mine": float(loss)}

    model = Mine([keras.Input((5,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    history = model.fit(x, y, batch_size=50, epochs=9, verbose=0)
    assert list(history.history) == ["mine"] and history.history["mine"][8] < history.history["mine"][0]


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_a_step_without_labels_is_given_x_itself(shuffle: Any) -> None:
    """As in Keras: an array or a dict as it is, a list of inputs in a tuple, which tells it from x and y."""
    seen: list[Any] = []

    class Watches(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            seen.append(data)
            return {}

        test_step = train_step

    def given(x: Any) -> list[Any]:
        seen.clear()
        model = Watches([keras.Input((5,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(x, verbose=0, shuffle=shuffle)
        model.evaluate(x, verbose=0)
        return seen

    x = np.ones((4, 5), np.float32)
    for batch in given(x):
        np.testing.assert_array_equal(batch, x)
        assert type(batch) is np.ndarray
    for batch in given({"a": x}):
        assert type(batch) is dict
        np.testing.assert_array_equal(batch["a"], x)
    for batch in given([x, 2 * x]):
        (inputs,) = batch
        np.testing.assert_array_equal(inputs[1], 2 * x)


def test_a_loss_of_ones_own(xy: Any) -> None:
    x, y = xy

    class Mine(keras.Sequential):
        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return np.mean(np.square(y_pred)) * 2.0

    model = Mine([keras.Input((5,)), keras.layers.Dense(3)])
    model.compile("sgd")
    before = model.evaluate(x, y, verbose=0)
    assert model.fit(x, y, epochs=20, verbose=0).history["loss"][-1] < before / 2


def test_layers_may_add_losses(xy: Any) -> None:
    x, y = xy

    class Adds(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            self.add_loss(0.5 * np.mean(np.square(inputs)))
            return inputs

    model = keras.Sequential([keras.Input((5,)), Adds(), keras.layers.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    bare = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, activation="softmax")])
    bare.compile("sgd", "sparse_categorical_crossentropy")
    bare.set_weights(model.get_weights())
    added = 0.5 * float(np.mean(np.square(x)))
    with_loss = model.evaluate(x, y, batch_size=50, verbose=0)
    assert with_loss == pytest.approx(bare.evaluate(x, y, batch_size=50, verbose=0) + added, rel=1e-5)


def test_metrics_of_attributes_are_reset_and_reported(xy: Any) -> None:
    x, y = xy

    class Mine(keras.Sequential):
        def __init__(self, layers: Any) -> None:
            super().__init__(layers)
            self.seen = keras.metrics.Sum(name="seen")

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            self.seen.update_state(float(len(x)))
            return super().compute_metrics(x, y, y_pred, sample_weight)

    model = Mine([keras.Input((5,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert model.fit(x, y, epochs=2, verbose=0).history["seen"] == [50.0, 50.0]


def test_validation_frequency_and_steps(xy: Any) -> None:
    x, y = xy
    history = classifier().fit(
        x, y, epochs=4, verbose=0, validation_data=(x, y), validation_freq=2, steps_per_epoch=1
    )
    assert len(history.history["loss"]) == 4 and len(history.history["val_loss"]) == 2
    history = classifier().fit(x, y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]


def test_frozen_layers_stay(xy: Any) -> None:
    x, y = xy
    model = classifier()
    model.layers[0].trainable = False
    before = model.layers[0].get_weights()
    model.fit(x, y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.layers[0].get_weights(), strict=True))


def test_the_optimizers_averages_are_what_stays(xy: Any) -> None:
    x, y = xy
    model = classifier()
    model.compile(
        keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "sparse_categorical_crossentropy"
    )
    model.fit(x, y, epochs=2, verbose=0)
    averages = [slot.numpy() for slot in model.optimizer._model_variables_moving_average]
    assert all(np.array_equal(a, b) for a, b in zip(averages, model.get_weights(), strict=True))


def test_predictions_of_batches_of_any_size(xy: Any) -> None:
    x, _ = xy
    model = classifier()
    whole = model.predict_on_batch(x)
    for size in (1, 7, 50, 100):
        np.testing.assert_allclose(model.predict(x, batch_size=size, verbose=0), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict(iter([x[:20], x[20:]]), verbose=0), whole, rtol=1e-5, atol=1e-6)


def test_compile_configuration_goes_both_ways() -> None:
    model = classifier()
    again = keras.Sequential.from_config(model.get_config())
    again.compile_from_config(model.get_compile_config())
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.loss == "sparse_categorical_crossentropy" and again.optimizer.built


def test_progress_is_shown(xy: Any, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = xy
    classifier().fit(x, y, epochs=2, validation_data=(x, y))
    out = capsys.readouterr().out
    assert "Epoch 1/2" in out and "2/2 ━━━━━━━━━━━━━━━━━━━━" in out and "/step - accuracy: 0." in out
    assert "val_loss: " in out
    classifier().fit(x, y, epochs=2, verbose=2)
    assert "2/2 - 0s - " in capsys.readouterr().out
    classifier().evaluate(x, y, verbose=0)
    classifier().predict(x, verbose=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda m, x, y: keras.Sequential([keras.layers.Dense(1)]).fit(x, y),
            ValueError,
            "fit needs a compiled",
        ),
        (lambda m, x, y: m.fit(x, y[:-1], verbose=0), ValueError, "x has 50, y has 49 samples"),
        (lambda m, x, y: m.fit(x, y + 9, verbose=0), IndexError, "label"),
        (
            lambda m, x, y: m.fit(x, np.ones((50, 7)), verbose=0),
            ValueError,
            "sparse_categorical_crossentropy: y_true",
        ),
        (lambda m, x, y: m.fit(x, None, verbose=0), ValueError, "y is missing"),
        (lambda m, x, y: m.fit(x, y, batch_size=0, verbose=0), ValueError, "batch_size is 0"),
        (lambda m, x, y: m.fit(x, y, epochs=-1, verbose=0), ValueError, "epochs is -1"),
        (lambda m, x, y: m.fit(x, y, validation_split=2.0, verbose=0), ValueError, "validation_split is 2"),
        (lambda m, x, y: m.fit(iter([]), y, verbose=0), ValueError, "y is given beside"),
        (lambda m, x, y: m.fit(x, y, callbacks=[3], verbose=0), TypeError, "callbacks: there is 3"),
        (lambda m, x, y: m.fit(x, y, sample_weight=np.ones(3), verbose=0), ValueError, "sample_weight has 3"),
        (
            lambda m, x, y: m.fit(x, y, class_weight={"a": 1.0}, verbose=0),
            TypeError,
            "fit: class_weight's key 'a' is 'a'; expected a number",
        ),
        (
            lambda m, x, y: m.fit(x, y, class_weight={0: "b"}, verbose=0),
            TypeError,
            r"fit: class_weight\[0\] is 'b'; expected a number",
        ),
        (
            lambda m, x, y: m.fit(x, y, sample_weight=np.ones(50), class_weight={0: 1.0}, verbose=0),
            ValueError,
            "class_weight and sample_weight",
        ),
        (lambda m, x, y: m.compile("sgd", "mee"), ValueError, "'mee' is not known"),
        (lambda m, x, y: m.compile("sgd", "mse", metrics="mae"), ValueError, "metrics is 'mae'"),
        (lambda m, x, y: m.compile("sgd", ["mse", "mse"]) or m.fit(x, y, verbose=0), ValueError, "2 members"),
        (lambda m, x, y: m.compile("sgd") or m.fit(x, y, verbose=0), ValueError, "there is no loss"),
    ],
)
def test_wrong_use(call: Any, error: type[Exception], words: str, xy: Any) -> None:
    with pytest.raises(error, match=words):
        call(classifier(), *xy)


def test_nothing_large_is_kept_after_a_step(xy: Any) -> None:
    import gc
    import weakref

    class Keeps(keras.layers.Layer):
        seen: Any = None

        def call(self, inputs: Any) -> Any:
            Keeps.seen = weakref.ref(inputs)
            return inputs

    x, y = xy
    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(8), Keeps(), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    gc.disable()
    try:
        with warnings.catch_warnings():
            model.train_on_batch(x, y)
        assert Keeps.seen() is None
    finally:
        gc.enable()


def test_a_step_of_ones_own_goes_through_the_metrics_of_compile() -> None:
    class Own(keras.Model):
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with keras.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred)
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return self._results(y, y_pred, loss)

        def test_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            y_pred = self(x, training=False)
            return self._results(y, y_pred, self.compute_loss(y=y, y_pred=y_pred))

        def _results(self, y: Any, y_pred: Any, loss: Any) -> dict[str, Any]:
            for metric in self.metrics:
                metric.update_state(loss) if metric.name == "loss" else metric.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics}

    class Logs(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append({name: type(value) for name, value in logs.items()})

    seen: list[Any] = []
    inputs = keras.Input((3,))
    model = Own(inputs, keras.layers.Dense(1)(inputs))
    model.compile("sgd", "mse", metrics=["mae", "mape"])
    assert [metric.name for metric in model.metrics] == ["loss", "compile_metrics"]
    x, y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)
    history = model.fit(
        x, y, batch_size=4, epochs=2, verbose=0, callbacks=[Logs()], validation_data=(x, y)
    ).history
    assert list(history) == ["loss", "mae", "mape", "val_loss", "val_mae", "val_mape"]
    assert seen == [{"loss": float, "mae": float, "mape": float}] * 4
    assert len(model.evaluate(x, y, verbose=0)) == 3
