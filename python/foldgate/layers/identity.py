"""The layer that does nothing."""

from __future__ import annotations

from typing import Any

from foldgate.layers.layer import Layer


class Identity(Layer):
    """Returns its input.

    Args:
      **kwargs: of `Layer`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Identity()(np.ones(2, np.float32))
      array([1., 1.], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return input_shape
