"""What weights are put back to after a step of training, by Keras' names: `constraints.get("non_neg")`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from foldgate import _by_name, _defaults
from foldgate._checks import axes, numbers
from foldgate._typing import FloatArray

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

Axes = int | Sequence[int] | None


class Constraint:
    """Gives the allowed values nearest to a weight's. A subclass writes `__call__` and `get_config`.

    Example:
      >>> import numpy as np
      >>> from foldgate import constraints
      >>> class Capped(constraints.Constraint):
      ...     def __call__(self, w):
      ...         return np.minimum(w, 1.0)
      >>> Capped()(np.array([0.5, 2.0]))
      array([0.5, 1. ])
    """

    def __call__(self, w: FloatArray) -> FloatArray:
        """The weight as it may be; w itself is not changed. That of the base class is any weight."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The constraint that `get_config` was asked of."""
        return cls(**config)


class MaxNorm(Constraint):
    """Norms of at most `max_value`: longer vectors are shortened.

    Args:
      max_value: the greatest norm. Defaults to 2.
      axis: the axes that make up a vector: 0 for the inputs of a unit of `Dense`, `[0, 1, 2]` for a filter of
        `Conv2D`. Defaults to 0.

    Example:
      >>> import numpy as np
      >>> from foldgate import constraints
      >>> constraints.MaxNorm(1.0)(np.array([[3.0, 0.3], [4.0, 0.4]])).round(3)
      array([[0.6, 0.3],
             [0.8, 0.4]])
    """

    def __init__(self, max_value: float = 2, axis: Axes = 0) -> None:
        numbers(self, "[0, inf]", max_value=max_value)
        axes(self, axis=axis)
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: FloatArray) -> FloatArray:
        norms = _norms(w, self.axis)
        scaled: FloatArray = w * (np.clip(norms, 0, self.max_value) / (_defaults.epsilon() + norms))
        return scaled

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class MinMaxNorm(Constraint):
    """Norms between `min_value` and `max_value`, or on the way there.

    Args:
      min_value: the least norm. Defaults to 0.0.
      max_value: the greatest. Defaults to 1.0.
      rate: how much of the way is made at once, 1.0 for all. Defaults to 1.0.
      axis: as in `MaxNorm`. Defaults to 0.

    Example:
      >>> import numpy as np
      >>> from foldgate import constraints
      >>> constraints.MinMaxNorm(2.0, 4.0, rate=0.5)(np.array([[1.0, 3.0]])).round(3)
      array([[1.5, 3. ]])
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axes = 0
    ) -> None:
        numbers(self, "[0, inf]", min_value=min_value, max_value=max_value)
        numbers(self, "[0, 1]", rate=rate)
        axes(self, axis=axis)
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: FloatArray) -> FloatArray:
        norms = _norms(w, self.axis)
        wanted = self.rate * np.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        scaled: FloatArray = w * (wanted / (_defaults.epsilon() + norms))
        return scaled

    def get_config(self) -> dict[str, Any]:
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


class NonNeg(Constraint):
    """No value below 0.

    Example:
      >>> import numpy as np
      >>> from foldgate import constraints
      >>> constraints.NonNeg()(np.array([-1.0, 2.0]))
      array([0., 2.])
    """

    def __call__(self, w: FloatArray) -> FloatArray:
        return np.maximum(w, 0)


class UnitNorm(Constraint):
    """Norms of 1.

    Args:
      axis: as in `MaxNorm`. Defaults to 0.

    Example:
      >>> import numpy as np
      >>> from foldgate import constraints
      >>> constraints.UnitNorm()(np.array([[3.0], [4.0]])).round(3)
      array([[0.6],
             [0.8]])
    """

    def __init__(self, axis: Axes = 0) -> None:
        axes(self, axis=axis)
        self.axis = axis

    def __call__(self, w: FloatArray) -> FloatArray:
        scaled: FloatArray = w / (_defaults.epsilon() + _norms(w, self.axis))
        return scaled

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

_TABLE = _by_name.table_of(MaxNorm, MinMaxNorm, NonNeg, UnitNorm)


def get(identifier: Any) -> Any:
    """The constraint that a name, a configuration, a class or a function stands for.

    Args:
      identifier: `"non_neg"`, `{"class_name": "MaxNorm", "config": {"max_value": 3}}`, a class,
        something called as `f(w)`, or None.

    Returns:
      A constraint, or None for None.

    Raises:
      ValueError: it is none of these, or a name that is not known.

    Example:
      >>> from foldgate import constraints
      >>> constraints.get("max_norm").get_config()
      {'max_value': 2, 'axis': 0}
    """
    return _by_name.get("constraints", identifier, _TABLE)


def serialize(constraint: Any) -> dict[str, Any] | None:
    """The configuration of a constraint, which `deserialize` takes, here and in Keras; None for None."""
    return _by_name.serialize("constraints", constraint, _TABLE)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint of a configuration, of the classes here or of `custom_objects` by their names."""
    return _by_name.deserialize("constraints", config, _TABLE, custom_objects)


def _norms(w: FloatArray, axis: Axes) -> FloatArray:
    over = axis if axis is None or isinstance(axis, int) else tuple(axis)
    norms: FloatArray = np.sqrt(np.sum(np.square(w), axis=over, keepdims=True))
    return norms
