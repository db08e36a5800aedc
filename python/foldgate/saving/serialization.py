"""Objects as plain values for JSON, in Keras' form, and back."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from foldgate._symbolic.functions import FunctionCall, from_keras
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._tape import Tensor
from foldgate.saving import _sharing
from foldgate.saving.classes import FUNCTIONAL, find_class, keras_module, public_name
from foldgate.saving.object_registration import (
    CustomObjectScope,
    get_registered_name,
    get_registered_object,
    was_registered,
)

_PLAIN = (bool, int, float, str)
Custom = dict[str, Any] | None


def serialize_keras_object(obj: Any) -> Any:
    """An object as what JSON can hold: `{"module", "class_name", "config", "registered_name"}` and, of
    layers, `"build_config"`.

    Args:
      obj: None, a plain value, an array, a nest of them, or what has `get_config`.

    Returns:
      A value that `deserialize_keras_object`, here or in Keras 3, makes the object from again.

    Raises:
      TypeError: it is none of these.
      ValueError: a lambda, whose code a file cannot hold.

    Example:
      >>> import foldgate as keras
      >>> keras.saving.serialize_keras_object(keras.layers.Dense(2, name="out"))["class_name"]
      'Dense'
    """
    if obj is None or isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, (list, tuple)):
        parts = [serialize_keras_object(part) for part in obj]
        return tuple(parts) if isinstance(obj, tuple) else parts
    if isinstance(obj, Mapping):
        return {key: serialize_keras_object(part) for key, part in obj.items()}
    if isinstance(obj, types.FunctionType):
        return _serialize_function(obj)
    special = _serialize_special(obj)
    return _serialize_class(obj) if special is None else special


def _serialize_special(obj: Any) -> Any:
    if isinstance(obj, KerasTensor):
        history = obj._keras_history
        return _special(
            "__keras_tensor__",
            shape=obj.shape,
            dtype=obj.dtype,
            keras_history=None if history is None else [history[0].name, *history[1:]],
        )
    if isinstance(obj, Tensor):
        array = obj.numpy()
        return _special("__tensor__", value=array.tolist(), dtype=array.dtype.name)
    if isinstance(obj, np.ndarray) and obj.ndim:
        return _special("__numpy__", value=obj.tolist(), dtype=obj.dtype.name)
    if isinstance(obj, (np.ndarray, np.generic)):
        return obj.item()
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, bytes):
        return _special("__bytes__", value=obj.decode())
    if isinstance(obj, slice):
        return _special("__slice__", start=obj.start, stop=obj.stop, step=obj.step)
    return _special("__ellipsis__") if obj is Ellipsis else None


def _special(name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": name, "config": config}


def _serialize_function(function: types.FunctionType) -> dict[str, Any]:
    if function.__name__ == "<lambda>":
        raise ValueError("serialize_keras_object: a lambda has no name to write; give it one with def")
    known = function.__module__.startswith("foldgate.")
    return {
        "module": "builtins" if known else function.__module__,
        "class_name": "function",
        "config": function.__name__ if known else get_registered_name(function),
        "registered_name": "function" if known else get_registered_name(function),
    }


def _serialize_class(obj: Any) -> dict[str, Any]:
    kind = type(obj)
    if isinstance(obj, FunctionCall):
        name, options = obj.keras_class, serialize_keras_object(obj.get_config())
        return {
            "module": obj.keras_module,
            "class_name": name,
            "config": options,
            "registered_name": name,
        }
    if not hasattr(obj, "get_config"):
        raise TypeError(f"serialize_keras_object: obj is {kind.__name__}, which has no get_config")
    module = keras_module(kind)
    written: dict[str, Any] = {
        "module": module if module is not None else kind.__module__,
        "class_name": public_name(kind),
        "config": serialize_keras_object(obj.get_config()),
        "registered_name": get_registered_name(kind) if module is None or was_registered(kind) else None,
    }
    if written["module"] == "__main__":
        written["module"] = None
    if module == "keras" and kind.__name__ == "Functional":
        written["module"], written["registered_name"] = FUNCTIONAL
    for part in ("build_config", "compile_config"):
        get = getattr(obj, f"get_{part}", None)
        config = get() if get is not None else None
        if config is not None:
            written[part] = serialize_keras_object(config)
    return _sharing.mark(obj, written)


def deserialize_keras_object(config: Any, custom_objects: Custom = None, **options: Any) -> Any:
    """The object of a configuration. Runs no code that a file brings.

    Args:
      config: what `serialize_keras_object` gave, here or in Keras 3.
      custom_objects: name -> class or function of your own.
      **options: accepted; `safe_mode` is always on.

    Raises:
      ValueError: a class is not known, or a lambda.

    Example:
      >>> import foldgate as keras
      >>> written = keras.saving.serialize_keras_object(keras.layers.Dense(2, name="out"))
      >>> keras.saving.deserialize_keras_object(written)
      <Dense name=out, built=False>
    """
    if custom_objects:
        with CustomObjectScope(custom_objects):
            return _deserialize(config)
    return _deserialize(config)


def _deserialize(config: Any) -> Any:
    if config is None or isinstance(config, (bool, int, float)):
        return config
    if isinstance(config, str):
        found = get_registered_object(config)
        return config if found is None else found
    if isinstance(config, (list, tuple)):
        return type(config)([_deserialize(part) for part in config])
    if not isinstance(config, Mapping):
        return config
    if not isinstance(config.get("class_name"), str) or "config" not in config:
        return {key: _deserialize(part) for key, part in config.items()}
    name, inner = config["class_name"], config["config"]
    if name.startswith("__"):
        return _deserialize_special(name, inner)
    if name == "function":
        return _deserialize_function(config)
    return _make(dict(config), inner)


def _make(config: dict[str, Any], inner: Any) -> Any:
    operation = from_keras(config.get("module"), config["class_name"], inner)
    if operation is not None:
        return operation
    shared = _sharing.found(config)
    if shared is not None:
        return shared
    kind = find_class(config, None)
    if not inspect.isclass(kind):
        return kind
    if not isinstance(inner, Mapping):
        raise ValueError(
            f"deserialize_keras_object: config of {config['class_name']} is {inner!r}; expected a dict"
        )
    arguments = dict(inner)
    made: Any = kind.from_config(arguments) if hasattr(kind, "from_config") else kind(**arguments)
    built = config.get("build_config")
    if built and hasattr(made, "build_from_config") and not getattr(made, "built", False):
        made.build_from_config(built)
    compiled = config.get("compile_config")
    if compiled and hasattr(made, "compile_from_config"):
        made.compile_from_config(compiled)
    return _sharing.remember(config, made)


def _deserialize_special(name: str, inner: Any) -> Any:
    if name in ("__numpy__", "__tensor__"):
        return np.array(inner["value"], dtype=inner["dtype"])
    if name == "__bytes__":
        return inner["value"].encode()
    if name == "__slice__":
        return slice(inner["start"], inner["stop"], inner["step"])
    if name == "__ellipsis__":
        return Ellipsis
    raise ValueError(
        f"deserialize_keras_object: class_name is {name!r}, which is not read here: it may run code"
    )


def _deserialize_function(config: Mapping[str, Any]) -> Any:
    import foldgate

    for key in (config.get("registered_name"), config["config"]):
        found = get_registered_object(key) if isinstance(key, str) else None
        if found is not None:
            return found
    if config.get("module") in ("builtins", "keras.activations", "keras.losses", "keras.metrics"):
        for room in (foldgate.activations, foldgate.losses, foldgate.metrics):
            if config["config"] in room.__all__:
                return getattr(room, config["config"])
    raise ValueError(
        f"deserialize_keras_object: function {config['config']!r} is not known; register it with "
        "keras.saving.register_keras_serializable, or pass custom_objects"
    )
