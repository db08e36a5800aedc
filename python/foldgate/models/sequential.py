"""A stack of layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from foldgate import _naming
from foldgate._nest import is_shape
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate.layers._changes import changed
from foldgate.layers.input_layer import InputLayer
from foldgate.layers.layer import Layer
from foldgate.models.functional import Functional
from foldgate.models.model import Model


class Sequential(Model):
    """Layers of which each takes what the one before gives.

    Where the first entry is `Input(shape)`, or the first layer has an `input_shape`, the model is built at
    once, else at its first call.

    Args:
      layers: a list of layers; None for an empty model to `add` to.
      trainable: Defaults to True.
      name: None makes one.

    Raises:
      ValueError: an entry is no layer, or two have one name.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> model = keras.Sequential([
      ...     keras.Input((8,)),
      ...     keras.layers.Dense(16, activation="relu"),
      ...     keras.layers.Dense(2),
      ... ])
      >>> model(np.ones((4, 8), np.float32)).shape, model.count_params()
      ((4, 2), 178)
    """

    _functional: Functional | None

    def __init__(
        self, layers: Iterable[Layer] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self.__dict__["_functional"] = None
        if not isinstance(layers, Iterable | None):
            raise TypeError(f"{self.name}: layers is {layers!r}; expected a list of layers")
        for layer in layers or ():
            self._append(layer)
        self._rebuild()

    def add(self, layer: Any) -> None:
        """Puts a layer on top.

        Args:
          layer: a layer, or what `Input` gave.

        Raises:
          ValueError: it is none, its name is in use, or it is an Input that comes too late.
        """
        self._append(layer)
        self._rebuild()

    def pop(self) -> Layer:
        """Takes the uppermost layer away, and returns it."""
        if not self.layers:
            raise ValueError(f"{self.name}: pop: there is no layer")
        layer = self._layers.pop()
        self._rebuild()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and layer._keras_history is not None:
            layer = layer._keras_history.operation
        if not isinstance(layer, Layer):
            raise ValueError(f"{self.name}: add got {layer!r}; expected a layer")
        if any(other.name == layer.name for other in self._layers):
            raise ValueError(f"{self.name}: two layers are called {layer.name!r}; names must differ")
        if isinstance(layer, InputLayer) and self._layers:
            raise ValueError(f"{self.name}: an Input must come first; there are {len(self._layers)} layers")
        if not self._layers and not isinstance(layer, InputLayer):
            shape = layer._input_shape
            if shape is not None:
                self._layers.append(InputLayer(batch_shape=shape, dtype=layer._input_dtype))
        self._layers.append(layer)

    def _rebuild(self) -> None:
        changed()
        self.built = False
        self.__dict__["_functional"] = None
        self._seen.clear()
        first = self._layers[0] if len(self._layers) > 1 else None
        if isinstance(first, InputLayer):
            self.build(first.batch_shape)
        elif isinstance(first, Functional) or (isinstance(first, Sequential) and first._functional):
            self.build(first.input_shape)

    def build(self, input_shape: Any = None) -> None:
        """Builds every layer for an input of this shape.

        Args:
          input_shape: with the batch axis, None where a size is not known.

        Raises:
          ValueError: there are no layers, or the model begins with an Input of another shape.
        """
        if not self.layers:
            raise ValueError(f"{self.name}: build: there are no layers; add some first")
        if not is_shape(input_shape):
            return  # nested inputs go through the layers one by one
        first, deferred = self._layers[0], False
        if not isinstance(first, InputLayer):
            deferred = True
            first = InputLayer(batch_shape=input_shape, dtype=first._input_dtype)
            self._layers.insert(0, first)
            changed()
        elif tuple(input_shape) != first.batch_shape:
            raise ValueError(f"{self.name}: build for {input_shape}; its Input has shape {first.batch_shape}")
        x = first._inbound_nodes[0].outputs
        for layer in self._layers[1:]:
            x = layer(x)
        _naming.auto_name("functional")  # Keras counts this one too: a model after it is "functional_1"
        functional = Functional(first._inbound_nodes[0].outputs, x, name=self.name)
        functional._any_sizes = deferred  # nobody has said a size: the first batch had one, others may differ
        self.__dict__["_functional"] = functional

    @property
    def _built_by_a_batch(self) -> bool:
        """Whether the Input is none that somebody gave, but of the shape that the model was built for."""
        return bool(self._functional is not None and self._functional._any_sizes)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Runs the layers one after another."""
        if self._functional is not None:
            return self._functional.call(inputs, training, mask)
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def _takes_as_it_is(self, x: Any) -> bool:
        return self._functional is not None and self._functional._takes_as_it_is(x)

    def _run_seen(self, x: Any) -> Any:
        assert self._functional is not None
        return self._functional._run_seen(x)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        own = self._layers
        return list(own[1:] if own and isinstance(own[0], InputLayer) else own)

    def _graph_of(self, what: str) -> Functional:
        functional: Functional | None = self._functional
        if functional is None:
            raise AttributeError(f"{self.name}: there is no {what} before the model is built")
        return functional

    @property
    def inputs(self) -> list[KerasTensor]:
        """The input in a list."""
        return self._graph_of("inputs").inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The output in a list."""
        return self._graph_of("outputs").outputs

    @property
    def input(self) -> Any:
        """The KerasTensor of the input."""
        return self._graph_of("input").input

    @property
    def output(self) -> Any:
        """The KerasTensor of the output."""
        return self._graph_of("output").output

    @property
    def input_shape(self) -> Any:
        """The shape of the input, with the batch axis."""
        return self._graph_of("input_shape").input_shape

    @property
    def output_shape(self) -> Any:
        """The shape of the output, with the batch axis."""
        return self._graph_of("output_shape").output_shape

    @property
    def input_names(self) -> list[str]:
        """The name of the input's layer."""
        return self._graph_of("input_names").input_names

    @property
    def output_names(self) -> list[str]:
        """The name of the last layer."""
        return self._graph_of("output_names").output_names

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Through the layers."""
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The layers have given the output its mask."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The layers with their configurations."""
        from foldgate.saving.serialization import serialize_keras_object

        config = Layer.get_config(self)
        listed = self.layers if self._built_by_a_batch else self._layers
        config["layers"] = [serialize_keras_object(layer) for layer in listed]
        if self._functional is not None:
            config["build_input_shape"] = self._graph_of("shape").input_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Makes a model from what `get_config` gave.

        Raises:
          ValueError: `config` is of no Sequential.
        """
        from foldgate.saving.serialization import deserialize_keras_object

        if "layers" not in config:
            raise ValueError(
                f"Sequential.from_config: config has the keys {sorted(config)}; 'layers' is missing"
            )
        layers = [deserialize_keras_object(layer, custom_objects) for layer in config["layers"]]
        model = cls(layers, name=config.get("name"))
        shape = config.get("build_input_shape")
        if not model.built and shape is not None:
            model.build(tuple(shape))
        if not config.get("trainable", True):
            model.trainable = False
        return model
