"""Arrays joined along an axis, and taken apart again: by the kernels where they are large, else by NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import _native


def joined(arrays: Any, axis: int | None = 0) -> Any:
    """`numpy.concatenate`, on all threads where the arrays are large floats in one piece."""
    whole = None if axis is None else _native.joined(arrays, axis)
    return np.concatenate(arrays, axis) if whole is None else whole


def part_of(z: Any, axis: int, begin: int, end: int) -> Any:
    """`z[..., begin:end, ...]` along an axis from 0 up: a copy where `z` is such an array, else a view."""
    part = _native.part_of(z, axis, begin, end) if type(z) is np.ndarray else None
    return z[(slice(None),) * axis + (slice(begin, end),)] if part is None else part
