"""How initializers, regularizers and constraints are found by names and configurations, and written as these.

A room lists its classes in a table of names. A configuration is Keras' dictionary: `module`, `class_name`,
`config` and `registered_name`, or the short form of `class_name` and `config`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

Table = Mapping[str, Any]


def snake_case(name: str) -> str:
    """`GlorotUniform` as `glorot_uniform`, by Keras' rule: `L1L2` is `l1l2`."""
    words = re.sub(r"\W+", "", name)
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", words)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def table_of(*classes: type, **aliases: type) -> dict[str, type]:
    """Every class under its own name, the same in snake case, and the aliases."""
    table = {kind.__name__: kind for kind in classes}
    return table | {snake_case(kind.__name__): kind for kind in classes} | aliases


def serialize(room: str, thing: Any, table: Table) -> dict[str, Any] | None:
    """The configuration of an object of this room: Keras' form where the class is in the table."""
    if thing is None:
        return None
    kind = type(thing)
    if table.get(kind.__name__) is not kind:
        from foldgate.saving.serialization import serialize_keras_object

        written: dict[str, Any] = serialize_keras_object(thing)
        return written
    return {
        "module": f"keras.{room}",
        "class_name": kind.__name__,
        "config": thing.get_config(),
        "registered_name": None,
    }


def deserialize(room: str, config: Any, table: Table, custom_objects: Table | None = None) -> Any:
    """The object of a configuration; of a name, the object with its defaults."""
    if isinstance(config, str):
        config = {"class_name": config, "config": {}}
    if not isinstance(config, Mapping) or "class_name" not in config:
        raise ValueError(
            f"{room}.deserialize: config is {config!r}; expected a name or a dict with class_name"
        )
    name, registered = config["class_name"], config.get("registered_name")
    if name == "function":
        name, config = config["config"], {"config": {}}
    kind = (
        (custom_objects or {}).get(registered or name)
        or table.get(name)
        or registered_object(registered, name)
    )
    if kind is None:
        raise ValueError(f"{room}: {name!r} is not known; expected one of {_names(table)}")
    if not inspect.isclass(kind):
        return kind
    arguments = config.get("config") or {}
    made: Any = kind.from_config(arguments) if hasattr(kind, "from_config") else kind(**arguments)
    return made


def registered_object(*names: str | None) -> Any:
    """What the user has registered, or put in scope, by the first of these names that is known, or None."""
    from foldgate.saving.object_registration import get_registered_object

    found = (get_registered_object(name) for name in names if name is not None)
    return next((thing for thing in found if thing is not None), None)


def get(room: str, identifier: Any, table: Table) -> Any:
    """None for None, else what a name, a configuration, a class or an object stands for."""
    if identifier is None:
        return None
    if isinstance(identifier, (str, Mapping)):
        return deserialize(room, identifier, table)
    if inspect.isclass(identifier):
        return identifier()
    if isinstance(identifier, Callable):  # type: ignore[arg-type]
        return identifier
    raise ValueError(
        f"{room}.get: identifier is {identifier!r}; expected None, one of {_names(table)}, a configuration, "
        "or something to call"
    )


def _names(table: Table) -> str:
    """Each class once, by its shortest name in lower case."""
    return ", ".join(sorted(name for name in table if name == name.lower()))
