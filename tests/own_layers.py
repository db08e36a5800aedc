"""Layers as a user writes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.layers import Layer


class Scale(Layer):
    """One weight; remembers how it was called."""

    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor
        self.calls: list[Any] = []

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=input_shape[-1:], initializer="ones", name="scale")

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        self.calls.append((training, mask))
        return inputs * self.scale * self.factor


class Block(Layer):
    """Layers in a list, in a dict and by themselves."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.steps: list[Layer] = []
        for _ in range(2):
            self.steps.append(Scale())
        self.named = {"a": Scale()}
        self.last = Scale(trainable=False)

    def call(self, inputs: Any, training: Any = None) -> Any:
        for step in [*self.steps, self.named["a"], self.last]:
            inputs = step(inputs)
        return inputs


X = np.arange(6, dtype=np.float32).reshape(2, 3)
