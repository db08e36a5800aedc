"""The inside of the input."""

from __future__ import annotations

from typing import Any

from foldgate._typing import FloatArray
from foldgate.layers._windows import Shape
from foldgate.layers.reshaping._margins import MarginLayer


class BaseCropping(MarginLayer):
    """What Cropping1D, Cropping2D and Cropping3D share."""

    _argument = "cropping"

    def __init__(self, cropping: Any = 0, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
        self.cropping: Any = self._pairs[0] if self.rank == 1 else self._pairs

    def call(self, inputs: FloatArray) -> FloatArray:
        """No copy."""
        shape = self.compute_output_shape(inputs.shape)
        inside = [slice(None)] * len(shape)
        for axis, (before, _) in enumerate(self._pairs, self._first):
            size: Any = shape[axis]
            inside[axis] = slice(before, before + size)
        kept: FloatArray = inputs[tuple(inside)]
        return kept

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """So many positions less."""
        sizes = list(input_shape)
        for axis, (before, after) in enumerate(self._pairs, self._first):
            size = sizes[axis]
            if size is not None and size <= before + after:
                raise ValueError(
                    f"{self.name}: inputs have shape {tuple(input_shape)}; expected more than the "
                    f"{before + after} positions that cropping {self.cropping} takes from axis {axis}"
                )
            sizes[axis] = None if size is None else size - before - after
        return tuple(sizes)


_DOC = """Takes positions away at both ends of {axes}.

    Args:
      cropping: {argument}
{format}      **kwargs: of `Layer`.

    Shapes:
      inputs (N, {sizes}, C), output the same with so many positions less{first}.

    Raises:
      ValueError: an argument has no such value, or nothing of the input would be left.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.{name}({shown})(np.ones({shape}, np.float32)).shape
      {result}
    """
_FORMAT = """      data_format: `"channels_last"`, `"channels_first"`, or None for
        `config.image_data_format()`.
"""
_PAIRS = "an int, one an axis, or a pair (before, after) an axis. Defaults to 0."


class Cropping1D(BaseCropping):
    __doc__ = _DOC.format(
        name="Cropping1D", axes="the steps", argument="an int, or (before, after). Defaults to (1, 1).",
        sizes="T", shown="(1, 2)", shape="(2, 5, 4)", result="(2, 2, 4)", format="", first="",
    )  # fmt: skip
    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        config = super().get_config()
        del config["data_format"]
        return config


class Cropping2D(BaseCropping):
    __doc__ = _DOC.format(
        name="Cropping2D", axes="both axes of images", argument=_PAIRS, format=_FORMAT, sizes="H, W",
        shown="((1, 2), (0, 1))", shape="(2, 5, 5, 4)", result="(2, 2, 4, 4)",
        first=", with channels first (N, C, H, W)",
    )  # fmt: skip
    rank = 2


class Cropping3D(BaseCropping):
    __doc__ = _DOC.format(
        name="Cropping3D", axes="the three axes of volumes", argument=_PAIRS.replace("to 0", "to 1"),
        format=_FORMAT, sizes="D, H, W", shown="(1, 0, 2)", shape="(2, 5, 5, 5, 4)", result="(2, 3, 5, 1, 4)",
        first=", with channels first (N, C, D, H, W)",
    )  # fmt: skip
    rank = 3

    def __init__(self, cropping: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
