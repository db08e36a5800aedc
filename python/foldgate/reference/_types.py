"""The names that the annotations of the reference share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from numpy.typing import NDArray

__all__ = ["Array", "Ints", "Padding"]

Array: TypeAlias = NDArray[Any]
"""A float32 or float64 array, or an array of masks, lengths or indices."""

Ints: TypeAlias = int | Sequence[int]
"""One int for every spatial axis, or one int per axis."""

Padding: TypeAlias = str | int | Sequence[int | tuple[int, int]]
""""valid", "same", "causal", one int for all, one int per axis, or one (before, after) pair per axis."""
