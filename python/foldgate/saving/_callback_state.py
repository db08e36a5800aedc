"""What callbacks remember between epochs: taken, and put back.

A callback with `get_state` and `set_state` says for itself, in values that JSON holds. Of any other,
attributes are kept that are plain values, lists and dicts of them, arrays, and lists of arrays (such as the
best weights).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
ASIDE = {"params", "_params", "_model", "model"}


def take(callbacks: Sequence[Any]) -> tuple[dict[str, Array], list[dict[str, Any]]]:
    """The states as arrays by name, and as one dict a callback."""
    arrays: dict[str, Array] = {}
    states = []
    for i, callback in enumerate(callbacks):
        state: dict[str, Any] = {"class": type(callback).__name__}
        if hasattr(callback, "get_state") and hasattr(callback, "set_state"):
            state["own"] = callback.get_state()
        else:
            state["values"] = _values(callback)
            state["arrays"] = {}
            for name, found in _arrays(callback).items():
                state["arrays"][name] = len(found) if isinstance(vars(callback)[name], list) else None
                arrays |= {f"callbacks/{i}/{name}/{j}": array for j, array in enumerate(found)}
        states.append(state)
    return arrays, states


def put_back(callbacks: Sequence[Any], arrays: dict[str, Array], states: list[dict[str, Any]]) -> None:
    """Take up what `take` gave.

    Raises:
        ValueError: There are other callbacks than those that were saved.
    """
    found, saved = [type(callback).__name__ for callback in callbacks], [state["class"] for state in states]
    if found != saved:
        raise ValueError(f"callbacks are {found}; the checkpoint was made with {saved}")
    for i, (callback, state) in enumerate(zip(callbacks, states, strict=True)):
        if "own" in state:
            callback.set_state(state["own"])
            continue
        vars(callback).update(state["values"])
        for name, count in state["arrays"].items():
            own = [arrays[f"callbacks/{i}/{name}/{j}"] for j in range(1 if count is None else count)]
            setattr(callback, name, own[0] if count is None else own)


def _values(callback: Any) -> dict[str, Any]:
    plain = {name: _plain(value) for name, value in vars(callback).items() if name not in ASIDE}
    return {name: value[0] for name, value in plain.items() if value is not None}


def _plain(value: Any) -> tuple[Any] | None:
    """A value that JSON holds, in a tuple; None for any other."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return (value,)
    if isinstance(value, list):
        parts = [_plain(part) for part in value]
        return None if None in parts else ([part[0] for part in parts if part],)
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        pairs = {key: _plain(part) for key, part in value.items()}
        return None if None in pairs.values() else ({key: part[0] for key, part in pairs.items() if part},)
    return None


def _arrays(callback: Any) -> dict[str, list[Array]]:
    found = {}
    for name, value in vars(callback).items():
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            found[name] = [value]
        elif isinstance(value, list) and value and all(isinstance(part, np.ndarray) for part in value):
            found[name] = value
    return found
