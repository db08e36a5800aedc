"""A loss of activations."""

from __future__ import annotations

from typing import Any

from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.regularization._noise import Shape
from foldgate.regularizers import L1L2


class ActivityRegularization(Layer):
    """Returns its inputs, and adds l1 sum|x| + l2 sum(x^2), divided by the batch's size, to the loss.

    Args:
      l1: factor of the absolute values.
      l2: factor of the squares.
      **kwargs: of `Layer`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.ActivityRegularization(l1=0.5)
      >>> layer(np.array([[1.0, -3.0]]))
      array([[ 1., -3.]], dtype=float32)
      >>> [float(loss) for loss in layer.losses]
      [2.0]
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1, self.l2 = l1, l2

    def call(self, inputs: FloatArray) -> Any:
        """The inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return {**config, "l1": self.l1, "l2": self.l2}
