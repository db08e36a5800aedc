"""What every initializer is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from foldgate import _defaults
from foldgate._typing import FloatArray

if TYPE_CHECKING:
    from typing_extensions import Self


class Initializer:
    """Gives a weight its first values. A subclass writes `__call__` and `get_config`.

    Example:
      >>> import numpy as np
      >>> from foldgate import initializers
      >>> class Halves(initializers.Initializer):
      ...     def __call__(self, shape, dtype=None):
      ...         return np.full(shape, 0.5, dtype)
      >>> initializers.get(Halves)((2,), "float32")
      array([0.5, 0.5], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> FloatArray:
        """The values of a weight of this shape and dtype; None is `floatx`."""
        raise NotImplementedError(f"{type(self).__name__} does not implement __call__(shape, dtype)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The initializer that `get_config` was asked of."""
        return cls(**config)

    def clone(self) -> Self:
        """One more with the same arguments, and a seed of its own where none was given."""
        return type(self).from_config(self.get_config())


def standard_dtype(dtype: DTypeLike | None) -> np.dtype[Any]:
    """The dtype of a weight: `floatx` where none is named."""
    return np.dtype(_defaults.floatx() if dtype is None else dtype)
