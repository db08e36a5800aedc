"""What the layers of this room have in common."""

from __future__ import annotations

from typing import Any

from foldgate._checks import numbers
from foldgate.layers.layer import Layer

Shape = tuple[int | None, ...]


class ElementwiseLayer(Layer):
    """A layer whose outputs have the shape and the mask of its inputs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs."""
        return tuple(input_shape)


def slope(layer: str, name: str, value: Any) -> float:
    """A number of at least 0.

    Raises:
      TypeError: it is no number.
      ValueError: it is less, or NaN.
    """
    numbers(layer, "[0, inf]", **dict[str, Any]({name: value}))
    return value  # type: ignore[no-any-return]
