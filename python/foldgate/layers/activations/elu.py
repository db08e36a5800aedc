"""The exponential linear unit."""

from __future__ import annotations

from typing import Any

from foldgate import ops
from foldgate._typing import FloatArray
from foldgate.layers.activations._base import ElementwiseLayer, slope


class ELU(ElementwiseLayer):
    """x where x > 0, else alpha (e^x - 1).

    Args:
      alpha: at least 0.
      **kwargs: of `Layer`.

    Raises:
      ValueError: `alpha` is negative.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.ELU()(np.array([np.log(0.5), 2.0], np.float32))
      array([-0.5,  2. ], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = slope("ELU", "alpha", alpha)

    def call(self, inputs: FloatArray) -> Any:
        """Applies it, as one node on the tape."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        return ops.elu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "alpha": self.alpha}
