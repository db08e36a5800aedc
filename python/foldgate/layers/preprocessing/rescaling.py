"""Scale and offset."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._defaults import image_data_format
from foldgate._tape import Tensor
from foldgate.layers.layer import Layer

Shape = tuple[int | None, ...]


class Rescaling(Layer):
    """scale x + offset, in floats.

    Args:
      scale: a number, or one for each channel.
      offset: the same.
      **kwargs: of `Layer`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Rescaling(1 / 256, offset=0.5)(np.array([0, 64, 128], np.uint8))
      array([0.5 , 0.75, 1.  ], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _plain("scale", scale)
        self.offset = _plain("offset", offset)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Computes it."""
        kind = np.dtype(self.compute_dtype)
        scale, offset = np.asarray(self.scale, kind), np.asarray(self.offset, kind)
        if scale.ndim and image_data_format() == "channels_first":
            scale = scale.reshape(scale.shape + (1,) * (3 - scale.ndim))
        if isinstance(inputs, Tensor):
            return inputs * scale + offset
        y = np.multiply(inputs, scale, dtype=kind)
        return np.add(y, offset, out=y) if offset.ndim == 0 and y.ndim else y + offset

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


def _plain(argument: str, value: Any) -> Any:
    """A number, or a list of them: what goes into a configuration."""
    if isinstance(value, dict):  # an array, as Keras writes it
        value = value["config"]["value"]
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or not array.size or np.isnan(array).any():
        raise ValueError(f"Rescaling: {argument} is {value!r}; expected a number, or a list of them")
    return array.tolist()
