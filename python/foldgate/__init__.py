"""foldgate: convolutional and recurrent networks on the CPU, from one small wheel.

Array functions are in `foldgate.ops`. Layers, models and training have the names of Keras 3:
`import foldgate as keras`. Their rooms are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from foldgate import config, ops
from foldgate._check_gradients import check_gradients
from foldgate._custom_gradient import custom_gradient
from foldgate._tape import GradientTape, Tensor, Variable, no_grad, stop_gradient
from foldgate._threadpoolctl import register_if_imported, register_threadpoolctl
from foldgate.config import (
    get_conv_algorithm,
    get_isa,
    get_num_threads,
    set_conv_algorithm,
    set_max_isa,
    set_num_threads,
    show_config,
)

if TYPE_CHECKING:
    from foldgate import (
        activations,
        backend,
        callbacks,
        constraints,
        initializers,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        random,
        regularizers,
        saving,
    )
    from foldgate._dtypes import DTypePolicy
    from foldgate._symbolic.keras_tensor import KerasTensor
    from foldgate.layers import Input, InputSpec, Layer
    from foldgate.losses import Loss
    from foldgate.metrics import Metric
    from foldgate.models import Model, Sequential
    from foldgate.optimizers import Optimizer

__version__ = "0.1.0"

_ROOMS = frozenset(
    {
        "activations",
        "backend",
        "callbacks",
        "constraints",
        "datasets",
        "initializers",
        "keras",
        "layers",
        "losses",
        "metrics",
        "models",
        "onnx",
        "optimizers",
        "preprocessing",
        "random",
        "regularizers",
        "saving",
        "torch",
        "utils",
    }
)
_CLASSES = {
    "DTypePolicy": "foldgate._dtypes",
    "Initializer": "foldgate.initializers",
    "Input": "foldgate.layers",
    "InputSpec": "foldgate.layers",
    "KerasTensor": "foldgate._symbolic.keras_tensor",
    "Layer": "foldgate.layers",
    "Loss": "foldgate.losses",
    "Metric": "foldgate.metrics",
    "Model": "foldgate.models",
    "Optimizer": "foldgate.optimizers",
    "Regularizer": "foldgate.regularizers",
    "Sequential": "foldgate.models",
}

__all__ = [
    "DTypePolicy",
    "GradientTape",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Sequential",
    "Tensor",
    "Variable",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "check_gradients",
    "config",
    "constraints",
    "custom_gradient",
    "get_conv_algorithm",
    "get_isa",
    "get_num_threads",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "no_grad",
    "ops",
    "optimizers",
    "random",
    "register_threadpoolctl",
    "regularizers",
    "saving",
    "set_conv_algorithm",
    "set_max_isa",
    "set_num_threads",
    "show_config",
    "stop_gradient",
]


def __getattr__(name: str) -> Any:
    """Loads a room, or the room of a class, the first time it is asked for."""
    value: Any
    if name in _ROOMS:
        try:
            value = importlib.import_module(f"foldgate.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"foldgate.{name}":
                raise
            raise AttributeError(f"module 'foldgate' has no attribute {name!r}") from error
    elif name in _CLASSES:
        value = getattr(importlib.import_module(_CLASSES[name]), name)
    else:
        raise AttributeError(f"module 'foldgate' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_CLASSES})


register_if_imported()
