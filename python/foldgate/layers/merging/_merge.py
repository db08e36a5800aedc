"""What the elementwise merges have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import _masks
from foldgate._typing import BoolArray
from foldgate.layers.layer import Layer

Shape = tuple[int | None, ...]


class Merge(Layer):
    """A layer of a list of inputs that broadcast to each other."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._least = 1
        self._most: int | None = None

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Checks the shapes."""
        shapes = self._checked(input_shape)
        self.compute_output_shape(shapes)
        self._ranks_differ = len({len(shape) for shape in shapes}) > 1

    def _checked(self, shapes: Any) -> list[Shape]:
        name = type(self).__name__
        if not isinstance(shapes, list | tuple) or not shapes or not isinstance(shapes[0], list | tuple):
            raise ValueError(f"{name}: inputs have shape {shapes}; expected a list of inputs")
        exactly = f"exactly {self._most}" if self._most == self._least else f"at least {self._least}"
        if len(shapes) < self._least or (self._most is not None and len(shapes) > self._most):
            raise ValueError(f"{name}: inputs are {len(shapes)} arrays; expected {exactly}")
        return [tuple(shape) for shape in shapes]

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """The shape that the inputs broadcast to; those of fewer axes get them behind the batch."""
        shapes = self._checked(input_shape)
        rank = max(map(len, shapes))
        wide = [(*shape[:1], *(1,) * (rank - len(shape)), *shape[1:]) for shape in shapes]
        batches = {shape[0] for shape in shapes if shape} - {None}
        extents = [_joined(column) for column in zip(*(shape[1:] for shape in wide), strict=True)]
        if len(batches) > 1 or -1 in extents:
            raise ValueError(
                f"{type(self).__name__}: inputs have shapes {shapes}; expected one batch size, and "
                "extents that are equal or 1"
            )
        if not rank:
            return ()
        return (batches.pop() if len(batches) == 1 else None, *extents)

    def call(self, inputs: Sequence[Any]) -> Any:
        """Merges."""
        if not isinstance(inputs, list | tuple):
            raise ValueError(
                f"{type(self).__name__}: inputs is {type(inputs).__name__}; expected a list of inputs"
            )
        if self._ranks_differ:
            rank = max(x.ndim for x in inputs)
            inputs = [_widened(x, rank) for x in inputs]
        if _masks.kept:
            masks = [_masks.get_mask(x) for x in inputs]
            if any(mask is not None for mask in masks):
                return self._merge_masked(inputs, masks)
        return self._merge(inputs)

    def _merge(self, inputs: Sequence[Any]) -> Any:
        raise NotImplementedError

    def _merge_masked(self, inputs: Sequence[Any], masks: Sequence[Any]) -> Any:
        """By default what is masked is merged all the same."""
        return self._merge(inputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where one of the masks is, where all inputs have one."""
        if mask is None:
            return None
        if not isinstance(mask, list | tuple) or len(mask) != len(inputs):
            raise ValueError(
                f"{type(self).__name__}: mask is {type(mask).__name__}; expected a list with one for each of "
                f"the {len(inputs)} inputs"
            )
        if any(one is None for one in mask):
            return None
        joined = mask[0]
        for one in mask[1:]:
            joined = np.logical_or(joined, one)
        return joined


def per_value(mask: BoolArray, x: Any) -> BoolArray:
    """A mask of steps as one of values."""
    return np.broadcast_to(np.asarray(mask, np.bool_)[..., None], x.shape)


def _joined(extents: Sequence[int | None]) -> int | None:
    """The extent that these broadcast to: None where unknown, -1 where they do not."""
    known = {n for n in extents if n is not None} - {1}
    if len(known) > 1:
        return -1
    if None in extents:
        return None
    return known.pop() if known else 1


def _widened(x: Any, rank: int) -> Any:
    if x.ndim == rank:
        return x
    return np.reshape(x, (*x.shape[:1], *(1,) * (rank - x.ndim), *x.shape[1:]))
