"""Any activation as a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foldgate import activations
from foldgate._typing import FloatArray
from foldgate.layers.activations._base import ElementwiseLayer


class Activation(ElementwiseLayer):
    """Applies an activation.

    Args:
      activation: its name, or a function.
      **kwargs: of `Layer`.

    Raises:
      ValueError: no activation has that name.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Activation("relu")(np.array([-3.0, 2.0], np.float32))
      array([0., 2.], dtype=float32)
    """

    def __init__(self, activation: str | Callable[..., Any] | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    @property
    def _is_relu(self) -> bool:
        """Whether a layer before it may compute it in its own pass."""
        return self.activation is activations.relu and self.activity_regularizer is None

    def call(self, inputs: FloatArray) -> Any:
        """Applies it."""
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "activation": activations.serialize(self.activation)}
