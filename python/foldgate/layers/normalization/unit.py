"""Unit normalization."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._checks import some_axes
from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.normalization._axes import Shape, are_last, axes_in, from_last, last_of_all, to_last


@lru_cache(maxsize=32)
def _root_of_share(shape: tuple[int, ...], kind: np.dtype[Any]) -> FloatArray:
    """1 / sqrt(n) for each of the n places of a shape."""
    return np.full(shape, max(1, prod(shape)) ** -0.5, kind)


class UnitNormalization(Layer):
    """Divides each sample by its length over some axes: the squares of the results add up to 1.

    Zeros stay zeros.

    Args:
      axis: an axis or several. The last ones are fastest.
      **kwargs: of `Layer`.

    Raises:
      TypeError: `axis` is neither an int nor a list of them.
      ValueError: an axis is none of the inputs'.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.UnitNormalization()(np.array([[3.0, 4.0]]))
      array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        some_axes(self, axis=axis)
        self.supports_masking = True
        self.axis = list(axis) if isinstance(axis, Sequence) else axis

    def call(self, inputs: FloatArray) -> Any:
        """Normalizes; as one node on the tape where the axes are the last ones.

        x / |x| = gamma x / sqrt(mean(x^2)) with gamma = 1 / sqrt(n), which the RMS kernel computes. Its
        epsilon stands for the 1e-24 below which a sum of squares counts as 0.
        """
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        axes = tuple(sorted(axes_in("UnitNormalization", self.axis, inputs.shape)))
        last = are_last(axes, inputs.ndim)
        x = inputs if last else to_last(inputs, axes)
        shape = x.shape[x.ndim - len(axes) :]
        n = max(1, prod(shape))
        share = _root_of_share(shape, x.dtype)
        y = ops.rms_norm(x, share, axis=last_of_all(axes), epsilon=1e-24 / n)
        return y if last else from_last(y, axes)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs."""
        axes_in("UnitNormalization", self.axis, input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "axis": self.axis}
