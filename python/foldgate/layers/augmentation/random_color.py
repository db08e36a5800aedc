"""Images with another brightness or contrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate.layers.augmentation._images import RandomImageLayer, each, factor_range, value_range_of


class RandomBrightness(RandomImageLayer):
    """In training, adds a number to each image: a part of the range of values.

    Args:
      factor: the part, from -1 to 1: two ends, or a number for both sides of 0.
      value_range: the least and the largest value; results are cut off there.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      **kwargs: of `Layer`.

    Raises:
      TypeError: `factor` holds no numbers.
      ValueError: `factor`, `value_range` or `seed` is outside its range.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> brighter = keras.layers.RandomBrightness((0.2, 0.2))
      >>> brighter(np.array([0.0, 100.0, 250.0]).reshape(1, 3, 1)).ravel().tolist()
      [51.0, 151.0, 255.0]
    """

    def __init__(
        self, factor: Any, value_range: Sequence[float] = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.factor = factor_range(self, "factor", factor)
        self.value_range = sorted(value_range_of(self, value_range))

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What is added to each image."""
        if not training:
            return None
        low, high = self.value_range
        return {"rgb_delta": each(self._uniform(data, *self.factor, seed) * (high - low))}

    def _transform(self, images: Any, transformation: Any) -> Any:
        low, high = self.value_range
        return np.clip(images + transformation["rgb_delta"].astype(images.dtype), low, high)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


class RandomContrast(RandomImageLayer):
    """In training, multiplies what the values of each image and channel differ from their mean by.

    Args:
      factor: of the multiplier, 1 less the lower end to 1 plus the upper one; both from 0 to 1, or a number
        for 0 to it.
      value_range: the least and the largest value; results are cut off there.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      **kwargs: of `Layer`.

    Raises:
      TypeError: `factor` holds no numbers.
      ValueError: `factor`, `value_range` or `seed` is outside its range.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.RandomContrast(0.5, seed=1)
      >>> y = layer(np.array([10.0, 20.0]).reshape(1, 2, 1)).ravel()
      >>> round(float(y.mean()), 3), bool(10 <= y[1] - y[0] <= 15)
      (15.0, True)
    """

    def __init__(
        self, factor: Any, value_range: Sequence[float] = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        low, high = factor_range(self, "factor", factor, "[0, 1]")
        self.factor = max(low, 0), high
        self.value_range = value_range_of(self, value_range)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What each image's differences are multiplied by."""
        if not training:
            return None
        low, high = self.factor
        return {"contrast_factor": each(self._uniform(data, 1 - low, 1 + high, seed))}

    def _transform(self, images: Any, transformation: Any) -> Any:
        mean = np.mean(images, axis=self._image_axes, keepdims=True)
        y = (images - mean) * transformation["contrast_factor"].astype(images.dtype) + mean
        low, high = self.value_range
        return np.clip(y, low, high)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}
