"""What layers of images share: their axes, random draws, and the ranges of what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import random
from foldgate._checks import numbers, seeds
from foldgate._defaults import standardize_data_format
from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer

Shape = tuple[int | None, ...]
Range = tuple[float, float]


class ImageLayer(Layer):
    """A layer of one image or a batch of them: (H, W, C) or (N, H, W, C), or with channels first."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)

    @property
    def _image_axes(self) -> tuple[int, int]:
        """The axes of height and width, from the last."""
        return (-3, -2) if self.data_format == "channels_last" else (-2, -1)

    def _floats(self, images: Any) -> Any:
        """Images of 3 or 4 axes in the layer's dtype."""
        if images.ndim not in (3, 4):
            raise ValueError(f"{self.name}: inputs have {images.ndim} axes; expected 3 or 4")
        return images if images.dtype == self.compute_dtype else images.astype(self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "data_format": self.data_format}


class RandomImageLayer(ImageLayer):
    """An image layer that draws something for each image in training, and gives images as they are without.

    A subclass writes `get_random_transformation` and `_transform`.
    """

    def __init__(self, seed: int | None = None, data_format: str | None = None, **kwargs: Any) -> None:
        seeds(self, seed=seed)
        super().__init__(data_format, **kwargs)
        self.seed = seed
        self.generator = random.SeedGenerator(seed)

    def call(self, inputs: FloatArray, training: bool = True) -> Any:
        """Changes the images in training."""
        images = self._floats(inputs)
        if not training:
            return images
        return self.transform_images(images, self.get_random_transformation(images))

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What is done to each image, drawn for images of this shape.

        Args:
          data: the images.
          training: whether there is anything to be done.
          seed: None for the layer's own generator.
        """
        raise NotImplementedError

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Images changed as `get_random_transformation` says."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        batch = images if images.ndim == 4 else images[None]
        changed = self._transform(batch, transformation)
        return changed if images.ndim == 4 else changed[0]

    def _transform(self, images: Any, transformation: Any) -> Any:
        """Four axes of them."""
        raise NotImplementedError

    def _uniform(self, images: Any, low: float, high: float, seed: Any) -> FloatArray:
        """A number for each image."""
        count = images.shape[0] if images.ndim == 4 else 1
        draw: FloatArray = random.uniform(
            (count,), low, high, seed=self.generator if seed is None else seed, dtype="float32"
        )
        return draw

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "seed": self.seed}


def factor_range(layer: Layer, name: str, factor: Any, interval: str = "[-1, 1]") -> Range:
    """The two ends of what a factor says: a number for both sides of 0, or both ends.

    Raises:
      TypeError: it is neither a number nor two.
      ValueError: an end is outside the interval.
    """
    if isinstance(factor, Sequence) and not isinstance(factor, str):
        if len(factor) != 2:
            raise ValueError(f"{type(layer).__name__}: {name} is {factor!r}; expected a number or two")
        numbers(layer, interval, **{f"{name}[{i}]": end for i, end in enumerate(factor)})
        low, high = sorted(factor)
        return low, high
    numbers(layer, interval, **dict[str, Any]({name: factor}))
    return -abs(factor), abs(factor)


def value_range_of(layer: Layer, value_range: Any) -> Sequence[float]:
    """The least and the largest value that images may have.

    Raises:
      ValueError: they are not two numbers.
    """
    if not isinstance(value_range, (list, tuple)) or len(value_range) != 2:
        raise ValueError(f"{type(layer).__name__}: value_range is {value_range!r}; expected two numbers")
    numbers(layer, "[-inf, inf]", **{f"value_range[{i}]": end for i, end in enumerate(value_range)})
    return value_range


def each(values: Any) -> Any:
    """A number an image, along the axes of a batch of images."""
    return np.reshape(values, (-1, 1, 1, 1))
