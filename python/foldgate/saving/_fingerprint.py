"""What a model is, without its weights and whatever its layers are called: one hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from foldgate.saving._walk import walk
from foldgate.saving.serialization import serialize_keras_object


def fingerprint(model: Any) -> str:
    """SHA-256 of the configuration, the classes and the shapes of weights, names replaced by their order."""
    shapes = [
        [path, type(thing).__name__, [[list(w.shape), str(w.dtype)] for w in getattr(thing, "weights", [])]]
        for path, thing in walk(model)
        if path != "optimizer"  # which the checkpoint names by itself
    ]
    config = serialize_keras_object(model.get_config()) if _is_described(model) else None
    names: dict[str, str] = {}
    _collect(config, names)
    text = json.dumps([shapes, _renamed(config, names)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_described(model: Any) -> bool:
    """Whether the class brings its configuration: a subclass of Model without one is known by its shapes."""
    try:
        model.get_config()
    except NotImplementedError:
        return False
    return True


def _collect(value: Any, names: dict[str, str]) -> None:
    if isinstance(value, dict):
        name = value.get("name")
        if isinstance(name, str):
            names.setdefault(name, f"#{len(names)}")
        for part in value.values():
            _collect(part, names)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _collect(part, names)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """Names replaced where names stand: under "name", and in lists (a node's history, a model's outputs)."""
    if isinstance(value, dict):
        return {
            key: names.get(part, part) if key == "name" and isinstance(part, str) else _renamed(part, names)
            for key, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [names.get(p, p) if isinstance(p, str) else _renamed(p, names) for p in value]
    return value
