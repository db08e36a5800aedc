"""Images of one layout for kernels of the other."""

from __future__ import annotations

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray


def channels_behind(x: FloatArray) -> FloatArray:
    """(N, C, *spatial) as a new array (N, *spatial, C), on all threads."""
    return _native.planes_to_pixels(operand("channels_behind", "x", x))


def turned(matrix: FloatArray) -> FloatArray:
    """A C-contiguous (R, C) as a new array (C, R), in a fraction of the time of a strided copy."""
    found: FloatArray = _native.planes_to_pixels(matrix[None])[0]
    return found
