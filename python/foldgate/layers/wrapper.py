"""The base of layers that hold another layer."""

from __future__ import annotations

from typing import Any

from foldgate.layers.layer import Layer


class Wrapper(Layer):
    """The base of layers that do something to another layer, such as `TimeDistributed`; no layer by itself.

    Args:
      layer: the layer.
      **kwargs: `name`, `dtype`, `trainable`.

    Raises:
      ValueError: `layer` is no layer.

    Example:
      >>> from foldgate import layers
      >>> layers.Wrapper(layers.Dense(3)).layer.units
      3
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"{type(self).__name__}: layer is {layer!r}; expected a layer")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer."""
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        from foldgate.saving.serialization import serialize_keras_object

        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Wrapper:
        """Makes it from what `get_config` gave."""
        from foldgate.saving.serialization import deserialize_keras_object

        layer = config["layer"]
        if isinstance(layer, dict):
            layer = deserialize_keras_object(layer, custom_objects)
        return cls(layer, **{name: value for name, value in config.items() if name != "layer"})
