"""What a row of bad input is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from foldgate import ops

Arguments = dict[str, Any]


class Row(NamedTuple):
    """A call that must raise `error` with every one of `words` in its message."""

    name: str
    function: Callable[..., Any]
    arguments: Arguments
    error: type[Exception]
    words: tuple[str, ...]


def floats(*shape: int) -> np.ndarray:
    """Float32 values without a pattern that an op could miss."""
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def spoil(name: str, op: str, valid: Arguments, error: type[Exception], words: Any, **replaced: Any) -> Row:
    """The op called with some of its valid arguments replaced; one string of words or several."""
    words = (words,) if isinstance(words, str) else tuple(words)
    return Row(f"{op}: {name}", getattr(ops, op), {**valid, **replaced}, error, words)
