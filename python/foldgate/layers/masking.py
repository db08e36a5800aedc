"""Masks of sequences whose missing steps hold one value."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import _masks
from foldgate._checks import numbers
from foldgate._tape import Tensor
from foldgate._typing import BoolArray, FloatArray
from foldgate.layers.layer import Layer


class Masking(Layer):
    """Masks the steps that hold `mask_value` in all features, and sets them to 0.

    Layers after it skip these steps if they take masks.

    Args:
      mask_value: default 0.0.
      **kwargs: `name`, `dtype`.

    Call arguments:
      inputs: (N, T, ...).

    Returns:
      The inputs, with 0 at masked steps. The mask is (N, T).

    Example:
      >>> import numpy as np
      >>> from foldgate import layers
      >>> x = np.array([[[1.0, 2.0], [9.0, 9.0]]])
      >>> masking = layers.Masking(mask_value=9.0)
      >>> masking(x)[0, 1], masking.compute_mask(x)
      (array([0., 0.], dtype=float32), array([[ True, False]]))
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._creates_mask = True  # its `call` may return another array than the one that has the mask

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        numbers(self, "[-inf, inf]", mask_value=mask_value)
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> BoolArray:
        """True where a feature of a step is another value."""
        values = inputs.numpy() if isinstance(inputs, Tensor) else inputs
        found: BoolArray = np.logical_or.reduce(values != self.mask_value, axis=-1)
        return found

    def call(self, inputs: FloatArray) -> FloatArray:
        """Sets masked steps to 0. The result has the mask; the inputs, which are the caller's, do not."""
        counts = self.compute_mask(inputs)
        masked: FloatArray
        if not np.logical_and.reduce(counts, axis=None):
            masked = np.where(counts[..., None], inputs, np.zeros((), inputs.dtype))
        else:
            masked = inputs if isinstance(inputs, Tensor) else inputs.view()
        _masks.set_mask(masked, counts)
        return masked

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mask_value": self.mask_value}
