"""Everything in a model that has state of its own, each with its place in a file.

The places are Keras': the attribute's name for what is an attribute, and for what is in a list or dict the
class's name in snake_case, counted within that list. The names of layers do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from foldgate._naming import to_snake_case

ASIDE = {
    "operations",
    "_operations",
    "_functional",
    "_layers",
    "_metrics",
    "_inbound_nodes",
    "_arguments",
    "_looked_up",
    "_outbound_nodes",
}
BASES = {"Layer", "LayerState", "Model", "Trainer", "Functional", "Sequential", "Optimizer"}


def walk(root: Any) -> Iterator[tuple[str, Any]]:
    """(path, object) of everything with state, `root` itself first, each object once.

    What an object holds is looked at after the object was given out: loading may make what lies below it.
    """
    yield from _walk("", root, set())


def _walk(path: str, thing: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(thing) in seen:
        return
    seen.add(id(thing))
    yield path, thing
    for name, child in _children(thing):
        place = f"{path}/{name}" if path else name
        if _has_state(child):
            yield from _walk(place, child, seen)
        elif isinstance(child, (list, tuple, dict)):
            yield from _walk_members(place, child, seen, set())


def _walk_members(
    path: str, container: Any, seen: set[int], open_ones: set[int]
) -> Iterator[tuple[str, Any]]:
    if id(container) in open_ones:
        return
    open_ones.add(id(container))
    counts: dict[str, int] = {}
    for member in container.values() if isinstance(container, dict) else container:
        if _has_state(member):
            place = f"{path}/{_counted(to_snake_case(type(member).__name__), counts)}"
            yield from _walk(place, member, seen)
        elif isinstance(member, (list, tuple, dict)):
            yield from _walk_members(f"{path}/{_counted('container', counts)}", member, seen, open_ones)


def _children(thing: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that may hold state, private ones last; a model's layers before all."""
    is_model = type(thing).__name__ in ("Sequential", "Functional") or hasattr(thing, "layers")
    if is_model and isinstance(getattr(thing, "layers", None), list):
        yield "layers", thing.layers
    names = set(vars(thing)) | set(_properties(type(thing)))
    for name in sorted(names - ASIDE, key=lambda name: "~" + name if name.startswith("_") else name):
        if name.startswith("__") or (name == "layers" and is_model):
            continue
        try:
            yield name, getattr(thing, name)
        except Exception:  # a property that has no value yet holds no state
            continue


def _properties(kind: type) -> list[str]:
    """Properties by which a class shows its sublayers: those that are not every layer's."""
    bases = [base for base in kind.__mro__ if base.__module__.startswith("foldgate.")]
    common = {name for base in bases if base.__name__ in BASES for name in vars(base)}
    return [
        name
        for base in kind.__mro__
        for name, member in vars(base).items()
        if isinstance(member, property) and (name not in common or name == "optimizer")
    ]


def _has_state(thing: Any) -> bool:
    """Layers, models and optimizers; a metric's state begins anew with each epoch and is in no file."""
    return (
        hasattr(thing, "save_own_variables")
        and hasattr(thing, "load_own_variables")
        and not isinstance(thing, type)
        and getattr(thing, "_tracked_as", None) != "metrics"
    )


def _counted(name: str, counts: dict[str, int]) -> str:
    count = counts[name] = counts.get(name, -1) + 1
    return f"{name}_{count}" if count else name
