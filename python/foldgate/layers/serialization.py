"""Layers as configurations, and back."""

from __future__ import annotations

from typing import Any

from foldgate.layers.layer import Layer
from foldgate.saving.serialization import deserialize_keras_object, serialize_keras_object


def serialize(layer: Any) -> dict[str, Any]:
    """A layer as what JSON can hold, without its weights.

    Args:
      layer: a layer or a model.

    Example:
      >>> import foldgate as keras
      >>> keras.layers.serialize(keras.layers.Dense(2))["config"]["units"]
      2
    """
    written: dict[str, Any] = serialize_keras_object(layer)
    return written


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer of what `serialize` gave, here or in Keras 3.

    Args:
      config: of a layer.
      custom_objects: None, or classes of your own by name.

    Raises:
      ValueError: a class is not known, or makes no layer.

    Example:
      >>> import foldgate as keras
      >>> keras.layers.deserialize(keras.layers.serialize(keras.layers.Dense(2, name="out")))
      <Dense name=out, built=False>
    """
    made = deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(made, Layer):
        raise ValueError(f"layers.deserialize: config makes {made!r}; expected the configuration of a layer")
    return made
