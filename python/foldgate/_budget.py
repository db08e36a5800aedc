"""How many bytes of weights may be made: as many as asked for, or as many as a file being loaded holds.

A file's configuration can ask for a layer of any size; without a bound it would take all memory before
anybody saw that its weights are missing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Budget(threading.local):
    left: int | None = None


_budget = _Budget()


@contextmanager
def limit(size: int) -> Iterator[None]:
    """Inside this block a thread's layers make at most `size` bytes of weights."""
    before, _budget.left = _budget.left, size
    try:
        yield
    finally:
        _budget.left = before


def spend(layer: str, size: int) -> None:
    """Takes a weight's bytes from what may be made.

    Raises:
        ValueError: It is more than is left.
    """
    if _budget.left is not None:
        _budget.left -= size
        if _budget.left < 0:
            raise ValueError(f"{layer}: a weight of {size} bytes; the file does not hold as many")
