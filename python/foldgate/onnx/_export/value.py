"""A tensor of the file that is being written, and the order in which its axes are stored there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Layout = Literal["plain", "first", "time"]


@dataclass(frozen=True)
class Value:
    """A tensor, as a layer sees it and as the file has it.

    Attributes:
      name: in the file.
      shape: as the layer sees it, None where a size is not known.
      dtype: NumPy's name of it.
      layout: how the file stores it: `"plain"` as the layer sees it, `"first"` with the last axis behind the
        batch (what Conv and the pools take), `"time"` with time before the batch (what LSTM takes). A layer
        that does not care leaves it as it is, so that transposes stand only where the order changes.
      mask: the name of a bool tensor (N, T), True for the steps that count; None for all.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    layout: Layout = "plain"
    mask: str | None = None

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def stored(self) -> tuple[int, ...]:
        """The layer's axes in the order in which the file has them."""
        return order_of(self.layout, self.rank)

    def place(self, axis: int) -> int:
        """Where the file has one of the layer's axes."""
        return self.stored.index(axis % self.rank)


def order_of(layout: Layout, rank: int) -> tuple[int, ...]:
    """The layer's axes in the order of a layout."""
    axes = tuple(range(rank))
    if layout == "first":
        return (0, rank - 1, *axes[1:-1])
    return (1, 0, *axes[2:]) if layout == "time" else axes
