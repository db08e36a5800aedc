"""Model: a layer that can be trained and saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from foldgate._nest import is_shape, map_shapes
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._tape import no_grad
from foldgate.layers.layer import Layer
from foldgate.models.files import ModelFiles
from foldgate.models.trainer import Trainer

Made = TypeVar("Made", bound="Model")


class Model(ModelFiles, Trainer, Layer):
    """Layers put together: by inputs and outputs, or by a subclass with a `call` of its own.

    `Model(inputs, outputs)` takes KerasTensors, which come from `Input` through layers, functions of NumPy
    and operators. A subclass assigns its layers to attributes in `__init__` and calls them in `call`.

    Args:
      inputs: a KerasTensor, or a list or dict of them.
      outputs: the same.
      trainable: whether optimizers change the weights. Defaults to True.
      name: None makes one.

    Raises:
      ValueError: the outputs do not come from the inputs, or two layers have one name.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> inputs = keras.Input((3,))
      >>> outputs = keras.layers.Dense(4)(inputs) + 1.0
      >>> keras.Model(inputs, outputs)(np.ones((2, 3), np.float32)).shape
      (2, 4)
      >>> class Twice(keras.Model):
      ...     def __init__(self):
      ...         super().__init__()
      ...         self.dense = keras.layers.Dense(3)
      ...     def call(self, inputs, training=False):
      ...         return self.dense(self.dense(inputs))
      >>> Twice()(np.ones((2, 3), np.float32)).shape
      (2, 3)
    """

    def __new__(cls: type[Made], *args: Any, **kwargs: Any) -> Made:
        if cls is Model and is_functional(args, kwargs):
            from foldgate.models.functional import Functional

            return Functional.__new__(Functional, *args, **kwargs)  # type: ignore[return-value]
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if is_functional(args, kwargs):
            from foldgate.models.functional_subclasses import become_functional

            become_functional(self, args, kwargs)
            return
        if args:
            raise TypeError(
                f"{type(self).__name__}: got {len(args)} arguments in their places; expected none"
            )
        Layer.__init__(self, **kwargs)

    @property
    def layers(self) -> list[Layer]:
        """The layers that the model holds itself, in their order."""
        return list(self._layers)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or place.

        Args:
          name: its name.
          index: its place in `layers`.

        Raises:
          ValueError: there is no such layer, or both or neither of the arguments are given.
        """
        if (name is None) == (index is None):
            raise ValueError(
                f"{self.name}: get_layer got name={name!r}, index={index!r}; expected one of them"
            )
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(
                    f"{self.name}: get_layer: index is {index}; there are {len(self.layers)} layers"
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise ValueError(f"{self.name}: get_layer: no layer is called {name!r}; expected one of {names}")

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights by a call on an array of zeros.

        Args:
          input_shape: with the batch axis, None where a size is not known; or a list or dict of shapes.

        Raises:
          ValueError: there is no shape.
        """
        if self.built:
            return
        if input_shape is None:
            raise ValueError(f"{self.name}: build needs an input_shape; or call the model on data")

        def zeros(shape: tuple[int | None, ...]) -> Any:
            return np.zeros([1 if size is None else size for size in shape], self.dtype)

        with no_grad():
            self.call(zeros(tuple(input_shape)) if is_shape(input_shape) else map_shapes(zeros, input_shape))

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the result; a subclass writes it.

        Raises:
          NotImplementedError: it does not.
        """
        raise NotImplementedError(f"{type(self).__name__} {self.name!r}: call is not written")

    def reset_states(self) -> None:
        """Forgets the states of stateful layers."""
        for layer in self._flatten_layers(include_self=False):
            if hasattr(layer, "reset_state"):
                layer.reset_state()

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Prints the layers, their outputs' shapes and their numbers of parameters.

        Args:
          line_length: at most so many characters a line; None for the terminal's width, up to 100.
          positions: the right ends of the columns, as shares of the line.
          print_fn: gets the text; None prints it.
          expand_nested: whether to show the layers of models in the model. Defaults to False.
          show_trainable: whether to show which layers are trainable. Defaults to False.
          layer_range: two names, or beginnings of names, of the first and the last layer to show.

        Example:
          >>> import foldgate as keras
          >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="out")], name="small")
          >>> model.summary(line_length=60)  # doctest: +ELLIPSIS
          Model: "small"
          ...
           Total params: 16 (64.00 B)
           Trainable params: 16 (64.00 B)
           Non-trainable params: 0 (0.00 B)
        """
        from foldgate.models.summary import print_summary

        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def to_json(self, **kwargs: Any) -> str:
        """The model's configuration as text, without weights; `models.model_from_json` reads it.

        Args:
          **kwargs: of `json.dumps`.
        """
        from foldgate.saving.serialization import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)

    @classmethod
    def from_config(cls: type[Made], config: dict[str, Any], custom_objects: Any = None) -> Made:
        """Makes a model from what `get_config` gave.

        Args:
          config: of a functional model or of a subclass with arguments of its own.
          custom_objects: name -> class or function of your own.
        """
        if {"layers", "input_layers", "output_layers"} <= config.keys():
            from foldgate.models.functional_config import functional_from_config

            made: Made = functional_from_config(cls, config, custom_objects)
            return made
        return super().from_config(config)


Model._builds_by_call = True  # its own build is a call


def is_functional(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a model is made of inputs and outputs."""
    if "outputs" in kwargs and ("inputs" in kwargs or len(args) == 1):
        return True
    return len(args) >= 2 and _holds_tensors(args[0]) and _holds_tensors(args[1])


def _holds_tensors(nest: Any) -> bool:
    if isinstance(nest, dict):
        nest = list(nest.values())
    return (
        any(_holds_tensors(part) for part in nest)
        if isinstance(nest, (list, tuple))
        else isinstance(nest, KerasTensor)
    )
