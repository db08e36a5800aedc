"""Normal noise, added and multiplied."""

from __future__ import annotations

import math
from typing import Any

from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.regularization._noise import Shape, fraction
from foldgate.random import SeedGenerator
from foldgate.random.seeds import generator


class _GaussianLayer(Layer):
    seed_generator: SeedGenerator

    def __init__(self, strength: float, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        if strength > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def _noise(self, inputs: FloatArray, mean: float, stddev: float) -> Any:
        noise: Any = generator(self.seed_generator).standard_normal(inputs.shape, inputs.dtype)
        noise *= stddev
        if mean:
            noise += mean
        return noise

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs."""
        return tuple(input_shape)


class GaussianNoise(_GaussianLayer):
    """In training, adds numbers of a normal distribution around 0.

    Args:
      stddev: their standard deviation, from 0 to 1.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      **kwargs: of `Layer`.

    Raises:
      ValueError: `stddev` or `seed` is outside its range.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> y = keras.layers.GaussianNoise(0.5, seed=1)(np.zeros(10_000), training=True)
      >>> round(float(y.std()), 1)
      0.5
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(fraction("GaussianNoise", "stddev", stddev), seed, **kwargs)
        self.stddev = stddev

    def call(self, inputs: FloatArray, training: bool = False) -> Any:
        """Adds in training, as one node on the tape."""
        if not training or self.stddev == 0:
            return inputs
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        return inputs + self._noise(inputs, 0.0, self.stddev)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class GaussianDropout(_GaussianLayer):
    """In training, multiplies by numbers of a normal distribution around 1.

    Their standard deviation is sqrt(rate / (1 - rate)), that of dropout.

    Args:
      rate: at least 0 and below 1.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      **kwargs: of `Layer`.

    Raises:
      ValueError: `rate` or `seed` is outside its range.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> y = keras.layers.GaussianDropout(0.5, seed=1)(np.ones(10_000), training=True)
      >>> round(float(y.mean()), 1), round(float(y.std()), 1)
      (1.0, 1.0)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(fraction("GaussianDropout", "rate", rate, below_one=True), seed, **kwargs)
        self.rate = rate

    def call(self, inputs: FloatArray, training: bool = False) -> Any:
        """Multiplies in training, as one node on the tape."""
        if not training or self.rate == 0:
            return inputs
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        return inputs * self._noise(inputs, 1.0, math.sqrt(self.rate / (1 - self.rate)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
