"""Spectral normalization of a layer's kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import initializers
from foldgate._tape import no_grad
from foldgate._typing import FloatArray
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.normalization._axes import Shape
from foldgate.layers.weight import Weight
from foldgate.layers.wrapper import Wrapper


class SpectralNormalization(Wrapper):
    """Calls a layer, whose kernel is divided by its largest singular value at each call in training.

    The singular value is estimated by power iteration, from where the call before left off.

    Args:
      layer: one with a `kernel`, or `embeddings`.
      power_iterations: at least 1.
      **kwargs: of `Layer`.

    Raises:
      ValueError: `power_iterations` is below 1, or the layer has neither of these weights.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.SpectralNormalization(keras.layers.Dense(3), power_iterations=100)
      >>> layer(np.ones((2, 4)), training=True).shape
      (2, 3)
      >>> round(float(np.linalg.norm(layer.layer.kernel.value, 2)), 3)
      1.0
    """

    vector_u: Weight
    kernel: Weight

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if (
            isinstance(power_iterations, bool)
            or not isinstance(power_iterations, int)
            or power_iterations < 1
        ):
            raise ValueError(
                f"SpectralNormalization: power_iterations is {power_iterations!r}; expected an int of at "
                "least 1"
            )
        self.power_iterations = power_iterations

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer, and makes the vector that the iterations keep."""
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        kernel = getattr(self.layer, "kernel", None)
        kernel = getattr(self.layer, "embeddings", None) if kernel is None else kernel
        if kernel is None:
            raise ValueError(
                f"SpectralNormalization: layer is a {type(self.layer).__name__}; expected one with a "
                "kernel or embeddings"
            )
        self.kernel = kernel
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            dtype=kernel.dtype,
        )

    def call(self, inputs: FloatArray, training: bool = False) -> Any:
        """Calls the layer; in training its kernel is normalized first."""
        if training:
            with no_grad():
                self._normalize()
        return self.layer(inputs)

    def _normalize(self) -> None:
        """v = W u / |W u|, u = W' v / |W' v|, then W / (v' W u)."""
        kernel = self.kernel.value
        if not kernel.any():
            return
        matrix = kernel.reshape(-1, kernel.shape[-1])
        u = self.vector_u.value
        for _ in range(self.power_iterations):
            v = _of_length_one(u @ matrix.T)
            u = _of_length_one(v @ matrix)
        largest = (v @ matrix @ u.T).item()
        self.vector_u.assign(u)
        self.kernel.assign(kernel / kernel.dtype.type(largest))

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """That of the layer."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "power_iterations": self.power_iterations}


def _of_length_one(x: FloatArray) -> FloatArray:
    length = np.linalg.norm(x)
    unit: FloatArray = x / (length if length > 0 else x.dtype.type(1))
    return unit
