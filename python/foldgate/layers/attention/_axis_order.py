"""Any axes of attention as the one that the kernel attends over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from foldgate._typing import BoolArray


class AxisOrder:
    """The axes of projections (N, ..., heads, D) as the kernel takes them: (batch, attended, heads, D).

    Args:
      rank: of the query before its projection.
      axes: over which is attended; the others before the last count as batch.
    """

    def __init__(self, rank: int, axes: Sequence[int]) -> None:
        self.axes = tuple(axes)
        self.batch = tuple(i for i in range(rank - 1) if i not in self.axes)
        self.order = (*self.batch, *self.axes, rank - 1, rank)
        self.back = tuple(int(i) for i in np.argsort(self.order))
        self.simple = rank == 3 and self.axes == (1,)

    def _extents(self, shape: Any, axes: Sequence[int]) -> Any:
        return tuple(shape[axis] for axis in axes)

    def attended(self, x: Any) -> Any:
        if self.simple:
            return x
        sizes = [math.prod(self._extents(x.shape, axes)) for axes in (self.batch, self.axes)]
        return x.transpose(self.order).reshape((*sizes, *x.shape[-2:]))

    def restored(self, y: Any, shape: tuple[int, ...]) -> Any:
        """The results (batch, attended, heads, E) as (N, ..., heads, E); `shape` is the projected query's."""
        if self.simple:
            return y
        lead, attended = self._extents(shape, self.batch), self._extents(shape, self.axes)
        return y.reshape((*lead, *attended, *y.shape[-2:])).transpose(self.back)

    def scores_shape(self, q: Any, k: Any) -> Any:
        """(batch, heads, attended queries, attended keys), with all axes of each."""
        lead = self._extents(q, self.batch)
        return (*lead, q[-2], *self._extents(q, self.axes), *self._extents(k, self.axes))

    def mask(self, mask: BoolArray, q: tuple[int, ...], k: tuple[int, ...]) -> BoolArray:
        """A mask (batch, queries, keys), or with heads before the queries, for the kernel."""
        full = self.scores_shape(q, k)
        attended = 2 * len(self.axes)
        while mask.ndim < len(full):
            mask = np.expand_dims(mask, -attended - 1)
        if mask.ndim > len(full) or any(m not in (1, n) for m, n in zip(mask.shape, full, strict=True)):
            raise ValueError(
                f"MultiHeadAttention: attention_mask has shape {mask.shape}; expected one that broadcasts to "
                f"{full}"
            )
        if self.simple:
            return mask
        heads = mask.shape[len(self.batch)]
        whole = np.broadcast_to(mask, (*full[: len(self.batch)], heads, *full[len(self.batch) + 1 :]))
        queries = math.prod(self._extents(q, self.axes))
        return whole.reshape(math.prod(full[: len(self.batch)]), heads, queries, -1)


@lru_cache(maxsize=64)
def axis_order(rank: int, axes: tuple[int, ...]) -> AxisOrder:
    """The one of a rank and axes: making it costs as much as a small product."""
    return AxisOrder(rank, axes)
