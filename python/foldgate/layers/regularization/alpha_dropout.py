"""Dropout for SELU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foldgate import ops
from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.regularization._noise import Shape, fraction, noise_extents, noise_shape_argument
from foldgate.random import SeedGenerator

# What SELU tends to at minus infinity: -scale alpha, with the constants of Klambauer et al. (2017).
_SATURATION = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


class AlphaDropout(Layer):
    """In training, sets values to SELU's negative limit at random, and keeps mean and variance.

        y = a (x where kept, else s) + b,  s = -1.7581
        a = 1 / sqrt((1 - rate) (1 + rate s^2)),  b = -a rate s

    Args:
      rate: the probability of the limit, from 0 to 1.
      noise_shape: of the noise, as in `Dropout`.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      **kwargs: of `Layer`.

    Raises:
      ValueError: `rate`, `noise_shape` or `seed` is outside its range, or `noise_shape` does not fit the
        inputs.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> x = np.random.default_rng(0).standard_normal(100_000)
      >>> y = keras.layers.AlphaDropout(0.3, seed=1)(x, training=True)
      >>> abs(round(float(y.mean()), 1)), round(float(y.std()), 1)
      (0.0, 1.0)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = fraction("AlphaDropout", "rate", rate, below_one=True)
        self.seed = seed
        self.noise_shape = noise_shape_argument("AlphaDropout", noise_shape)
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: FloatArray, training: bool = False) -> Any:
        """Drops in training."""
        if not training or self.rate == 0:
            return inputs
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        extents = inputs.shape
        if self.noise_shape is not None:
            extents = noise_extents("AlphaDropout", self.noise_shape, extents)
        rate, kind = self.rate, inputs.dtype.type
        seed, offset = self.seed_generator.next_key()
        kept = ops.random_uniform(extents, seed=seed, offset=offset, dtype=inputs.dtype) >= rate
        a = ((1 - rate) * (1 + rate * _SATURATION**2)) ** -0.5
        factor = kept * kind(a)
        constant = ~kept * kind(a * _SATURATION) + kind(-a * _SATURATION * rate)
        return inputs * factor + constant

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
