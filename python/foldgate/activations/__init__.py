"""Functions of every value, or along an axis, by Keras' names: `activations.get("relu")`.

They take arrays and Tensors. `split` says which of them the ops apply in their own last pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from foldgate._by_name import registered_object
from foldgate.activations.along_axis import glu, log_softmax, softmax, sparsemax
from foldgate.activations.functions import (
    celu,
    elu,
    exponential,
    gelu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    linear,
    log_sigmoid,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)

Activation = Callable[..., Any]

_FUNCTIONS: tuple[Activation, ...] = (
    celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, linear,
    log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus,
    softsign, sparse_plus, sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold,
)  # fmt: skip

swish, hard_swish = silu, hard_silu

_TABLE: dict[str, Activation] = {
    **{function.__name__: function for function in _FUNCTIONS},
    "swish": silu,
    "hard_swish": hard_silu,
}
_FUSED = {linear: None, relu: "relu", relu6: "relu6", tanh: "tanh", sigmoid: "sigmoid"}


def get(identifier: Any) -> Activation:
    """The function that a name, a configuration or a function stands for; None is `linear`.

    Args:
      identifier: `"relu"`, what `serialize` returned, something to call, or None.

    Returns:
      A function of an array or a Tensor.

    Raises:
      ValueError: it is none of these, or a name that is not known.

    Example:
      >>> from foldgate import activations
      >>> activations.get("swish").__name__
      'silu'
    """
    if identifier is None:
        return linear
    if isinstance(identifier, (str, Mapping)):
        return deserialize(identifier)
    if callable(identifier):
        function: Activation = identifier
        return function
    raise ValueError(
        f"activations.get: identifier is {identifier!r}; expected None, one of {_names()}, or a function"
    )


def serialize(activation: Activation) -> Any:
    """The name of a function of this module, or the configuration of a registered function or a layer."""
    name = getattr(activation, "__name__", None)
    if name is not None and _TABLE.get(name) is activation:
        return name
    if isinstance(activation, FunctionType) or hasattr(activation, "get_config"):
        from foldgate.saving.serialization import serialize_keras_object

        return serialize_keras_object(activation)
    raise ValueError(f"activations.serialize: {activation!r} is not known; expected one of {_names()}")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Activation:
    """The function of what `serialize` returned, here or in Keras, or of `custom_objects` by its name."""
    name = registered = config
    if isinstance(config, Mapping):
        if config.get("class_name") != "function":
            from foldgate.saving.serialization import deserialize_keras_object

            layer: Activation = deserialize_keras_object(config, dict(custom_objects or {}))
            return layer
        name, registered = config.get("config"), config.get("registered_name")
    function: Activation | None = (custom_objects or {}).get(name) or _TABLE.get(name)
    if function is None:
        function = registered_object(registered, name)
    if function is None:
        raise ValueError(f"activations: {name!r} is not known; expected one of {_names()}")
    return function


def split(activation: Activation) -> tuple[str | None, Activation | None]:
    """An activation as what ops apply themselves, by its name, and what is left to call on their result.

    Example:
      >>> from foldgate import activations
      >>> activations.split(activations.relu), activations.split(activations.linear)
      (('relu', None), (None, None))
      >>> activations.split(activations.elu)[1].__name__
      'elu'
    """
    try:
        return _FUSED[activation], None
    except (KeyError, TypeError):  # a TypeError where it has no hash
        return None, activation


def _names() -> str:
    return ", ".join(sorted(_TABLE))


__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "split",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
