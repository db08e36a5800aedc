"""The first values of weights, by Keras' names: `initializers.get("glorot_uniform")`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from foldgate import _by_name
from foldgate.initializers.constants import Constant, Identity, Ones, Zeros
from foldgate.initializers.initializer import Initializer
from foldgate.initializers.random import (
    Orthogonal,
    RandomInitializer,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
)
from foldgate.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

_TABLE = _by_name.table_of(
    Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity, LecunNormal, LecunUniform, Ones,
    Orthogonal, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, Zeros,
    IdentityInitializer=Identity, OrthogonalInitializer=Orthogonal,
    normal=RandomNormal, uniform=RandomUniform, one=Ones, zero=Zeros,
)  # fmt: skip


def get(identifier: Any) -> Any:
    """The initializer that a name, a configuration, a class, a function or an array stands for.

    Args:
      identifier: `"he_normal"`, `{"class_name": "HeNormal", "config": {"seed": 1}}`, a class, something
        called as `f(shape, dtype=...)`, an array of the weight's shape, or None.

    Returns:
      An initializer, or None for None.

    Raises:
      ValueError: it is none of these, or a name that is not known.

    Example:
      >>> from foldgate import initializers
      >>> initializers.get("zeros")((2,))
      array([0., 0.], dtype=float32)
    """
    if isinstance(identifier, (np.ndarray, np.generic)):
        return _of_array(np.asarray(identifier))
    return _by_name.get("initializers", identifier, _TABLE)


def serialize(initializer: Any) -> dict[str, Any] | None:
    """The configuration of an initializer, which `deserialize` takes, here and in Keras; None for None."""
    return _by_name.serialize("initializers", initializer, _TABLE)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer of a configuration, of the classes here or of `custom_objects` by their names."""
    return _by_name.deserialize("initializers", config, _TABLE, custom_objects)


def _of_array(values: np.ndarray[Any, Any]) -> Callable[..., Any]:
    def initialize(shape: Any, dtype: Any = None) -> Any:
        if tuple(shape) != values.shape:
            raise ValueError(
                f"initializers: the array has shape {values.shape}; the weight has {tuple(shape)}"
            )
        return np.array(values, dtype=dtype)

    return initialize


# Keras' other spellings.
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]
