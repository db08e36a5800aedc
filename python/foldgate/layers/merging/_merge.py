"""What the elementwise merges have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import _masks
from foldgate._tape import Tensor
from foldgate._typing import BoolArray
from foldgate.layers.layer import Layer

Shape = tuple[int | None, ...]
_REMEMBERED = 32  # lists of inputs


class Merge(Layer):
    """A layer of a list of inputs that broadcast to each other."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._least = 1
        self._most = math.inf
        self._known: set[Any] = set()  # shapes and dtypes of lists of inputs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`Layer.__call__`, which a list of arrays that was seen before needs not."""
        if len(args) == 1 and not kwargs and type(args[0]) is list:
            inputs = args[0]
            key = _key(inputs)
            if key in self._known and self._quick():
                return self.call(inputs)
            result = super().__call__(inputs)
            if key is not None and self.built and all(kind == self._compute_kind for kind in key[1::2]):
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known.add(key)
            return result
        return super().__call__(*args, **kwargs)

    def _quick(self) -> bool:
        """Whether a call has nothing to do but to merge."""
        return not (_masks.kept or self._losses) and self.activity_regularizer is None

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Checks the shapes."""
        self.compute_output_shape(input_shape)

    def _checked(self, shapes: Any) -> list[Shape]:
        name = type(self).__name__
        if not isinstance(shapes, list | tuple) or not shapes or not isinstance(shapes[0], list | tuple):
            raise ValueError(f"{name}: inputs have shape {shapes}; expected a list of inputs")
        exactly = f"exactly {self._most}" if self._most == self._least else f"at least {self._least}"
        if not self._least <= len(shapes) <= self._most:
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
        if not self._least <= len(inputs) <= self._most:
            self._checked([x.shape for x in inputs])
        try:
            return self._merged(inputs)
        except ValueError:
            self.compute_output_shape([x.shape for x in inputs])  # which says what does not fit
            raise

    def _merged(self, inputs: Sequence[Any]) -> Any:
        rank = inputs[0].ndim
        if any(x.ndim != rank for x in inputs):
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


def _key(inputs: list[Any]) -> tuple[Any, ...] | None:
    """The shapes and dtypes of arrays; None where one is something else."""
    key: list[Any] = []
    for x in inputs:
        if type(x) is not np.ndarray and type(x) is not Tensor:
            return None
        key += (x.shape, x.dtype)
    return tuple(key)


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
