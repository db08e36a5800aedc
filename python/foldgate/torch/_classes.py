"""Which classes of torch are swapped, and for which of foldgate's."""

from __future__ import annotations

from typing import Any

import torch

from foldgate.torch import (
    adaptive_max_pool,
    average_pool,
    cells,
    convolution,
    max_pool,
    recurrent,
    transposed,
)

_ROOMS = (convolution, transposed, max_pool, average_pool, adaptive_max_pool, recurrent, cells)

SWAPPED: dict[Any, Any] = {
    getattr(torch.nn, name): value
    for room in _ROOMS
    for name, value in vars(room).items()
    if isinstance(value, type) and not name.startswith("_") and value.__module__ == room.__name__
}
"""The class of torch -> foldgate's subclass of the same name."""

_ORIGINALS = {swapped: original for original, swapped in SWAPPED.items()}


def original_class(kind: Any) -> Any:
    """The torch class that a swapped class stands for, None for any other class."""
    return _ORIGINALS.get(kind)
