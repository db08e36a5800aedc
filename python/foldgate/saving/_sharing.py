"""Objects that a configuration holds at several places: one object again when it is read.

A model's file marks them with `shared_object_id`, as Keras does: a layer that a model and a model within it
both call is written twice, with one number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

KEY = "shared_object_id"
_Written = dict[int, tuple[Any, int]]  # id -> the object, which so stays alive, and its number
_writing: ContextVar[_Written | None] = ContextVar("writing", default=None)
_reading: ContextVar[dict[Any, Any] | None] = ContextVar("reading", default=None)


@contextmanager
def writing() -> Iterator[None]:
    """Inside this block layers' configurations have numbers; `once` then takes out those that stand alone."""
    token = _writing.set({})
    try:
        yield
    finally:
        _writing.reset(token)


@contextmanager
def reading() -> Iterator[None]:
    """Inside this block configurations with one number make one object."""
    token = _reading.set({})
    try:
        yield
    finally:
        _reading.reset(token)


def mark(thing: Any, config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of an object with its number, of those that have state."""
    known = _writing.get()
    if known is None or not hasattr(thing, "save_own_variables"):
        return config
    number = known.setdefault(id(thing), (thing, len(known)))[1]
    return {**config, KEY: number}


def once(config: Any) -> Any:
    """A configuration whose numbers stand at objects alone that are there more than once."""
    counts: dict[Any, int] = {}
    for part in _parts(config):
        counts[part[KEY]] = counts.get(part[KEY], 0) + 1

    def kept(part: Any) -> Any:
        if isinstance(part, Mapping):
            alone = "class_name" in part and KEY in part and counts[part[KEY]] == 1
            return {key: kept(value) for key, value in part.items() if not (alone and key == KEY)}
        if isinstance(part, (list, tuple)):
            return type(part)([kept(one) for one in part])
        return part

    return kept(config)


def _parts(config: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(config, Mapping):
        if "class_name" in config and KEY in config:
            yield config
        for value in config.values():
            yield from _parts(value)
    elif isinstance(config, (list, tuple)):
        for value in config:
            yield from _parts(value)


def found(config: Mapping[str, Any]) -> Any:
    """The object that a configuration of the same number has made, or None.

    Keras' files may lack the number at the first place: there the object is known by its class and name.
    """
    known, number = _reading.get(), config.get(KEY)
    if known is None or not isinstance(number, int):
        return None
    return known.get(number, known.get(_named(config)))


def remember(config: Mapping[str, Any], thing: Any) -> Any:
    """Keeps an object for configurations of its number; gives it back."""
    known, number = _reading.get(), config.get(KEY)
    if known is not None:
        known[number if isinstance(number, int) else _named(config)] = thing
    return thing


def _named(config: Mapping[str, Any]) -> tuple[str, str]:
    inner = config.get("config")
    return str(config.get("class_name")), str(inner.get("name") if isinstance(inner, Mapping) else None)
