"""The user's own classes and functions by name, for configurations."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

Object = TypeVar("Object", bound=Any)
_objects: dict[str, Any] = {}
_names: dict[Any, str] = {}


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Object], Object]:
    """A decorator: a class or function can be found by configurations, as `package>name`.

    Args:
      package: the first part of the registered name. Defaults to `"Custom"`.
      name: None for that of the class or function.

    Raises:
      ValueError: a class without `get_config`.

    Example:
      >>> import foldgate as keras
      >>> @keras.saving.register_keras_serializable(package="mine")
      ... class Twice(keras.layers.Layer):
      ...     def call(self, inputs):
      ...         return 2 * inputs
      >>> keras.saving.get_registered_name(Twice)
      'mine>Twice'
    """

    def register(thing: Object) -> Object:
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(f"register_keras_serializable: {thing.__name__} has no get_config")
        registered = f"{package}>{name or thing.__name__}"
        _objects[registered] = thing
        _names[thing] = registered
        return thing

    return register


def get_registered_name(thing: Any) -> str:
    """The name that a class or function was registered by, else its own.

    Example:
      >>> import foldgate as keras
      >>> keras.saving.get_registered_name(keras.layers.Dense)
      'Dense'
    """
    return _names.get(thing) or str(thing.__name__)


def get_registered_object(
    name: str, custom_objects: dict[str, Any] | None = None, module_objects: dict[str, Any] | None = None
) -> Any:
    """What stands for a registered name, or None.

    Args:
      name: as `get_registered_name` gives it.
      custom_objects: names to look up first.
      module_objects: names to look up last.

    Example:
      >>> import foldgate as keras
      >>> keras.saving.get_registered_object("nobody") is None
      True
    """
    for table in (custom_objects, *reversed(_scopes), _objects, module_objects):
        if table and name in table:
            return table[name]
    return None


def was_registered(thing: Any) -> bool:
    """Whether this class or function was registered."""
    try:
        return thing in _names
    except TypeError:  # not hashable
        return False


_scopes: list[dict[str, Any]] = []


class CustomObjectScope:
    """Names that configurations may use inside a `with` block.

    Args:
      custom_objects: name -> class or function.

    Example:
      >>> import foldgate as keras
      >>> with keras.saving.CustomObjectScope({"Mine": keras.layers.Dense}):
      ...   keras.saving.get_registered_object("Mine").__name__
      'Dense'
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = custom_objects or {}

    def __enter__(self) -> CustomObjectScope:
        _scopes.append(self.custom_objects)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _scopes.remove(self.custom_objects)


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """The registered names and what they stand for; it may be changed.

    Example:
      >>> import foldgate as keras
      >>> isinstance(keras.saving.get_custom_objects(), dict)
      True
    """
    return _objects
