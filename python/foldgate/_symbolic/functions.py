"""Functions of NumPy, and of `foldgate.ops`, on KerasTensors: each call is an operation of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from foldgate import _naming, ops
from foldgate._nest import flatten
from foldgate._symbolic.inference import by_trial
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._symbolic.node import Node
from foldgate._symbolic.operations import BY_CLASS, BY_FUNCTION, IN_OTHER_WORDS, einsum

Function = Callable[..., Any]


class FunctionCall:
    """A function with its options, as an operation between layers.

    Args:
      function: of NumPy, or of `foldgate.ops`.
      options: keyword arguments of every call.
      name: None makes one of the function's name.
    """

    _tracked_as = "operations"

    def __init__(self, function: Function, options: dict[str, Any], name: str | None = None) -> None:
        self.function, self.options = function, options
        self._inbound_nodes: list[Node] = []
        entry = BY_FUNCTION.get(function)
        self.name = _naming.auto_name(entry.name if entry else function.__name__) if name is None else name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(leaf, KerasTensor) for leaf in flatten([list(args), kwargs])):
            outputs = by_trial(self._run, args, kwargs)
            Node(self, args, kwargs, outputs)
            return outputs
        return self._run(*args, **kwargs)

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **self.options, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration.

        Raises:
          NotImplementedError: Keras has no such operation.
        """
        entry = BY_FUNCTION.get(self.function)
        if entry is None:
            raise NotImplementedError(
                f"{self.name}: a configuration cannot hold {self.function.__name__}; "
                "use it in a layer of your own"
            )
        return {"name": self.name, **entry.to_keras(self.options)}

    @property
    def keras_class(self) -> str:
        """Keras' name of the operation's class."""
        entry = BY_FUNCTION.get(self.function)
        return type(self).__name__ if entry is None else entry.keras_class

    @property
    def keras_module(self) -> str:
        """The module of that class; "" where there is none."""
        entry = BY_FUNCTION.get(self.function)
        return "" if entry is None else entry.keras_module

    def __repr__(self) -> str:
        return f"<FunctionCall name={self.name}>"


def from_keras(module: Any, class_name: str, config: dict[str, Any]) -> FunctionCall | None:
    """The operation of Keras' configuration; None where there is no such one here."""
    entry = BY_CLASS.get((module, class_name))
    if entry is None:
        return None
    return FunctionCall(entry.function, entry.from_keras(config), config.get("name"))


def call_function(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function called on KerasTensors: what NumPy's protocols and the operators end in."""
    if function is np.einsum and not kwargs:
        return FunctionCall(einsum, {"subscripts": args[0]})(*args[1:])
    function = IN_OTHER_WORDS.get(function, function)
    entry = BY_FUNCTION.get(function)
    split = entry.split(args, kwargs) if entry is not None else None
    if split is not None:
        for name, option in split[1].items():
            if any(isinstance(leaf, KerasTensor) for leaf in flatten(option)):
                raise TypeError(
                    f"{function.__name__}: {name} is a KerasTensor; expected values that are known"
                )
        return FunctionCall(function, split[1])(*split[0])
    return FunctionCall(function, {})(*args, **kwargs)


def call_op(name: str, call: Function, operands: Sequence[Any], options: dict[str, Any]) -> Any:
    """A function of `foldgate.ops` called on KerasTensors; `call` takes the operands and the options."""
    given = {key: value for key, value in options.items() if value is not None}
    function: Function = getattr(ops, name)
    entry = BY_FUNCTION.get(function)
    if entry is not None and given.keys() <= set(entry.options):
        return FunctionCall(function, given)(*operands)
    return FunctionCall(call, dict(options), _naming.auto_name(name))(*operands)
