"""Finds the state in what is assigned to a layer's attributes: weights, sublayers, streams, metrics.

A list or dict is replaced by one that tells its layer of what is put into it later, so that
`self.blocks.append(Dense(4))` is seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from foldgate._tape import Variable
from foldgate.layers._changes import changed


def is_state(value: Any) -> bool:
    """Whether assigning this concerns the layer: state, or a container."""
    return isinstance(value, (Variable, list, tuple, dict)) or hasattr(value, "_tracked_as")


def track(owner: Any, value: Any) -> Any:
    """Enters the state in `value` into its owner's lists, and returns what to keep as the attribute."""
    if isinstance(value, Variable):
        trainable = value.trainable
        _enter(owner._trainable_variables if trainable else owner._non_trainable_variables, value)
    elif isinstance(value, (TrackedList, TrackedDict)):
        _track_all(owner, value.values() if isinstance(value, dict) else value)
    elif type(value) is list:
        _track_all(owner, value)
        return TrackedList(value, owner)
    elif type(value) is dict:
        _track_all(owner, value.values())
        return TrackedDict(value, owner)
    elif isinstance(value, tuple):
        _track_all(owner, value)
    elif hasattr(value, "_tracked_as") and not isinstance(value, type):
        _enter(owner.__dict__["_" + value._tracked_as], value)
    return value


def untrack(owner: Any, value: Any) -> None:
    """Takes state out of its owner's lists."""
    changed()
    for name in ("trainable_variables", "non_trainable_variables", "layers", "seed_generators", "metrics"):
        members = owner.__dict__["_" + name]
        members[:] = [member for member in members if member is not value]


def _enter(members: list[Any], value: Any) -> None:
    if not any(member is value for member in members):
        members.append(value)
        changed()


def _track_all(owner: Any, parts: Iterable[Any]) -> None:
    for part in parts:
        if is_state(part):
            track(owner, part)


class TrackedList(list[Any]):
    """A list in a layer's attribute."""

    def __init__(self, values: Iterable[Any], owner: Any) -> None:
        super().__init__(values)
        self._owner = owner

    def append(self, value: Any) -> None:
        super().append(value)
        _track_all(self._owner, (value,))

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, value)
        _track_all(self._owner, (value,))

    def extend(self, values: Iterable[Any]) -> None:
        values = list(values)
        super().extend(values)
        _track_all(self._owner, values)

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        _track_all(self._owner, value if isinstance(key, slice) else (value,))

    def __reduce__(self) -> Any:
        return list, (list(self),)


class TrackedDict(dict[Any, Any]):
    """A dict in a layer's attribute."""

    def __init__(self, values: dict[Any, Any], owner: Any) -> None:
        super().__init__(values)
        self._owner = owner

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        _track_all(self._owner, (value,))

    def update(self, *args: Any, **kwargs: Any) -> None:
        super().update(*args, **kwargs)
        _track_all(self._owner, self.values())

    def setdefault(self, key: Any, default: Any = None) -> Any:
        value = super().setdefault(key, default)
        _track_all(self._owner, (value,))
        return value

    def __reduce__(self) -> Any:
        return dict, (dict(self),)
