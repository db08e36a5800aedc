"""What an optimizer keeps from step to step: numbers and arrays that behave as Keras' variables do."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class Slot(NDArrayOperatorsMixin):
    """An array with a name that an optimizer updates in place, or a number in one.

    Args:
      value: the first value; an array is kept, not copied.
      name: of the slot.
      path: None, or the name with that of the optimizer before it.

    Example:
      >>> from foldgate import optimizers
      >>> rate = optimizers.SGD(0.5).learning_rate
      >>> float(rate), rate * 2
      (0.5, 1.0)
    """

    trainable = False

    def __init__(self, value: Any, name: str, path: str | None = None) -> None:
        self.array = np.asarray(value)
        self.name, self.path = name, path or name

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> str:
        return str(self.array.dtype)

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def value(self) -> Any:
        """A copy of the array."""
        return self.array.copy()

    def numpy(self) -> Any:
        """A copy of the array."""
        return self.array.copy()

    def assign(self, value: Any) -> Slot:
        """Takes over the elements of `value`, which has this shape. Returns the slot."""
        found = np.asarray(value)
        if found.shape != self.array.shape:
            raise ValueError(f"{self.path}: value has shape {found.shape}; expected {self.array.shape}")
        self.array[...] = found
        return self

    def assign_add(self, delta: Any) -> Slot:
        """Adds `delta`. Returns the slot."""
        return self.assign(self.array + np.asarray(delta))

    def assign_sub(self, delta: Any) -> Slot:
        """Subtracts `delta`. Returns the slot."""
        return self.assign(self.array - np.asarray(delta))

    def count(self) -> None:
        """One more; of a slot that is one number."""
        self.array[()] = self.array.item() + 1  # a ufunc takes several times as long

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.array, dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            return NotImplemented
        arrays = [x.array if isinstance(x, Slot) else x for x in inputs]
        return getattr(ufunc, method)(*arrays, **kwargs)

    __hash__ = object.__hash__

    def __float__(self) -> float:
        return float(self.array)

    def __int__(self) -> int:
        return int(self.array)

    def __index__(self) -> int:
        return self.array.__index__()

    def __bool__(self) -> bool:
        return bool(self.array)

    def __getitem__(self, key: Any) -> Any:
        return self.array[key]

    def __format__(self, spec: str) -> str:
        return format(self.array.item() if self.array.ndim == 0 else self.array, spec)

    def __repr__(self) -> str:
        return f"<Slot path={self.path}, value={self.array}>"
