"""Mirrored images."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.layers.augmentation._images import RandomImageLayer, each

_MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(RandomImageLayer):
    """In training, mirrors one image in two.

    Args:
      mode: `"horizontal"` swaps left and right, `"vertical"` top and bottom, `"horizontal_and_vertical"`
        both.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      **kwargs: of `Layer`.

    Raises:
      ValueError: `mode` or `seed` is none of these, or the inputs have neither 3 nor 4 axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> images = np.arange(8.0).reshape(4, 1, 2, 1)
      >>> keras.layers.RandomFlip("horizontal", seed=3)(images).reshape(4, 2).tolist()
      [[0.0, 1.0], [3.0, 2.0], [5.0, 4.0], [6.0, 7.0]]
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        if mode not in _MODES:
            raise ValueError(f"RandomFlip: mode is {mode!r}; expected one of {_MODES}")
        self.mode = mode

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images are mirrored."""
        return {"flips": each(self._uniform(data, 0.0, 1.0, seed) <= 0.5)} if training else None

    def _transform(self, images: Any, transformation: Any) -> Any:
        vertical, horizontal = self._image_axes
        axes = {"horizontal": (horizontal,), "vertical": (vertical,)}.get(self.mode, (vertical, horizontal))
        return np.where(transformation["flips"], np.flip(images, axes), images)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "mode": self.mode}
