"""A model to train."""

from __future__ import annotations

from typing import Any

import foldgate as keras

Model = Any


def classifier() -> Model:
    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(8, activation="tanh"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
