"""Keras' `backend`: the defaults of layers, and a clean slate."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import _naming
from foldgate._defaults import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
    standardize_data_format,
)
from foldgate.config import backend


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype: of a name, a NumPy dtype or type; the float type of layers for None.

    Raises:
      ValueError: it is no dtype.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.backend.standardize_dtype(np.int32), keras.backend.standardize_dtype(None)
      ('int32', 'float32')
    """
    if dtype is None:
        return floatx()
    try:
        return str(np.dtype({"int": "int32", "float": floatx()}.get(dtype, dtype)).name)
    except TypeError:
        raise ValueError(f"standardize_dtype: dtype is {dtype!r}; expected the name of a dtype") from None


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype is one of floats.

    Example:
      >>> import foldgate as keras
      >>> keras.backend.is_float_dtype("float64"), keras.backend.is_float_dtype("int32")
      (True, False)
    """
    return np.dtype(standardize_dtype(dtype)).kind == "f"


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is one of integers.

    Example:
      >>> import foldgate as keras
      >>> keras.backend.is_int_dtype("uint8"), keras.backend.is_int_dtype("bool")
      (True, False)
    """
    return np.dtype(standardize_dtype(dtype)).kind in "iu"


def clear_session(free_memory: bool = True) -> None:
    """Begins to count layers' names anew: the next Dense is `dense` again.

    Args:
      free_memory: accepted; memory goes back with the last reader of an array.

    Example:
      >>> import foldgate as keras
      >>> keras.backend.clear_session()
      >>> keras.layers.Dense(1).name
      'dense'
    """
    _naming.reset()


__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_data_format",
    "standardize_dtype",
]
