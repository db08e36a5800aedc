"""Which classes of torch are swapped, and for which of foldgate's."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.utils import parametrize

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


def swapped_base(kind: Any) -> Any:
    """The swapped class that a class is, or that torch derived it from for a parametrization; else None."""
    return _base(kind, _ORIGINALS)


def torch_base(kind: Any) -> Any:
    """The same of the classes that `accelerate` exchanges, None of a class that it leaves alone."""
    base = kind.__bases__[0] if kind.__module__ == parametrize.__name__ else kind
    return base if base in SWAPPED else None


def swapped_class(kind: Any) -> Any:
    """What a class that has a `torch_base` becomes by `accelerate`."""
    return _exchanged(kind, SWAPPED)


def original_class(kind: Any) -> Any:
    """The torch class that a swapped class stands for, or one derived likewise; None for any other class."""
    return _exchanged(kind, _ORIGINALS)


def _base(kind: Any, classes: dict[Any, Any]) -> Any:
    return next((base for base in kind.__mro__ if base in classes), None)


def _exchanged(kind: Any, classes: dict[Any, Any]) -> Any:
    """`kind` with another class in the place of the one that it is, or is derived from.

    What was derived is derived anew: copies of a module share its class.
    """
    if kind in classes:
        return classes[kind]
    if _base(kind, classes) is None:
        return None
    own = {name: value for name, value in vars(kind).items() if name not in ("__dict__", "__weakref__")}
    return type(kind.__name__, tuple(_exchanged(base, classes) or base for base in kind.__bases__), own)
