"""Axes that a layer normalizes over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Shape = tuple[int | None, ...]


def axes_in(layer: str, axis: int | Sequence[int], shape: Shape) -> tuple[int, ...]:
    """The axes of a shape that `axis` names, counted from the first.

    Raises:
      ValueError: the shape does not have one of them.
    """
    named = tuple(axis) if isinstance(axis, Sequence) else (axis,)
    rank = len(shape)
    for one in named:
        if not -rank <= one < rank:
            raise ValueError(
                f"{layer}: axis is {axis}; expected {-rank} to {rank - 1}, the axes of inputs of shape "
                f"{shape}"
            )
    return tuple(one % rank for one in named)


def known(layer: str, axes: Sequence[int], shape: Shape) -> tuple[int, ...]:
    """The extents of a layer's weights.

    Raises:
      ValueError: one of the extents is unknown.
    """
    extents = tuple(shape[axis] for axis in axes)
    if None in extents:
        raise ValueError(
            f"{layer}: inputs have shape {shape}; expected known extents on axes {tuple(axes)}, which "
            "have weights"
        )
    return extents  # type: ignore[return-value]


def to_last(x: Any, axes: tuple[int, ...]) -> Any:
    """`x` with these axes behind the others."""
    return np.moveaxis(x, axes, range(x.ndim - len(axes), x.ndim))


def from_last(x: Any, axes: tuple[int, ...]) -> Any:
    """`x` with its last axes put back in these places."""
    return np.moveaxis(x, range(x.ndim - len(axes), x.ndim), axes)


def are_last(axes: tuple[int, ...], rank: int) -> bool:
    return axes == tuple(range(rank - len(axes), rank))


def last_of_all(axes: tuple[int, ...]) -> int | tuple[int, ...]:
    """So many last axes, as ops take them: the last one by its number, for which they look no further."""
    return -1 if len(axes) == 1 else tuple(range(-len(axes), 0))
