"""Which class a configuration names: a fixed dictionary of the rooms' public classes, and the user's own.

Nothing is imported by a name that a file gives: the name is looked up in `__all__` of one of these rooms.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

import foldgate
from foldgate.saving.object_registration import get_registered_object

# foldgate's room -> Keras' module; the longest that fits a class's module counts.
ROOMS = {
    "layers": "keras.layers",
    "models": "keras",
    "initializers": "keras.initializers",
    "regularizers": "keras.regularizers",
    "constraints": "keras.constraints",
    "activations": "keras.activations",
    "losses": "keras.losses",
    "metrics": "keras.metrics",
    "optimizers": "keras.optimizers",
    "optimizers.schedules": "keras.optimizers.schedules",
    "random": "keras.random",
}
# On its torch backend Keras writes an optimizer's own module: keras.src.backend.torch.optimizers.torch_adam.
BACKEND_OPTIMIZERS = re.compile(r"keras\.backend\.\w+\.optimizers\b")
# Where Keras writes another module than the room's, and its registered name.
FUNCTIONAL = ("keras.src.models.functional", "Functional")


def keras_module(kind: type) -> str | None:
    """Keras' module of a public class of foldgate; None of any other class."""
    head, _, rest = kind.__module__.partition(".")
    if head != "foldgate":
        return None
    if rest == "_dtypes":
        return "keras"
    fitting = [room for room in ROOMS if rest == room or rest.startswith(room + ".")]
    if not fitting:
        return None
    room = max(fitting, key=len)
    return ROOMS[room] if _public(room, public_name(kind)) is kind else None


def public_name(kind: type) -> str:
    """The name under which its room has a class: its own, but where the class says another."""
    return str(vars(kind).get("_public_name", kind.__name__))


def find_class(config: dict[str, Any], custom_objects: dict[str, Any] | None) -> Any:
    """The class or function of a configuration.

    Raises:
      ValueError: its name is not known.
    """
    name, module, registered = config["class_name"], config.get("module"), config.get("registered_name")
    for key in (registered, name):
        found = get_registered_object(key, custom_objects) if key else None
        if found is not None:
            return found
    if module is None or module == "keras" or str(module).startswith(("keras.", "builtins")):
        found = _known(str(module or ""), name)
        if found is not None:
            return found
    raise ValueError(
        f"deserialize_keras_object: class_name {name!r} of module {module!r} is not known; register a class "
        "of your own with keras.saving.register_keras_serializable, or pass custom_objects"
    )


def _known(module: str, name: str) -> Any:
    if name == "DTypePolicy":
        return foldgate.DTypePolicy
    module = module.replace("keras.src.", "keras.")
    if BACKEND_OPTIMIZERS.match(module):
        module = "keras.optimizers"
    rooms = [room for room, spelled in ROOMS.items() if module == spelled]
    if not rooms:
        rooms = [
            room for room, spelled in ROOMS.items() if room != "models" and module.startswith(spelled + ".")
        ]
        rooms = sorted(rooms, key=len, reverse=True) + ["models"] * module.startswith("keras.models")
    if not module:
        rooms = [*ROOMS]
    for room in rooms:
        found = _public(room, name)
        if inspect.isclass(found):
            return found
    return None


def _public(room: str, name: str) -> Any:
    """What a room's `__all__` calls by this name, or None."""
    package: Any = foldgate
    for part in room.split("."):
        package = getattr(package, part, None)
    return getattr(package, name) if name in getattr(package, "__all__", ()) else None
