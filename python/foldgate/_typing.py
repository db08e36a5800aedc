"""Type aliases of the public signatures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]
"""float32 or float64, of any shape."""

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
"""Integers of any width."""

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

Ints = int | Sequence[int]
"""One int for every spatial axis, or one an axis."""

Padding = str | int | Sequence[int] | Sequence[Sequence[int]]
"""A name, one int for all sides, one int an axis, or a (before, after) pair an axis."""
