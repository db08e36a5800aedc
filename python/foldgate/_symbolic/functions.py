"""Functions of NumPy, and of `foldgate.ops`, on KerasTensors: each call is an operation of the graph.

Those in `TABLE` have Keras' class names and configurations, so that either side reads the other's models.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate import _naming
from foldgate._nest import flatten
from foldgate._symbolic.inference import by_trial
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._symbolic.node import Node

Function = Callable[..., Any]
MODULE = "keras.src.ops.numpy"


def get_item(x: Any, key: Any) -> Any:
    """`x[key]`; JSON makes lists of tuples."""
    return x[tuple(key) if isinstance(key, list) else key]


def astype(x: Any, dtype: Any) -> Any:
    """`x` in another dtype."""
    return x.astype(dtype)


_ELEMENTWISE = (
    "add subtract multiply true_divide power maximum minimum arctan2 hypot logaddexp negative absolute "
    "square sqrt reciprocal exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh "
    "tanh sign floor ceil trunc greater greater_equal less less_equal equal not_equal logical_and logical_or "
    "logical_not where matmul dot"
)
_REDUCTIONS = "sum mean max min prod var std"
# numpy's name -> which of its parameters are options; Keras calls them the same, but for those below
_OPTIONS = {
    **dict.fromkeys(_REDUCTIONS.split(), ("axis", "keepdims")),
    "reshape": ("shape",),
    "transpose": ("axes",),
    "concatenate": ("axis",),
    "stack": ("axis",),
    "expand_dims": ("axis",),
    "squeeze": ("axis",),
    "flip": ("axis",),
    "clip": ("a_min", "a_max"),
    "repeat": ("repeats", "axis"),
    "swapaxes": ("axis1", "axis2"),
    "moveaxis": ("source", "destination"),
    "broadcast_to": ("shape",),
    "tile": ("reps",),
    "cumsum": ("axis",),
}
_DEFAULTS: dict[str, Any] = {"axis": None, "keepdims": False, "axes": None}
_AXIS_DEFAULTS = {"concatenate": 0, "stack": 0}
_KERAS_NAMES = {
    ("reshape", "shape"): "newshape",
    ("clip", "a_min"): "x_min",
    ("clip", "a_max"): "x_max",
    ("tile", "reps"): "repeats",
}
# Operands' number and names come first, then the options, as they stand in NumPy's own signatures.
_PLACES = {
    "clip": ("a", "a_min", "a_max"),
    "concatenate": ("arrays", "axis"),
    "var": ("a", "axis", "dtype", "out", "ddof", "keepdims"),
    "std": ("a", "axis", "dtype", "out", "ddof", "keepdims"),
}


class _Entry:
    """A function that both sides have: Keras' class of it, and how its arguments are named."""

    def __init__(self, name: str, function: Function) -> None:
        self.name, self.function = name, function
        self.options = _OPTIONS.get(name, ())
        self.keras = "".join(part.capitalize() for part in name.split("_"))
        self.places: tuple[str, ...] | None = _PLACES.get(name)
        if self.places is None and self.options:
            self.places = tuple(inspect.signature(function).parameters)

    def split(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """The operands and the options of a call; None where it has others than Keras knows."""
        if not self.options:
            return None if kwargs else (args, {})
        assert self.places is not None
        named = dict(zip(self.places, args, strict=False)) | kwargs
        operand = named.pop(self.places[0], None)
        default = _AXIS_DEFAULTS.get(self.name)
        options = {name: default if name == "axis" else _DEFAULTS.get(name) for name in self.options}
        if operand is None or not named.keys() <= options.keys():
            return None
        return (operand,), options | named

    def to_keras(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options by Keras' names."""
        return {_KERAS_NAMES.get((self.name, name), name): value for name, value in options.items()}

    def from_keras(self, config: dict[str, Any]) -> dict[str, Any]:
        """The options of Keras' configuration."""
        found = {name: config.get(_KERAS_NAMES.get((self.name, name), name)) for name in self.options}
        # NumPy takes several axes as a tuple, which JSON does not have.
        return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


TABLE = {name: _Entry(name, getattr(np, name)) for name in [*_ELEMENTWISE.split(), *_OPTIONS]}
TABLE["get_item"] = _Entry("get_item", get_item)
_BY_FUNCTION = {entry.function: entry for entry in TABLE.values()}
_BY_CLASS = {entry.keras: entry for entry in TABLE.values()} | {"Divide": TABLE["true_divide"]}


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
        entry = _BY_FUNCTION.get(function)
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
        entry = _BY_FUNCTION.get(self.function)
        if entry is None:
            raise NotImplementedError(
                f"{self.name}: a configuration cannot hold {self.function.__name__}; "
                "use it in a layer of your own"
            )
        return {"name": self.name, **entry.to_keras(self.options)}

    @property
    def keras_class(self) -> str:
        """Keras' name of the operation's class."""
        entry = _BY_FUNCTION.get(self.function)
        return type(self).__name__ if entry is None else entry.keras

    def __repr__(self) -> str:
        return f"<FunctionCall name={self.name}>"


def from_keras(class_name: str, config: dict[str, Any]) -> FunctionCall | None:
    """The operation of Keras' configuration; None where there is no such one here."""
    entry = _BY_CLASS.get(class_name)
    if entry is None:
        return None
    return FunctionCall(entry.function, entry.from_keras(config), config.get("name"))


def call_function(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function called on KerasTensors: what NumPy's protocols and the operators end in."""
    entry = _BY_FUNCTION.get(function)
    split = entry.split(args, kwargs) if entry is not None else None
    if split is not None:
        return FunctionCall(function, split[1])(*split[0])
    return FunctionCall(function, {})(*args, **kwargs)
