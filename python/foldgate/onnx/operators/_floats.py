"""Types that the kernels do not have are computed in one that they have."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.onnx.graph import Array
from foldgate.onnx.registry import Function

_NATIVE = (np.dtype(np.float32), np.dtype(np.float64))


def is_native(dtype: np.dtype[Any] | None) -> bool:
    """Whether the kernels compute in this type."""
    return dtype in _NATIVE


def wide(x: Array) -> Array:
    """`x` in a type of the kernels: itself, or as float32 where it has 16 bits or fewer, else float64."""
    if x.dtype in _NATIVE:
        return x
    return x.astype(np.float32 if x.dtype.itemsize <= 2 else np.float64)


def in_floats(function: Function) -> Function:
    """The function for every float type: narrow ones are computed in float32 and rounded once."""

    def call(x: Array, *rest: Any) -> Any:
        if x.dtype in _NATIVE:
            return function(x, *rest)
        y = function(wide(x), *[None if value is None else wide(value) for value in rest])
        if isinstance(y, tuple):
            return tuple(part.astype(x.dtype) if part.dtype in _NATIVE else part for part in y)
        return y.astype(x.dtype)

    return call
