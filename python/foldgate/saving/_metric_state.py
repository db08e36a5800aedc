"""What a model's metrics have summed up so far within an epoch: taken, and put back."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.saving import _own_state

Array = np.ndarray[Any, np.dtype[Any]]


def take(model: Any) -> tuple[dict[str, Array], list[dict[str, Any]]]:
    """The metrics' variables as arrays by name; what they count in attributes as `_own_state` gives it."""
    metrics = _metrics(model)
    arrays, states = _own_state.take(metrics, "metrics")
    for i, metric in enumerate(metrics):
        arrays |= {f"metrics/{i}/vars/{j}": np.asarray(v) for j, v in enumerate(_variables(metric))}
    return arrays, states


def put_back(model: Any, arrays: dict[str, Array], states: list[dict[str, Any]]) -> None:
    """Take up what `take` gave.

    Raises:
        ValueError: The model has other metrics, or has not made them yet.
    """
    metrics = _metrics(model)
    _own_state.put_back(metrics, "metrics", arrays, states)
    for i, metric in enumerate(metrics):
        for j, variable in enumerate(_variables(metric)):
            variable.assign(arrays[f"metrics/{i}/vars/{j}"])


def _metrics(model: Any) -> list[Any]:
    """The metrics, and those that they are made of."""
    found: list[Any] = []
    waiting = list(getattr(model, "metrics", ()))
    while waiting:
        found.append(waiting.pop(0))
        waiting += getattr(found[-1], "_metrics", ())
    return found


def _variables(metric: Any) -> list[Any]:
    return list(getattr(metric, "_variables", ()))
