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
    """An activation that also takes a KerasTensor: a layer computes it, or where none has its arguments, an
    operation."""

    @functools.wraps(function)
    def called(x: Any, *args: Any, **kwargs: Any) -> Any:
        if type(x) is KerasTensor:
            return _drawn(called, x, args, kwargs)
        return function(x, *args, **kwargs)

    return cast(Function, called)


def _drawn(
    function: Callable[..., Any], x: KerasTensor, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    from foldgate import layers
    from foldgate._symbolic.functions import call_function

    name = function.__name__
    options = dict(inspect.signature(function).bind(x, *args, **kwargs).arguments)
    del options["x"]
    if not options and name != "glu":  # a layer would have to say the result's shape
        return layers.Activation(name)(x)
    if name in _LAYERS:
        return getattr(layers, _LAYERS[name])(**options)(x)
    return call_function(function, (x, *args), kwargs)


def floats(x: Any) -> Any:
    """x where it is a floating array or a Tensor; lists, numbers and integers as float32."""
    if isinstance(x, Tensor) or (isinstance(x, np.ndarray) and x.dtype.kind == "f"):
        return x
    values = np.asarray(x)
    return values if values.dtype.kind == "f" and isinstance(x, np.generic) else values.astype(np.float32)
