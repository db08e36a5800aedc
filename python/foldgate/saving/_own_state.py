"""What callbacks and metrics remember: taken, and put back.

An object with `get_state` and `set_state` says for itself, in values that JSON holds. Of any other,
attributes are kept that are plain values, lists and dicts of them, arrays, and lists of arrays (such as the
best weights).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
ASIDE = {"params", "_params", "_model", "model"}


def take(things: Sequence[Any], room: str) -> tuple[dict[str, Array], list[dict[str, Any]]]:
    """The states as arrays whose names begin with the room's, and as one dict an object."""
    arrays: dict[str, Array] = {}
    states = []
    for i, thing in enumerate(things):
        state: dict[str, Any] = {"class": type(thing).__name__}
        if hasattr(thing, "get_state") and hasattr(thing, "set_state"):
            state["own"] = thing.get_state()
        else:
            state["values"] = _values(thing)
            state["arrays"] = {}
            for name, found in _arrays(thing).items():
                state["arrays"][name] = len(found) if isinstance(vars(thing)[name], (list, tuple)) else None
                arrays |= {f"{room}/{i}/{name}/{j}": array for j, array in enumerate(found)}
        states.append(state)
    return arrays, states


def put_back(
    things: Sequence[Any], room: str, arrays: dict[str, Array], states: list[dict[str, Any]]
) -> None:
    """Take up what `take` gave.

    Raises:
        ValueError: There are objects of other classes than those that were saved.
    """
    found, saved = [type(thing).__name__ for thing in things], [state["class"] for state in states]
    if found != saved:
        raise ValueError(f"{room} are {found}; the checkpoint was made with {saved}")
    for i, (thing, state) in enumerate(zip(things, states, strict=True)):
        if "own" in state:
            thing.set_state(state["own"])
            continue
        vars(thing).update(state["values"])
        for name, count in state["arrays"].items():
            own = [arrays[f"{room}/{i}/{name}/{j}"] for j in range(1 if count is None else count)]
            setattr(thing, name, own[0] if count is None else own)


def _values(thing: Any) -> dict[str, Any]:
    plain = {name: _plain(value) for name, value in vars(thing).items() if name not in ASIDE}
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


def _arrays(thing: Any) -> dict[str, list[Array]]:
    found = {}
    for name, value in vars(thing).items():
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            found[name] = [value]
        elif (
            isinstance(value, (list, tuple)) and value and all(isinstance(part, np.ndarray) for part in value)
        ):
            found[name] = list(value)
    return found
