"""The dtype of a layer: of its weights and of what it computes, float32 or float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from foldgate import _defaults

_NAMES = ("float32", "float64")


class DTypePolicy:
    """The dtype of a layer's weights and computations.

    Args:
      name: `"float32"` or `"float64"`.

    Raises:
      ValueError: another name, mixed policies among them.

    Example:
      >>> import foldgate as keras
      >>> keras.DTypePolicy("float64").compute_dtype
      'float64'
    """

    def __init__(self, name: str = "float32") -> None:
        if name not in _NAMES:
            raise ValueError(f"DTypePolicy: name is {name!r}; expected 'float32' or 'float64'")
        self.name = name
        self.compute_dtype = self.variable_dtype = name

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Makes it from what `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


_POLICIES = {name: DTypePolicy(name) for name in _NAMES}


def policy(dtype: Any, layer: str) -> DTypePolicy:
    """The policy that a layer's `dtype` argument means: None, a name, a NumPy dtype, a policy or its
    config."""
    if dtype is None:
        return _POLICIES[_defaults.floatx()]
    if isinstance(dtype, DTypePolicy):
        return dtype
    if isinstance(dtype, Mapping):
        config = dtype.get("config")
        dtype = config.get("name") if isinstance(config, Mapping) else dtype
    try:
        name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
    except TypeError:
        name = repr(dtype)
    if name not in _POLICIES:
        raise ValueError(f"{layer}: dtype is {dtype!r}; expected 'float32' or 'float64'")
    return _POLICIES[name]
