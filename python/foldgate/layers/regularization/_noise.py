"""Arguments and shapes of noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Shape = tuple[int | None, ...]


def fraction(layer: str, name: str, value: Any, *, below_one: bool = False) -> float:
    """A number from 0 to 1.

    Raises:
      TypeError: it is no number.
      ValueError: it is outside.
    """
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"{layer}: {name} is {value!r}; expected a number")
    if not 0 <= value <= 1 or (below_one and value == 1):
        bound = "at least 0 and below 1" if below_one else "0 to 1"
        raise ValueError(f"{layer}: {name} is {value!r}; expected {bound}")
    return value  # type: ignore[no-any-return]


def noise_shape_argument(layer: str, shape: Sequence[int | None] | None) -> Shape | None:
    """A shape of the noise, with None for the extents of the inputs.

    Raises:
      ValueError: it is no list or tuple of positive ints and Nones.
    """
    if shape is None:
        return None
    parts = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else (shape,)
    if isinstance(shape, str) or any(
        n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1) for n in parts
    ):
        raise ValueError(f"{layer}: noise_shape is {shape!r}; expected a list of positive ints and Nones")
    return parts


def noise_extents(layer: str, shape: Shape, inputs: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the noise for inputs of this shape.

    Raises:
      ValueError: it does not broadcast to the inputs.
    """
    if len(shape) == len(inputs):
        extents = tuple(m if n is None else n for n, m in zip(shape, inputs, strict=True))
        if all(n in (1, m) for n, m in zip(extents, inputs, strict=True)):
            return extents
    raise ValueError(
        f"{layer}: noise_shape is {shape}; expected 1, None or the inputs' extent on each axis of {inputs}"
    )
