"""A tensor without values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import _naming


class KerasTensor:
    """The place of an array in a functional model: a shape, None where a size is not known, and a dtype.

    `Input` makes the first ones; layers, operators and NumPy's functions make others of them.

    Args:
      shape: with the batch axis.
      dtype: a dtype's name. Defaults to `"float32"`.
      name: None makes one.

    Example:
      >>> import foldgate as keras
      >>> keras.KerasTensor((None, 3)).shape
      (None, 3)
    """

    def __init__(
        self, shape: Sequence[int | None], dtype: str = "float32", name: str | None = None, record: Any = None
    ) -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype).name
        self.name = _naming.auto_name("keras_tensor") if name is None else name
        self._keras_history: Any = record  # (operation, node index, tensor index)
        self._keras_mask: Any = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"
