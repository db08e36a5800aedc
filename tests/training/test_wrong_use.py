"""What is wrong in a call, where a constructor could not see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import foldgate as keras

X, Y = np.ones((8, 4), np.float32), np.ones((8, 1), np.float32)


def model(**options: Any) -> Any:
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    made.compile(**{"optimizer": "sgd", "loss": "mse", **options})
    return made


def set_trainable(value: Any) -> None:
    keras.layers.Dense(2).trainable = value


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: keras.Sequential(keras.layers.Dense(2), name="s"),
            "s: layers is <Dense .*; expected a list of layers",
        ),
        (lambda: model(loss=3), "compile: loss is 3; expected a loss"),
        (lambda: model(loss=[3.5]), "compile: loss is 3.5; expected a loss"),
        (lambda: model().fit(X, Y, verbose="yes"), "fit: verbose is 'yes'; expected"),
        (lambda: model().fit(X[:0], Y[:0], verbose=0), "fit: the data has no batches; expected at least one"),
        (lambda: model().evaluate(X[:0], Y[:0], verbose=0), "evaluate: the data has no batches; expected"),
        (
            lambda: model().fit(X, Y, validation_data=(X[:0], Y[:0]), verbose=0),
            "validation_data: the data has no batches; expected",
        ),
        (
            lambda: model().train_on_batch(X, Y, class_weight=[1.0]),
            r"train_on_batch: class_weight is \[1.0\]; expected a dict by class",
        ),
        (
            lambda: model().train_on_batch(X, Y, class_weight={0: "b"}),
            r"train_on_batch: class_weight\[0\] is 'b'; expected a number",
        ),
        (lambda: model().fit(X.astype(str), Y, verbose=0), "inputs have dtype <U.*; expected real numbers"),
        (lambda: model().predict(X.astype(complex), verbose=0), "inputs have dtype complex128; expected"),
        (lambda: model().evaluate(X, Y, verbose=-1), "evaluate: verbose is -1; expected"),
        (lambda: model().predict(X, verbose=0.5), "predict: verbose is 0.5; expected"),
        (
            lambda: model().fit(X, Y, verbose=0, callbacks=keras.callbacks.History),
            "callbacks: there is .*History.*; expected instances",
        ),
        (lambda: keras.callbacks.ReduceLROnPlateau(verbose="a"), "ReduceLROnPlateau: verbose is 'a'; exp"),
        (lambda: keras.callbacks.ModelCheckpoint("x.keras", save_freq=True), "save_freq is True; expected"),
        (lambda: set_trainable("no"), "Dense: trainable is 'no'; expected True or False"),
        (
            lambda: keras.layers.Dense(2, name="d").add_weight((1,), trainable="no"),
            "d: trainable is 'no'",
        ),
        (lambda: keras.config.set_epsilon("a"), "set_epsilon: value is 'a'; expected a positive number"),
        (lambda: keras.losses.huber(Y, Y, delta=-1), r"huber: delta is -1; expected a number in \(0, inf\)"),
        *[
            (
                lambda name=name: getattr(keras.losses, name)(X, X, from_logits="yes"),
                f"{name}: from_logits is",
            )
            for name in (
                "binary_crossentropy",
                "binary_focal_crossentropy",
                "categorical_crossentropy",
                "categorical_focal_crossentropy",
                "sparse_categorical_crossentropy",
            )
        ],
    ],
)
def test_it_is_named(call: Callable[[], Any], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        call()
