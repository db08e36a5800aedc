"""What activations are called with."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._tape import Tensor


def floats(x: Any) -> Any:
    """x where it is a floating array or a Tensor; lists, numbers and integers as float32."""
    if isinstance(x, Tensor) or (isinstance(x, np.ndarray) and x.dtype.kind == "f"):
        return x
    values = np.asarray(x)
    return values if values.dtype.kind == "f" and isinstance(x, np.generic) else values.astype(np.float32)
