"""What activations are called with."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._tape import Tensor

Function = TypeVar("Function", bound=Callable[..., Any])
_LAYERS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU", "softmax": "Softmax"}
"""Those with arguments that a layer has too."""


def of_tensors(function: Function) -> Function:
    """An activation that also takes a KerasTensor, for which it is the layer that computes it."""

    @functools.wraps(function)
    def called(x: Any, *args: Any, **kwargs: Any) -> Any:
        if type(x) is KerasTensor:
            return _layer(function, args, kwargs)(x)
        return function(x, *args, **kwargs)

    return cast(Function, called)


def _layer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    from foldgate import layers

    name = function.__name__
    options = dict(inspect.signature(function).bind(None, *args, **kwargs).arguments)
    del options["x"]
    if name in _LAYERS:
        return getattr(layers, _LAYERS[name])(**options) if options else layers.Activation(name)
    if options or name == "glu":  # a layer would have to say the result's shape
        raise ValueError(f"{name}: x is a KerasTensor; put {name} and its arguments into a layer's call")
    return layers.Activation(name)


def floats(x: Any) -> Any:
    """x where it is a floating array or a Tensor; lists, numbers and integers as float32."""
    if isinstance(x, Tensor) or (isinstance(x, np.ndarray) and x.dtype.kind == "f"):
        return x
    values = np.asarray(x)
    return values if values.dtype.kind == "f" and isinstance(x, np.generic) else values.astype(np.float32)
