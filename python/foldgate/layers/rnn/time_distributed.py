"""A layer applied to every step."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._typing import FloatArray
from foldgate.layers._signature import signature_of
from foldgate.layers.layer import Layer
from foldgate.layers.rnn._walk import unstack
from foldgate.layers.wrapper import Wrapper


class TimeDistributed(Wrapper):
    """Applies a layer to every step of (N, T, ...), with the same weights.

    The steps go through the layer together, as a batch of N T samples. Only what depends on the batch, a
    stateful layer, or in training one with weights that are not trained (a batch normalization), gets them
    one after the other.

    Args:
      layer: a layer.
      **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
      inputs: (N, T, ...).
      training: passed on to a layer that takes it.
      mask: (N, T, ...) of bool, passed on to a layer that takes it, (N, ...) a step.

    Returns:
      (N, T, ...): what the layer returns for each step.

    Raises:
      ValueError: `layer` is none; the inputs have fewer than three axes; a mask of another batch or length.

    Example:
      >>> import numpy as np
      >>> from foldgate import layers
      >>> layers.TimeDistributed(layers.Dense(4))(np.ones((2, 5, 3))).shape
      (2, 5, 4)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def _step_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        if not isinstance(input_shape, (tuple, list)) or len(input_shape) < 3:
            raise ValueError(
                f"{self.name}: inputs has shape {input_shape}; expected at least 3 axes, (N, T, ...)"
            )
        return (input_shape[0], *input_shape[2:])

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer for the shape of a step."""
        super().build(self._step_shape(input_shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the layer, with the steps."""
        shape = self.layer.compute_output_shape(self._step_shape(input_shape))
        return (shape[0], input_shape[1], *shape[1:])

    def call(self, inputs: FloatArray, training: Any = None, mask: Any = None) -> FloatArray:
        """Applies the layer."""
        N, T = inputs.shape[:2]
        if mask is not None:
            mask = self._checked_mask(mask, (N, T))
        if self._needs_steps(bool(training)):
            masks = [None] * T if mask is None else [mask[:, t] for t in range(T)]
            outputs = [self._apply(*pair, training) for pair in zip(unstack(inputs), masks, strict=True)]
            return np.stack(outputs, axis=1)
        flat = None if mask is None else mask.reshape((N * T, *mask.shape[2:]))
        y = self._apply(inputs.reshape((N * T, *inputs.shape[2:])), flat, training)
        return y.reshape((N, T, *y.shape[1:]))

    def _apply(self, x: FloatArray, mask: Any, training: Any) -> FloatArray:
        signature = signature_of(type(self.layer).call)
        given: dict[str, Any] = {"training": training} if signature.takes_training else {}
        if mask is not None and signature.takes_mask:
            given["mask"] = mask
        y: FloatArray = self.layer(x, **given)
        return y

    def _needs_steps(self, training: bool) -> bool:
        return _any_layer(self.layer, lambda one: getattr(one, "stateful", False)) or (
            training and _any_layer(self.layer, lambda one: bool(one._non_trainable_variables))
        )

    def _checked_mask(self, mask: Any, expected: tuple[int, ...]) -> Any:
        mask = np.asarray(mask)
        if mask.shape[:2] != expected:
            raise ValueError(
                f"{self.name}: mask has shape {mask.shape}; expected {expected}, the batch and the steps"
            )
        return mask


def _any_layer(layer: Layer, question: Any) -> bool:
    inner = layer._layers
    return bool(question(layer)) or (bool(inner) and any(_any_layer(one, question) for one in inner))
