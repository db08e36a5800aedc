"""A part of each image, of a given size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foldgate import random
from foldgate._checks import integers
from foldgate._typing import FloatArray
from foldgate.layers.augmentation._images import ImageLayer, Shape
from foldgate.layers.preprocessing.resizing import Resizing
from foldgate.random.seeds import make_default_seed


class Crop(ImageLayer):
    """Cuts images to `height` and `width`; smaller ones are cut to their shape, and resized."""

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        integers(self, 1, height=height, width=width)
        super().__init__(data_format, **kwargs)
        self.height, self.width = height, width

    def _cut(self, images: Any, start: Callable[[int], int]) -> Any:
        """The part that begins where `start` says for as many rows, or columns, too many."""
        vertical, horizontal = self._image_axes
        rows, columns = images.shape[vertical] - self.height, images.shape[horizontal] - self.width
        if rows < 0 or columns < 0:
            return self._resized(images)
        top, left = start(rows), start(columns)
        key: list[Any] = [slice(None)] * images.ndim
        key[vertical], key[horizontal] = slice(top, top + self.height), slice(left, left + self.width)
        return images[tuple(key)]

    def _resized(self, images: Any) -> Any:
        resizing = Resizing(
            self.height,
            self.width,
            crop_to_aspect_ratio=True,
            data_format=self.data_format,
            dtype=self.compute_dtype,
        )
        return resizing(images)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs with `height` and `width`."""
        if len(input_shape) not in (3, 4):
            raise ValueError(f"{self.name}: inputs have {len(input_shape)} axes; expected 3 or 4")
        shape = list(input_shape)
        for axis, size in zip(self._image_axes, (self.height, self.width), strict=True):
            shape[axis] = size
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "height": self.height, "width": self.width}


def _middle(surplus: int) -> int:
    return surplus // 2


class CenterCrop(Crop):
    """The middle of each image.

    Args:
      height: rows of the result. Images of fewer rows or columns than the result are cut to its shape and
        resized.
      width: columns of the result.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      **kwargs: of `Layer`.

    Raises:
      TypeError: `height` or `width` is no int.
      ValueError: one is less than 1, or the inputs have neither 3 nor 4 axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.CenterCrop(1, 2)(np.arange(16.0).reshape(4, 4, 1)).ravel().tolist()
      [5.0, 6.0]
    """

    def call(self, inputs: FloatArray) -> Any:
        """Cuts."""
        return self._cut(self._floats(inputs), _middle)


class RandomCrop(Crop):
    """In training, a part of the images from a place drawn for the batch; else their middle.

    Args:
      height: rows of the result. Images of fewer rows or columns than the result are cut to its shape and
        resized.
      width: columns of the result.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      name: of the layer.
      **kwargs: of `Layer`.

    Raises:
      TypeError: `height`, `width` or `seed` is no int.
      ValueError: one is outside its range, or the inputs have neither 3 nor 4 axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> images = np.arange(16.0).reshape(1, 4, 4, 1)
      >>> keras.layers.RandomCrop(1, 2, seed=1)(images, training=False).ravel().tolist()
      [5.0, 6.0]
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, data_format, name=name, **kwargs)
        self.seed = make_default_seed() if seed is None else seed
        self.generator = random.SeedGenerator(self.seed)

    def call(self, inputs: FloatArray, training: bool = True) -> Any:
        """Cuts."""
        return self._cut(self._floats(inputs), self._drawn if training else _middle)

    def _drawn(self, surplus: int) -> int:
        return int(random.randint((), 0, surplus + 1, seed=self.generator))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "seed": self.seed}
