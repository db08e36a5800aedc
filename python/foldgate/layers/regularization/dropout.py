"""Dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.regularization._noise import Shape, fraction, noise_extents, noise_shape_argument
from foldgate.random import SeedGenerator


class Dropout(Layer):
    """In training, sets values to 0 at random and divides the others by 1 - rate.

    Which are dropped is a function of the seed and of how often the layer was called: neither threads nor the
    instruction set change it.

    Args:
      rate: the probability of a 0, from 0 to 1.
      noise_shape: of the noise, which is repeated along axes where it is 1; None, as an extent too, stands
        for that of the inputs.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      **kwargs: of `Layer`.

    Raises:
      ValueError: `rate`, `noise_shape` or `seed` is outside its range, or `noise_shape` does not fit the
        inputs.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.Dropout(0.5, seed=1)
      >>> layer(np.ones(8, np.float32), training=True)
      array([2., 0., 0., 0., 0., 2., 0., 2.], dtype=float32)
      >>> layer(np.ones(2, np.float32))
      array([1., 1.], dtype=float32)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = fraction(type(self).__name__, "rate", rate)
        self.seed = seed
        self.noise_shape = noise_shape_argument(type(self).__name__, noise_shape)
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: FloatArray, training: bool = False) -> Any:
        """Drops in training, as one node on the tape."""
        if not training or self.rate == 0:
            return inputs
        return self._drop(inputs, self.noise_shape)

    def _drop(self, inputs: FloatArray, noise_shape: Shape | None) -> Any:
        seed, offset = self.seed_generator.next_key()
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        if self.rate == 1:
            return inputs * inputs.dtype.type(0)
        if noise_shape is None:
            return ops.dropout(inputs, self.rate, seed=seed, offset=offset)
        extents = noise_extents(type(self).__name__, noise_shape, inputs.shape)
        kept = ops.dropout(np.ones(extents, inputs.dtype), self.rate, seed=seed, offset=offset)
        return inputs * kept

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": self.seed,
            "noise_shape": self.noise_shape,
        }
