"""Penalties on weights and activities that join the loss, by Keras' names: `regularizers.get("l2")`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from foldgate import _by_name
from foldgate._typing import FloatArray

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


class Regularizer:
    """Gives the penalty of an array or a Tensor, a scalar. A subclass writes `__call__` and `get_config`.

    Example:
      >>> import numpy as np
      >>> from foldgate import regularizers
      >>> class Spread(regularizers.Regularizer):
      ...     def __call__(self, x):
      ...         return np.max(x) - np.min(x)
      >>> float(Spread()(np.array([1.0, 4.0])))
      3.0
    """

    def __call__(self, x: FloatArray) -> Any:
        """The penalty."""
        raise NotImplementedError(f"{type(self).__name__} does not implement __call__(x)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The regularizer that `get_config` was asked of."""
        return cls(**config)


class L1L2(Regularizer):
    """l1 sum |x| + l2 sum x^2.

    Args:
      l1: at least 0. Defaults to 0.0.
      l2: at least 0. Defaults to 0.0.

    Raises:
      ValueError: a factor is negative or not finite.

    Example:
      >>> import numpy as np
      >>> from foldgate import regularizers
      >>> float(regularizers.L1L2(l1=1.0, l2=0.5)(np.array([-2.0, 1.0])))
      5.5
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("L1L2", "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: FloatArray) -> Any:
        if self.l2 == 0:
            return np.sum(np.absolute(x)) * self.l1
        squares = np.sum(np.square(x)) * self.l2
        return squares if self.l1 == 0 else np.sum(np.absolute(x)) * self.l1 + squares

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """l1 sum |x|.

    Args:
      l1: at least 0. Defaults to 0.01.

    Raises:
      ValueError: it is negative or not finite.

    Example:
      >>> import numpy as np
      >>> from foldgate import regularizers
      >>> float(regularizers.L1(0.5)(np.array([-2.0, 1.0])))
      1.5
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: FloatArray) -> Any:
        return np.sum(np.absolute(x)) * self.l1

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 sum x^2.

    Args:
      l2: at least 0. Defaults to 0.01.

    Raises:
      ValueError: it is negative or not finite.

    Example:
      >>> import numpy as np
      >>> from foldgate import regularizers
      >>> float(regularizers.L2(0.5)(np.array([-2.0, 1.0])))
      2.5
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: FloatArray) -> Any:
        return np.sum(np.square(x)) * self.l2

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """The mean |cosine| between the rows, or the columns, of a matrix, times a factor.

    Args:
      factor: at least 0. Defaults to 0.01.
      mode: `"rows"` or `"columns"`. Defaults to `"rows"`.

    Raises:
      ValueError: an argument is none of these; when called, x is not a matrix.

    Example:
      >>> import numpy as np
      >>> from foldgate import regularizers
      >>> round(float(regularizers.OrthogonalRegularizer(1.0)(np.array([[3.0, 0.0], [1.0, 1.0]]))), 4)
      0.7071
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("OrthogonalRegularizer", "factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: mode is {mode!r}; expected 'rows' or 'columns'")
        self.mode = mode

    def __call__(self, x: FloatArray) -> Any:
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer: x has shape {tuple(x.shape)}; expected two axes")
        rows = x if self.mode == "rows" else np.transpose(x)
        lengths = np.sqrt(np.maximum(np.sum(np.square(rows), axis=1, keepdims=True), _LEAST_SQUARE))
        directions = rows / lengths
        count = rows.shape[0]
        others = 1 - np.eye(count, dtype=x.dtype)
        cosines = np.sum(np.absolute((directions @ np.transpose(directions)) * others))
        return cosines * (self.factor / (count * (count - 1)))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


_LEAST_SQUARE = 1e-12  # of a row's length, so that a row of zeros has a direction: zero

l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

_TABLE = _by_name.table_of(L1, L2, L1L2, OrthogonalRegularizer, l1_l2=L1L2)


def get(identifier: Any) -> Any:
    """The regularizer that a name, a configuration, a class or a function stands for.

    Args:
      identifier: `"l2"`, `{"class_name": "L2", "config": {"l2": 0.1}}`, a class, something called as
        `f(x)`, or None.

    Returns:
      A regularizer, or None for None.

    Raises:
      ValueError: it is none of these, or a name that is not known.

    Example:
      >>> from foldgate import regularizers
      >>> regularizers.get("l1").get_config()
      {'l1': 0.01}
    """
    return _by_name.get("regularizers", identifier, _TABLE)


def serialize(regularizer: Any) -> dict[str, Any] | None:
    """The configuration of a regularizer, which `deserialize` takes, here and in Keras; None for None."""
    return _by_name.serialize("regularizers", regularizer, _TABLE)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer of a configuration, of the classes here or of `custom_objects` by their names."""
    return _by_name.deserialize("regularizers", config, _TABLE, custom_objects)


def _factor(owner: str, name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise ValueError(f"{owner}: {name} is {value!r}; expected a finite number of at least 0")
    if not 0 <= value < math.inf:
        raise ValueError(f"{owner}: {name} is {value!r}; expected a finite number of at least 0")
    return float(value)
