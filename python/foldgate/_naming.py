"""Names that Keras gives: `conv2d`, `conv2d_1`, ... from a class's name and a counter."""

from __future__ import annotations

import re
from collections import Counter

_counts: Counter[str] = Counter()


def to_snake_case(name: str) -> str:
    """`Conv2DTranspose` -> `conv2d_transpose`, `LSTM` -> `lstm`, as Keras spells layers' names."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """The prefix, then the prefix with `_1`, `_2`, ... until the counters are reset."""
    prefix = to_snake_case(prefix)
    _counts[prefix] += 1
    used = _counts[prefix] - 1
    return f"{prefix}_{used}" if used else prefix


def reset() -> None:
    """Begins to count anew, as `clear_session` does."""
    _counts.clear()
