"""`fit`, `evaluate` and `predict` against Keras: of the same weights, data and arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras_oracle import keras, quiet

import foldgate

pytestmark = pytest.mark.filterwarnings("ignore")


def sequential(side: Any) -> Any:
    return side.Sequential(
        [
            side.layers.Input((5,)),
            side.layers.Dense(8, activation="tanh", kernel_regularizer="l2"),
            side.layers.Dense(3, activation="softmax"),
        ]
    )


def two_outputs(side: Any) -> Any:
    x = side.layers.Input((5,), name="x")
    hidden = side.layers.Dense(8, activation="tanh")(x)
    a = side.layers.Dense(3, activation="softmax", name="kind")(hidden)
    b = side.layers.Dense(1, name="size")(hidden)
    return side.Model(x, [a, b])


def dict_outputs(side: Any) -> Any:
    x = side.layers.Input((5,), name="x")
    hidden = side.layers.Dense(8, activation="tanh")(x)
    a = side.layers.Dense(3, activation="softmax", name="kind")(hidden)
    return side.Model(x, {"kind": a, "size": side.layers.Dense(1, name="size")(hidden)})


def both(make: Callable[[Any], Any], **options: Any) -> tuple[Any, Any]:
    ours, theirs = make(foldgate), quiet(make, keras)
    rng = np.random.default_rng(1)
    values = [rng.normal(size=weight.shape).astype(np.float32) * 0.5 for weight in ours.weights]
    for model in (ours, theirs):
        model.set_weights(values)
        model.compile(**options)
    return ours, theirs


def data(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    x = rng.normal(size=(50, 5)).astype(np.float32)
    kind = (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 0.5)
    return x, kind, x[:, :1] * 2 + 1


def agree(ours: Any, theirs: Any, fit: Callable[[Any], Any]) -> None:
    found, expected = fit(ours).history, quiet(fit, theirs).history
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=2e-4, atol=2e-5, err_msg=name)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_fit_of_one_output(optimizer: str, rng: np.random.Generator) -> None:
    x, kind, _ = data(rng)
    options = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], "optimizer": optimizer}
    ours, theirs = both(sequential, **options)
    agree(
        ours,
        theirs,
        lambda m: m.fit(x, kind, batch_size=8, epochs=3, shuffle=False, verbose=0, validation_split=0.25),
    )
    found = ours.evaluate(x, kind, batch_size=16, verbose=0)
    np.testing.assert_allclose(found, quiet(theirs.evaluate, x, kind, batch_size=16, verbose=0), rtol=1e-4)
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), quiet(theirs.predict, x, verbose=0), rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(ours.train_on_batch(x, kind), quiet(theirs.train_on_batch, x, kind), rtol=1e-4)
    np.testing.assert_allclose(ours.test_on_batch(x, kind), quiet(theirs.test_on_batch, x, kind), rtol=1e-3)


@pytest.mark.parametrize("kind_of_weights", ["sample", "class"])
def test_fit_with_weights(kind_of_weights: str, rng: np.random.Generator) -> None:
    x, kind, _ = data(rng)
    ours, theirs = both(
        sequential,
        loss="sparse_categorical_crossentropy",
        optimizer="sgd",
        metrics=["accuracy"],
        weighted_metrics=["accuracy", "sparse_categorical_crossentropy"],
    )
    weights: dict[str, Any] = {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}}
    if kind_of_weights == "sample":
        weights = {"sample_weight": rng.random(50).astype(np.float32)}
    agree(ours, theirs, lambda m: m.fit(x, kind, epochs=2, shuffle=False, verbose=0, **weights))


@pytest.mark.parametrize("form", ["list", "dict"])
def test_fit_of_two_outputs(form: str, rng: np.random.Generator) -> None:
    x, kind, size = data(rng)
    listed = form == "list"
    loss = {"kind": "sparse_categorical_crossentropy", "size": "mse"}
    metrics = {"kind": ["accuracy"], "size": ["mae"]}
    weights = {"kind": 1.0, "size": 0.5}
    labels = {"kind": kind, "size": size}
    ours, theirs = both(
        two_outputs if listed else dict_outputs,
        loss=list(loss.values()) if listed else loss,
        metrics=list(metrics.values()) if listed else metrics,
        loss_weights=list(weights.values()) if listed else weights,
        optimizer="sgd",
    )
    y = list(labels.values()) if listed else labels
    agree(ours, theirs, lambda m: m.fit(x, y, epochs=2, shuffle=False, verbose=0, validation_data=(x, y)))


def test_epochs_of_few_steps(rng: np.random.Generator) -> None:
    x, kind, _ = data(rng)
    ours, theirs = both(sequential, loss="sparse_categorical_crossentropy", optimizer="adam")
    given = {"batch_size": 10, "steps_per_epoch": 2, "epochs": 4, "shuffle": False, "verbose": 0}
    agree(ours, theirs, lambda m: m.fit(x, kind, **given))


def test_fit_of_a_generator(rng: np.random.Generator) -> None:
    x, kind, _ = data(rng)
    ours, theirs = both(sequential, loss="sparse_categorical_crossentropy", optimizer="adam")

    def forever() -> Any:
        while True:
            for start in range(0, 50, 10):
                yield x[start : start + 10], kind[start : start + 10]

    agree(ours, theirs, lambda m: m.fit(forever(), steps_per_epoch=5, epochs=2, verbose=0))


def test_masked_sequences(rng: np.random.Generator) -> None:
    def make(side: Any) -> Any:
        return side.Sequential(
            [
                side.layers.Input((7,)),
                side.layers.Embedding(11, 4, mask_zero=True),
                side.layers.Dense(11, activation="softmax"),
            ]
        )

    ids = rng.integers(1, 11, (20, 7))
    ids[:, 4:] *= rng.random((20, 3)) > 0.5
    labels = rng.integers(0, 11, (20, 7))
    ours, theirs = both(make, loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    agree(ours, theirs, lambda m: m.fit(ids, labels, epochs=2, shuffle=False, verbose=0))


def test_binary_accuracy_is_chosen_by_the_output(rng: np.random.Generator) -> None:
    def make(side: Any) -> Any:
        return side.Sequential([side.layers.Input((5,)), side.layers.Dense(1, activation="sigmoid")])

    x, kind, _ = data(rng)
    ours, theirs = both(make, loss="binary_crossentropy", optimizer="sgd", metrics=["acc", "AUC"])
    agree(ours, theirs, lambda m: m.fit(x, (kind > 0) * 1, epochs=2, shuffle=False, verbose=0))


def test_callbacks(rng: np.random.Generator) -> None:
    x, kind, _ = data(rng)
    ours, theirs = both(
        sequential, loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"]
    )

    def fit(model: Any) -> Any:
        room = (foldgate if model is ours else keras).callbacks
        chosen = [
            room.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.05),
            room.EarlyStopping("loss", patience=3, min_delta=0.02, restore_best_weights=True),
        ]
        return model.fit(x, kind, epochs=30, shuffle=False, verbose=0, callbacks=chosen)

    agree(ours, theirs, fit)
