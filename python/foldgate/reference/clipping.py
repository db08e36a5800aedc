"""The norm of gradients together, and clipping by it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from foldgate.reference._types import Array

__all__ = ["clip_by_global_norm", "global_norm"]


def global_norm(arrays: Sequence[Array]) -> float:
    """The root of the sum of the squares of all values.

    Args:
        arrays: of any shapes.

    Returns:
        The norm.

    Example:
        >>> import numpy as np
        >>> global_norm([np.array([3.0]), np.array([[4.0]])])
        5.0
    """
    return math.sqrt(sum(float(np.square(a, dtype=np.float64).sum()) for a in arrays))


def clip_by_global_norm(arrays: Sequence[Array], clip_norm: float) -> list[Array]:
    """Scale all arrays by one factor, so that their norm together is at most `clip_norm`.

    Args:
        arrays: of any shapes.
        clip_norm: above 0.

    Returns:
        New arrays; NaN throughout where the norm is not finite.

    Example:
        >>> import numpy as np
        >>> clip_by_global_norm([np.array([3.0]), np.array([4.0])], 1.0)
        [array([0.6]), array([0.8])]
    """
    norm = global_norm(arrays)
    factor = clip_norm / max(norm, clip_norm) if math.isfinite(norm) else math.nan
    return [a * a.dtype.type(factor) for a in arrays]
