"""Models of layers in a row and in branches."""

from __future__ import annotations

from typing import Any

import numpy as np

import foldgate as keras
from foldgate.layers import Dense, Input, Layer

X = np.arange(6, dtype=np.float32).reshape(2, 3) / 6


def stack(**kwargs: Any) -> keras.Sequential:
    return keras.Sequential([Input((3,)), Dense(4, activation="relu"), Dense(2)], **kwargs)


@keras.saving.register_keras_serializable("tests")
class Mean(Layer):
    """Of several arrays, by a list or by names."""

    def call(self, first: Any, second: Any = None) -> Any:
        parts = first if isinstance(first, list) else [first, second]
        return sum(parts) / len(parts)

    def compute_output_shape(self, first_shape: Any, second_shape: Any = None) -> Any:
        return first_shape[0] if isinstance(first_shape, list) else first_shape


def branches() -> Any:
    """Two inputs, a layer used twice, a skip connection, a nested model, two outputs."""
    a, b = Input((3,), name="a"), Input((3,), name="b")
    shared = Dense(3, activation="tanh", name="shared")
    x, y = shared(a), shared(b)
    joined = Mean(name="mean")([x, y])
    again = shared(joined)
    inner = keras.Sequential([Input((3,)), Dense(3, name="inner_dense")], name="inner")
    skip = Mean(name="skip")(again, second=a)
    return keras.Model([a, b], [inner(skip), Dense(1, name="head")(joined)], name="branches")


def by_hand(model: Any, a: Any, b: Any) -> list[Any]:
    shared, inner, head = (model.get_layer(name) for name in ("shared", "inner", "head"))
    joined = (shared(a) + shared(b)) / 2
    return [inner((shared(joined) + a) / 2), head(joined)]
