"""softmax as a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._checks import some_axes
from foldgate._typing import BoolArray, FloatArray
from foldgate.activations.along_axis import over_axes
from foldgate.layers.activations._base import ElementwiseLayer


class Softmax(ElementwiseLayer):
    """e^x over the sum of e^x along an axis, or several at once.

    Args:
      axis: along which the results add up to 1.
      **kwargs: of `Layer`.

    Call arguments:
      inputs: an array.
      mask: bool, of a shape that broadcasts to the inputs'; values where it is False have no share. Where all
        are masked all are 0.

    Raises:
      ValueError: an axis is none of the inputs', or the mask does not broadcast to them.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Softmax()(np.zeros((1, 3)), mask=np.array([True, True, False]))
      array([[0.5, 0.5, 0. ]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        some_axes(self, axis=axis)
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: FloatArray, mask: BoolArray | None = None) -> Any:
        """Applies it; as one node on the tape where it has one axis and no mask."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        if mask is not None:
            inputs = np.where(_checked(mask, inputs.shape), inputs, inputs.dtype.type(-np.inf))
        if isinstance(self.axis, int):
            return ops.softmax(inputs, axis=self.axis)
        return over_axes(ops.softmax, inputs, self.axis)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "axis": self.axis}


def _checked(mask: Any, shape: tuple[int, ...]) -> BoolArray:
    """The mask as bools: numbers above one half keep."""
    mask = np.asarray(mask)
    seen: BoolArray = mask if mask.dtype == np.bool_ else mask > 0.5
    short = shape[len(shape) - mask.ndim :] if mask.ndim <= len(shape) else None
    if short is None or any(m not in (1, n) for m, n in zip(mask.shape, short, strict=True)):
        raise ValueError(
            f"Softmax: mask has shape {mask.shape}; expected one that broadcasts to inputs of shape {shape}"
        )
    return seen
