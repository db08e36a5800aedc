"""The leaky rectifier."""

from __future__ import annotations

from typing import Any

from foldgate import ops
from foldgate._typing import FloatArray
from foldgate.layers.activations._base import ElementwiseLayer, slope


class LeakyReLU(ElementwiseLayer):
    """x where x > 0, else negative_slope x.

    Args:
      negative_slope: at least 0.
      **kwargs: of `Layer`; `alpha`, the slope's name in Keras 2.

    Raises:
      ValueError: `negative_slope` is negative.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.LeakyReLU(0.5)(np.array([-3.0, 2.0], np.float32))
      array([-1.5,  2. ], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = slope("LeakyReLU", "negative_slope", negative_slope)

    def call(self, inputs: FloatArray) -> Any:
        """Applies it, as one node on the tape."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        return ops.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "negative_slope": self.negative_slope}
