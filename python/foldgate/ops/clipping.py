"""The norm of gradients together, and clipping by it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray
from foldgate.ops._optimizer import number


def global_norm(arrays: Sequence[FloatArray]) -> float:
    """The root of the sum of the squares of all values, the same for any number of threads.

    Args:
      arrays: float32 or float64, of any shapes.

    Returns:
      The norm; inf where a square overflows.

    Raises:
      TypeError: `arrays` is not a list or tuple, or one of them is not a float32 or float64 array.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.global_norm([np.array([3.0]), np.array([[4.0]])])
      5.0
    """
    op = "global_norm"
    return math.sqrt(_native.square_sum(op, _list(op, arrays)))


def clip_by_global_norm(arrays: Sequence[FloatArray], clip_norm: float) -> list[FloatArray]:
    """Scales all arrays by one factor, so that their norm together is at most `clip_norm`.

        arrays * clip_norm / max(global_norm(arrays), clip_norm)

    Args:
      arrays: float32 or float64, of any shapes.
      clip_norm: above 0.

    Returns:
      New arrays, of the shapes and dtypes of `arrays`; NaN throughout where the norm is not finite.

    Raises:
      TypeError: as `global_norm`.
      ValueError: `clip_norm` is not above 0.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.clip_by_global_norm([np.array([3.0]), np.array([4.0])], 1.0)
      [array([0.6]), array([0.8])]
    """
    op = "clip_by_global_norm"
    clip_norm = number(op, "clip_norm", clip_norm, above_0=True)
    values = _list(op, arrays)
    norm = math.sqrt(_native.square_sum(op, values))
    factor = clip_norm / max(norm, clip_norm) if math.isfinite(norm) else math.nan
    return [_native.scale(op, f"arrays[{i}]", value, factor) for i, value in enumerate(values)]


def _list(op: str, arrays: Sequence[FloatArray]) -> list[FloatArray]:
    if not isinstance(arrays, list | tuple):
        raise TypeError(f"{op}: arrays is a {type(arrays).__name__}; expected a list of arrays")
    return [operand(op, f"arrays[{i}]", value) for i, value in enumerate(arrays)]
