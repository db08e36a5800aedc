"""What probabilities were made of: the logits beside the result of a softmax or sigmoid.

A cross-entropy of logits is exact where one of rounded probabilities is not, and its gradient is one
subtraction. So an activation that gives probabilities on a tape says here what it was given, and a loss asks.
An entry goes with its probabilities.
"""

from __future__ import annotations

import weakref
from typing import Any

from foldgate._tape import Tensor

_KNOWN: dict[int, tuple[weakref.ref[Any], str, Any]] = {}


def remember_logits(activation: str, probabilities: Any, logits: Any) -> None:
    """Called by `"softmax"` (over the last axis) or `"sigmoid"` with what it gave and what it was given."""
    if isinstance(probabilities, Tensor):
        key = id(probabilities)

        def forget(dead: weakref.ref[Any]) -> None:
            if key in _KNOWN and _KNOWN[key][0] is dead:
                del _KNOWN[key]

        _KNOWN[key] = (weakref.ref(probabilities, forget), activation, logits)


def logits_of(activation: str, probabilities: Any) -> Any:
    """What this activation made the probabilities of, or None."""
    entry = _KNOWN.get(id(probabilities))
    if entry is None or entry[0]() is not probabilities or entry[1] != activation:
        return None
    return entry[2]
