"""Images turned, zoomed and moved."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from foldgate._checks import numbers
from foldgate._typing import FloatArray
from foldgate.layers.augmentation._images import RandomImageLayer, factor_range
from foldgate.layers.augmentation._sampling import FILL_MODES, INTERPOLATIONS, affine


class RandomAffine(RandomImageLayer):
    """Images read at places that a matrix says, one an image."""

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        seed: int | None,
        fill_value: float,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        name = type(self).__name__
        if fill_mode not in FILL_MODES:
            raise ValueError(f"{name}: fill_mode is {fill_mode!r}; expected one of {FILL_MODES}")
        if interpolation not in INTERPOLATIONS:
            raise ValueError(f"{name}: interpolation is {interpolation!r}; expected one of {INTERPOLATIONS}")
        numbers(self, "[-inf, inf]", fill_value=fill_value)
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value

    def _matrices(self, transformation: Any, height: int, width: int) -> FloatArray:
        """(N, 2, 3): see `_sampling`."""
        raise NotImplementedError

    def _transform(self, images: Any, transformation: Any) -> Any:
        height, width = (images.shape[axis] for axis in self._image_axes)
        matrices = self._matrices(transformation, height, width)
        options = (self.interpolation, self.fill_mode, self.fill_value)
        if self.data_format == "channels_last":
            return affine(images, matrices, *options)
        return np.moveaxis(affine(np.moveaxis(images, 1, -1), matrices, *options), -1, 1)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        own = {name: getattr(self, name) for name in ("fill_mode", "interpolation", "fill_value")}
        return {**super().get_config(), **own}


def _matrix(*rows: tuple[Any, Any, Any]) -> FloatArray:
    """Numbers and arrays (N,) as (N, 2, 3)."""
    return np.moveaxis(np.stack([np.stack(np.broadcast_arrays(*row)) for row in rows]), -1, 0)


_ENDS = """
      fill_mode: what is outside of an image: `"reflect"`, `"wrap"`, `"nearest"` or `"constant"`.
      interpolation: `"bilinear"` or `"nearest"`.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      fill_value: outside of an image with `"constant"`.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      **kwargs: of `Layer`.

    Raises:
      TypeError: a factor holds no numbers.
      ValueError: an argument is outside its range, or the inputs have neither 3 nor 4 axes.
"""


class RandomRotation(RandomAffine):
    __doc__ = f"""In training, turns each image about its centre.

    Args:
      factor: of a whole turn, from -1 to 1: two ends, or a number for both sides of 0.{_ENDS}
    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> quarter = keras.layers.RandomRotation((0.25, 0.25))
      >>> quarter(np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(2, 2, 1)).reshape(2, 2).round(3).tolist()
      [[2.0, 4.0], [1.0, 3.0]]
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = factor_range(self, "factor", factor)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The degrees that each image is turned by."""
        low, high = self.factor
        return {"angle": self._uniform(data, 360 * low, 360 * high, seed)} if training else None

    def _matrices(self, transformation: Any, height: int, width: int) -> FloatArray:
        angle = transformation["angle"] * np.float32(pi / 180)
        cos, sin = np.cos(angle), np.sin(angle)
        x, y = (width - 1) / 2, (height - 1) / 2  # stays where it is
        return _matrix((cos, -sin, x - cos * x + sin * y), (sin, cos, y - sin * x - cos * y))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "factor": self.factor}


class RandomZoom(RandomAffine):
    __doc__ = f"""In training, makes what each image shows smaller or larger.

    Args:
      height_factor: how much more of the height is to be seen, above -1 to 1: two ends, or a number for both
        sides of 0. A negative one zooms in.
      width_factor: the same of the width; None for that of the height.{_ENDS}
    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> zoom = keras.layers.RandomZoom((-0.5, -0.5), interpolation="nearest")
      >>> zoom(np.arange(4.0).reshape(1, 4, 1)).ravel().tolist()
      [1.0, 1.0, 2.0, 2.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height_range = factor_range(self, "height_factor", height_factor, "(-1, 1]")
        self._width_range = None
        if width_factor is not None:
            self._width_range = factor_range(self, "width_factor", width_factor, "(-1, 1]")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """How much of each image's height and width is to be seen."""
        if not training:
            return None
        low, high = self._height_range
        height = width = self._uniform(data, 1 + low, 1 + high, seed)[:, None]
        if self._width_range is not None:
            low, high = self._width_range
            width = self._uniform(data, 1 + low, 1 + high, seed)[:, None]
        return {"height_zoom": height, "width_zoom": width}

    def _matrices(self, transformation: Any, height: int, width: int) -> FloatArray:
        x, y = transformation["width_zoom"][:, 0], transformation["height_zoom"][:, 0]
        return _matrix((x, 0.0, (width - 1) / 2 * (1 - x)), (0.0, y, (height - 1) / 2 * (1 - y)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        own = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **own}


class RandomTranslation(RandomAffine):
    __doc__ = f"""In training, moves each image.

    Args:
      height_factor: downwards, of the height, from -1 to 1: two ends, or a number for both sides of 0.
      width_factor: to the right, of the width, likewise.{_ENDS}
    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> right = keras.layers.RandomTranslation(0.0, (0.5, 0.5), fill_mode="constant")
      >>> right(np.arange(1.0, 5.0).reshape(1, 4, 1)).ravel().tolist()
      [0.0, 0.0, 1.0, 2.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height_range = factor_range(self, "height_factor", height_factor)
        self._width_range = factor_range(self, "width_factor", width_factor)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The pixels that each image is moved by: to the right, and down."""
        if not training:
            return None
        height, width = (data.shape[axis] for axis in self._image_axes)
        down = self._uniform(data, *self._height_range, seed) * height
        right = self._uniform(data, *self._width_range, seed) * width
        return {"translations": np.stack([right, down], axis=1)}

    def _matrices(self, transformation: Any, height: int, width: int) -> FloatArray:
        right, down = transformation["translations"].T
        return _matrix((1.0, 0.0, -right), (0.0, 1.0, -down))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        own = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **own}
