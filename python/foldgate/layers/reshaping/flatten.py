"""All axes but the batch as one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from foldgate import _defaults
from foldgate._typing import FloatArray
from foldgate.layers._windows import Shape
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.layer import Layer


class Flatten(Layer):
    """Makes one axis of all but the batch.

    Args:
      data_format: `"channels_last"`; with `"channels_first"` the channels go last before, so that weights
        after this layer do not depend on the layout; None for `config.image_data_format()`.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, ...), output (N, product of the others).

    Raises:
      ValueError: `data_format` has no such value, or the input has no axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Flatten()(np.ones((2, 3, 4, 5), np.float32)).shape
      (2, 60)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = _defaults.standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)
        self.built = True

    def call(self, inputs: FloatArray) -> FloatArray:
        """No copy, but for channels that come first."""
        shape = inputs.shape
        if self.data_format == "channels_first" and len(shape) > 2:
            inputs = np.moveaxis(inputs, 1, -1)
        return np.reshape(inputs, (shape[0], math.prod(shape[1:])))

    def _gives_alike(self) -> bool:
        return type(self).call is Flatten.call

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, product of the others)."""
        sizes = [size for size in input_shape[1:] if size is not None]
        known = len(sizes) == len(input_shape) - 1
        return (input_shape[0], math.prod(sizes) if known else None)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {**super().get_config(), "data_format": self.data_format}
