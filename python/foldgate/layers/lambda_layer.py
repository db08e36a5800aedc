"""A function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from foldgate._nest import map_shapes
from foldgate.layers.layer import Layer


class Lambda(Layer):
    """Calls a function on its input: for a step without weights between other layers.

    A file holds no code: of the function it holds the name, under which it must be registered where the model
    is saved and loaded (`saving.register_keras_serializable`). A Python lambda has none, and is refused by
    `get_config`; weights are saved all the same.

    Args:
      function: called with the input and `arguments`, and with `mask` and `training` where it takes them.
      output_shape: of one sample, or a function from the input's shape to the result's; None to try the
        function on zeros.
      mask: of the result: an array, or a function of (inputs, mask). None ends the input's mask here.
      arguments: further arguments by name.
      **kwargs: of `Layer`.

    Raises:
      TypeError: `function` is none, `arguments` is no dict, or `mask` neither an array nor a function.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> last = keras.layers.Lambda(lambda x: x[:, -1])
      >>> last(np.arange(6.0, dtype="float32").reshape(1, 3, 2))
      array([[4., 5.]], dtype=float32)
    """

    _takes_numbers = False  # who knows

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"{self.name}: function is {function!r}; expected a function")
        if arguments is not None and not isinstance(arguments, Mapping):
            raise TypeError(f"{self.name}: arguments is {arguments!r}; expected a dict by name")
        if isinstance(mask, (bool, int, float, str)):
            raise TypeError(f"{self.name}: mask is {mask!r}; expected None, an array or a function")
        self.function, self.arguments = function, dict(arguments or {})
        self.mask, self.supports_masking = mask, mask is not None
        self._output_shape = output_shape
        self._says_output_shape = output_shape is not None
        self._asks = {"mask", "training"} & inspect.signature(function).parameters.keys()

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """The function's result."""
        known = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: known[name] for name in self._asks})

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`output_shape` of the input's; only asked where there is one."""
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        batch: list[Any] = []
        map_shapes(lambda shape: batch.append(shape[0]), input_shape)
        return map_shapes(lambda shape: (batch[0], *shape), self._output_shape)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """`mask`, or what it says as a function."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer, functions by their registered names.

        Raises:
          ValueError: a function is a Python lambda.
        """
        from foldgate.saving import serialize_keras_object

        given = {"function": self.function, "output_shape": self._output_shape, "mask": self.mask}
        written = {name: serialize_keras_object(value) for name, value in given.items() if value is not None}
        return {**super().get_config(), **written, "arguments": serialize_keras_object(self.arguments)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Lambda:
        """The layer of a configuration, from here or from Keras.

        Raises:
          ValueError: a function is not registered, or a lambda, whose code is not run.
        """
        from foldgate.saving import deserialize_keras_object

        functions = ("function", "output_shape", "mask")
        return cls(
            **{
                name: deserialize_keras_object(value, custom_objects)
                if name in functions and isinstance(value, Mapping)
                else value
                for name, value in config.items()
            }
        )
