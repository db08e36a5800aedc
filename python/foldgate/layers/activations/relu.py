"""The rectifier."""

from __future__ import annotations

from typing import Any

from foldgate import activations, ops
from foldgate._typing import FloatArray
from foldgate.layers.activations._base import ElementwiseLayer, slope


class ReLU(ElementwiseLayer):
    """The larger of x and 0, and its relatives.

        y = max_value              where x >= max_value
        y = x                      where threshold < x < max_value
        y = negative_slope (x - threshold)  elsewhere

    Args:
      max_value: at least 0, or None for no bound.
      negative_slope: at least 0.
      threshold: at least 0.
      **kwargs: of `Layer`.

    Raises:
      ValueError: an argument is negative.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.ReLU(max_value=6.0)(np.array([-3.0, 2.0, 7.0], np.float32))
      array([0., 2., 6.], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else slope("ReLU", "max_value", max_value)
        self.negative_slope = slope("ReLU", "negative_slope", negative_slope)
        self.threshold = slope("ReLU", "threshold", threshold)
        self._plain = max_value is None and not negative_slope and not threshold

    @property
    def _is_relu(self) -> bool:
        """Whether a layer before it may compute it in its own pass."""
        return self._plain and self.activity_regularizer is None

    def call(self, inputs: FloatArray) -> Any:
        """Applies it; as one node on the tape with one of the arguments at most, and no threshold."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        if self._plain:
            return ops.relu(inputs)
        return activations.relu(
            inputs,
            negative_slope=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
