"""Images in another size."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._checks import numbers
from foldgate._defaults import standardize_data_format
from foldgate.layers.layer import Layer
from foldgate.layers.preprocessing.rescaling import Shape
from foldgate.ops._interpolation import INTERPOLATIONS, interpolation_matrix, nearest


class Resizing(Layer):
    """Images in another height and width.

    Args:
      height, width: of the results.
      interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`; the sampling points
        are the centres of pixels.
      crop_to_aspect_ratio: whether images are cropped in the middle first where their shape is another.
      pad_to_aspect_ratio: whether they are padded instead.
      fill_mode: `"constant"`.
      fill_value: of the padding.
      antialias: whether shrinking averages over all pixels that fall into one.
      data_format: `"channels_last"` for (N, H, W, C), `"channels_first"` for (N, C, H, W); None for
        `config.image_data_format()`.
      **kwargs: of `Layer`.

    Call arguments:
      inputs: images, with or without the batch's axis.

    Raises:
      ValueError: an argument is outside its range, or the inputs have other than 3 or 4 axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> image = np.array([[0.0, 4.0]]).reshape(1, 1, 2, 1)
      >>> keras.layers.Resizing(1, 4)(image).ravel()
      array([0., 1., 3., 4.], dtype=float32)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("height", height), ("width", width)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"Resizing: {name} is {value!r}; expected an int of at least 1")
        if interpolation not in INTERPOLATIONS:
            raise ValueError(
                f"Resizing: interpolation is {interpolation!r}; expected one of {INTERPOLATIONS}"
            )
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(
                "Resizing: crop_to_aspect_ratio and pad_to_aspect_ratio are True; expected one of them "
                "at most"
            )
        if fill_mode != "constant":
            raise ValueError(f"Resizing: fill_mode is {fill_mode!r}; expected 'constant'")
        numbers(self, "[-inf, inf]", fill_value=fill_value)
        self.height, self.width, self.interpolation = height, width, interpolation
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value, self.antialias = fill_mode, fill_value, antialias
        self.data_format = standardize_data_format(data_format)

    def _axes(self, rank: int) -> tuple[int, int]:
        """The axes of height and width."""
        if rank not in (3, 4):
            raise ValueError(f"Resizing: inputs have {rank} axes; expected 3 or 4")
        first = rank - 3 if self.data_format == "channels_last" else rank - 2
        return first, first + 1

    def call(self, inputs: Any) -> Any:
        """Resizes along one axis after the other."""
        axes = self._axes(inputs.ndim)
        x = inputs if inputs.dtype.kind == "f" else inputs.astype(self.compute_dtype)
        if self.crop_to_aspect_ratio:
            x = self._cropped(x, axes)
        elif self.pad_to_aspect_ratio:
            x = self._padded(x, axes)
        for axis, size in zip(axes, (self.height, self.width), strict=True):
            x = self._resized(x, axis, size)
        return x

    def _resized(self, x: Any, axis: int, size: int) -> Any:
        """`size` combinations of what stands along an axis: one product."""
        if x.shape[axis] == size:
            return x
        if self.interpolation == "nearest":
            return np.take(x, nearest(x.shape[axis], size), axis)
        matrix = interpolation_matrix(self.interpolation, x.shape[axis], size, self.antialias, x.dtype)
        lead, rest = x.shape[:axis], x.shape[axis + 1 :]
        y = ops.matmul(matrix, x.reshape((*lead, x.shape[axis], prod(rest))))
        return y.reshape((*lead, size, *rest))

    def _cropped(self, x: Any, axes: tuple[int, int]) -> Any:
        height, width = (x.shape[axis] for axis in axes)
        wanted = (
            max(1, min(height, width * self.height // self.width)),
            max(1, min(width, height * self.width // self.height)),
        )
        key: list[Any] = [slice(None)] * x.ndim
        for axis, size in zip(axes, wanted, strict=True):
            start = (x.shape[axis] - size) // 2
            key[axis] = slice(start, start + size)
        return x[tuple(key)]

    def _padded(self, x: Any, axes: tuple[int, int]) -> Any:
        height, width = (x.shape[axis] for axis in axes)
        wanted = (
            max(height, width * self.height // self.width),
            max(width, height * self.width // self.height),
        )
        sides = [(0, 0)] * x.ndim
        for axis, size in zip(axes, wanted, strict=True):
            sides[axis] = ((size - x.shape[axis]) // 2,) * 2
        return np.pad(x, sides, constant_values=self.fill_value)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs with `height` and `width`."""
        shape = list(input_shape)
        for axis, size in zip(self._axes(len(shape)), (self.height, self.width), strict=True):
            shape[axis] = size
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        names = "height width interpolation crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value"
        own = {name: getattr(self, name) for name in [*names.split(), "antialias", "data_format"]}
        return {**super().get_config(), **own}
