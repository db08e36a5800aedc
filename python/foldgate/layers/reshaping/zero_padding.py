"""Zeros around the input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate._custom_gradient import custom_gradient
from foldgate._typing import FloatArray
from foldgate.layers._windows import Shape
from foldgate.layers.reshaping._margins import MarginLayer, Pairs


class BaseZeroPadding(MarginLayer):
    """What ZeroPadding1D, ZeroPadding2D and ZeroPadding3D share."""

    _argument = "padding"

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)
        self.padding: Any = self._pairs[0] if self.rank == 1 else self._pairs

    def call(self, inputs: FloatArray) -> FloatArray:
        """One copy."""
        padded: FloatArray = _padded(inputs, pairs=self._pairs, first=self._first)
        return padded

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """So many positions more."""
        sizes = list(input_shape)
        for axis, (before, after) in enumerate(self._pairs, self._first):
            size = sizes[axis]
            sizes[axis] = None if size is None else size + before + after
        return tuple(sizes)


@custom_gradient
def _padded(x: FloatArray, pairs: Pairs, first: int) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    sizes, inside = list(x.shape), [slice(None)] * x.ndim
    for axis, (before, after) in enumerate(pairs, first):
        inside[axis] = slice(before, before + sizes[axis])
        sizes[axis] += before + after
    within = tuple(inside)
    y = np.zeros(sizes, x.dtype)
    y[within] = x
    return y, lambda dy: dy[within]


_DOC = """Adds zeros at both ends of {axes}.

    Args:
      padding: {argument} Defaults to 1.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, {sizes}, C), output the same with so many positions more, with channels first
      (N, C, {sizes}).

    Raises:
      ValueError: an argument has no such value, or the input another number of axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.{name}({shown})(np.ones({shape}, np.float32)).shape
      {result}
    """


class ZeroPadding1D(BaseZeroPadding):
    __doc__ = _DOC.format(
        name="ZeroPadding1D", axes="the steps", argument="an int, or how many (before, after).",
        sizes="T", shown="(1, 2)", shape="(2, 5, 4)", result="(2, 8, 4)",
    )  # fmt: skip
    rank = 1


class ZeroPadding2D(BaseZeroPadding):
    __doc__ = _DOC.format(
        name="ZeroPadding2D", axes="both axes of images",
        argument="an int, one an axis, or a pair (before, after) an axis.",
        sizes="H, W", shown="((1, 2), (0, 1))", shape="(2, 5, 5, 4)", result="(2, 8, 6, 4)",
    )  # fmt: skip
    rank = 2


class ZeroPadding3D(BaseZeroPadding):
    __doc__ = _DOC.format(
        name="ZeroPadding3D", axes="the three axes of volumes",
        argument="an int, one an axis, or a pair (before, after) an axis.",
        sizes="D, H, W", shown="(1, 0, 2)", shape="(2, 5, 5, 5, 4)", result="(2, 7, 5, 9, 4)",
    )  # fmt: skip
    rank = 3
