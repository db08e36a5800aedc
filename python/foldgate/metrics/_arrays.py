"""What a metric is given, as plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._defaults import floatx
from foldgate._tape import Tensor


def array(x: Any, dtype: Any = None) -> Any:
    """A plain array; lists and numbers of floats in the default float type."""
    if isinstance(x, Tensor):
        x = x.numpy()
    if not isinstance(x, (np.ndarray, np.generic)):
        x = np.asarray(x)
        x = x.astype(floatx()) if x.dtype == np.float64 else x
    return np.asarray(x, dtype)


def floats(x: Any) -> Any:
    """A plain array of floats."""
    x = array(x)
    return x if x.dtype.kind == "f" else x.astype(floatx())
