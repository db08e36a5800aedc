"""Masks of arrays: which steps of a batch of sequences count.

A mask belongs to one array or Tensor by identity and goes with it. Where no mask is alive `kept` is empty,
and a layer's call need not ask further.
"""

from __future__ import annotations

import weakref
from typing import Any

kept: dict[int, tuple[weakref.ref[Any], Any]] = {}


def set_mask(x: Any, mask: Any) -> None:
    """Gives an array or a Tensor its mask; None takes it away."""
    key = id(x)
    if mask is None:
        kept.pop(key, None)
        return

    def forget(dead: weakref.ref[Any]) -> None:
        if key in kept and kept[key][0] is dead:
            del kept[key]

    kept[key] = (weakref.ref(x, forget), mask)


def get_mask(x: Any) -> Any:
    """The mask of an array or a Tensor, or None."""
    if not kept:
        return None
    entry = kept.get(id(x))
    return entry[1] if entry is not None and entry[0]() is x else None


def any_mask(x: Any) -> bool:
    """Whether an array, or one of a list or tuple of them, has a mask."""
    if isinstance(x, (list, tuple)):
        return any(get_mask(part) is not None for part in x)
    return get_mask(x) is not None
