"""Initializers without chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from foldgate._checks import numbers
from foldgate._typing import FloatArray
from foldgate.initializers.initializer import Initializer, standard_dtype

if TYPE_CHECKING:
    from typing_extensions import Self


class Zeros(Initializer):
    """All 0.

    Example:
      >>> from foldgate import initializers
      >>> initializers.Zeros()((2,))
      array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> FloatArray:
        return np.zeros(tuple(shape), standard_dtype(dtype))


class Ones(Initializer):
    """All 1.

    Example:
      >>> from foldgate import initializers
      >>> initializers.Ones()((2,), "float64")
      array([1., 1.])
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> FloatArray:
        return np.ones(tuple(shape), standard_dtype(dtype))


class Constant(Initializer):
    """All one value, or the values of an array that broadcasts to the shape.

    Args:
      value: a number or an array. Defaults to 0.0.

    Example:
      >>> from foldgate import initializers
      >>> initializers.Constant(0.1)((2,), "float64")
      array([0.1, 0.1])
    """

    def __init__(self, value: ArrayLike = 0.0) -> None:
        if not np.issubdtype(np.asarray(value).dtype, np.number):
            raise TypeError(f"Constant: value is {value!r}; expected a number or an array")
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> FloatArray:
        return np.full(tuple(shape), self.value, standard_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        value = self.value
        return {"value": value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        value = config.get("value", 0.0)
        if isinstance(value, Mapping):  # an array in Keras' form
            from foldgate.saving.serialization import deserialize_keras_object

            value = deserialize_keras_object(value)
        return cls(value)


class Identity(Initializer):
    """The identity matrix times `gain`; of matrices alone.

    Args:
      gain: a number. Defaults to 1.0.

    Raises:
      ValueError: when called, the shape is not that of a matrix.

    Example:
      >>> from foldgate import initializers
      >>> initializers.Identity(gain=2.0)((2, 2))
      array([[2., 0.],
             [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        numbers(self, "(-inf, inf)", gain=gain)
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> FloatArray:
        if len(shape) != 2:
            raise ValueError(f"Identity: shape is {tuple(shape)}; expected two axes")
        kind = standard_dtype(dtype)
        matrix: FloatArray = np.eye(*shape, dtype=kind) * kind.type(self.gain)
        return matrix

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
