"""Inputs one after the other along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate._checks import one_axis
from foldgate._join import joined
from foldgate._typing import BoolArray
from foldgate.layers.merging._merge import Merge, Shape


class Concatenate(Merge):
    """The inputs one after the other along an axis.

    Args:
      axis: the axis.
      **kwargs: of `Layer`.

    Raises:
      ValueError: the inputs are no list, or differ in the number of axes or in an extent on another axis.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Concatenate()([np.ones((1, 2)), np.zeros((1, 1))])
      array([[1., 1., 0.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        one_axis(self, axis=axis)
        super().__init__(**kwargs)
        self.axis = axis

    def _merged(self, inputs: Sequence[Any]) -> Any:
        """One node on the tape."""
        return joined(inputs, self.axis)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """The shape of the inputs with the sum of their extents on the axis."""
        shapes = self._checked(input_shape)
        rank = len(shapes[0])
        if any(len(shape) != rank for shape in shapes) or not -rank <= self.axis < rank:
            raise ValueError(
                f"Concatenate: inputs have shapes {shapes}; expected as many axes each, axis {self.axis} "
                "among them"
            )
        columns = list(zip(*shapes, strict=True))
        joined: list[int | None] = []
        for axis, extents in enumerate(columns):
            known = {n for n in extents if n is not None}
            if axis == self.axis % rank:
                joined.append(None if None in extents else sum(known_extents(extents)))
            elif len(known) > 1:
                raise ValueError(
                    f"Concatenate: inputs have shapes {shapes}; expected equal extents except on axis "
                    f"{self.axis}"
                )
            else:
                joined.append(known.pop() if known else None)
        return tuple(joined)

    def compute_mask(self, inputs: Any, mask: Any = None) -> BoolArray | None:
        """The masks one after the other; an input without one counts, and a step whose values do."""
        if mask is None or all(one is None for one in mask):
            return None
        parts = [_of_values(x, one) for x, one in zip(inputs, mask, strict=True)]
        joined: BoolArray = np.any(np.concatenate(parts, self.axis), -1)
        return joined

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "axis": self.axis}


def known_extents(extents: Sequence[int | None]) -> list[int]:
    return [n for n in extents if n is not None]


def _of_values(x: Any, mask: Any) -> BoolArray:
    """A mask of steps, or None, as one of values."""
    if mask is None:
        return np.ones(x.shape, np.bool_)
    mask = np.asarray(mask, np.bool_)
    return np.broadcast_to(mask[..., None], x.shape) if mask.ndim < x.ndim else mask


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """The inputs one after the other along an axis: `Concatenate(axis, **kwargs)(inputs)`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.concatenate([np.ones((1, 2)), np.zeros((1, 1))])
      array([[1., 1., 0.]], dtype=float32)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)
