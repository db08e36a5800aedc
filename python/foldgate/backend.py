"""Keras' `backend`: the defaults of layers, and a clean slate."""

from __future__ import annotations

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
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_data_format",
]
