"""A call's arguments as the layer wants them: arrays of its dtype, Tensors as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._nest import flatten
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._tape import Tensor


def is_array(value: Any) -> bool:
    """Whether this is an array, a Tensor or stands for one."""
    return isinstance(value, (np.ndarray, Tensor, KerasTensor))


def as_first_input(value: Any, dtype: np.dtype[Any] | None) -> Any:
    """The first argument: numbers and nested lists of numbers become arrays."""
    if isinstance(value, (list, tuple, dict)):
        parts = flatten(value)
        if any(is_array(part) or part is None or hasattr(part, "__array__") for part in parts):
            return as_input(value, dtype)
        value = np.asarray(value)
    elif isinstance(value, (bool, int, float, np.generic)):
        value = np.asarray(value)
    return as_input(value, dtype)


def as_input(value: Any, dtype: np.dtype[Any] | None) -> Any:
    """An argument with its floating arrays in the dtype, those in lists, tuples and dicts too; what is no
    array as it is."""
    if isinstance(value, (np.ndarray, Tensor)):
        kind = value.dtype
        if dtype is not None and kind is not dtype and kind != dtype and kind.kind == "f":
            return value.astype(dtype)
        return value
    if isinstance(value, (list, tuple)):
        parts = [as_input(part, dtype) for part in value]
        if isinstance(value, tuple):
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return parts
    if isinstance(value, dict):
        return {key: as_input(part, dtype) for key, part in value.items()}
    if hasattr(value, "__array__") and not is_array(value):  # a frame, or another library's tensor
        return as_input(np.asarray(value), dtype)
    return value


def check_numbers(layer: str, value: Any) -> None:
    """Refuses what is no array, but for None among several, and arrays of anything but real numbers, which
    conversion would cut down or make NaN of.

    Raises:
      TypeError: there is one.
    """
    for part in flatten(value) if isinstance(value, (list, tuple, dict)) else (value,):
        if not is_array(part) and (part is not None or value is None):
            raise TypeError(f"{layer}: inputs is {part!r}; expected an array")
        if isinstance(part, np.ndarray) and part.dtype.kind not in "fiub":
            raise TypeError(f"{layer}: inputs have dtype {part.dtype}; expected real numbers")


def is_symbolic(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a KerasTensor is among the arguments."""
    for value in (*args, *kwargs.values()):
        if isinstance(value, KerasTensor):
            return True
        if isinstance(value, (list, tuple, dict)) and any(isinstance(v, KerasTensor) for v in flatten(value)):
            return True
    return False


def shapes_of(value: Any) -> Any:
    """The shape of an array, the nest of shapes of a nest; None of what is neither."""
    if is_array(value):
        return tuple(value.shape)
    if isinstance(value, (list, tuple)):
        parts = [shapes_of(part) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    if isinstance(value, dict):
        return {key: shapes_of(part) for key, part in value.items()}
    return None


def holds_arrays(value: Any) -> bool:
    """Whether this is an array or a nest that holds one."""
    return is_array(value) or (
        isinstance(value, (list, tuple, dict)) and any(is_array(part) for part in flatten(value))
    )
