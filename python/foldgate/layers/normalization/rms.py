"""RMS normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foldgate import ops
from foldgate._checks import numbers, some_axes
from foldgate._tape import settled
from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.normalization._axes import (
    Shape,
    are_last,
    axes_in,
    from_last,
    known,
    last_of_all,
    to_last,
)
from foldgate.layers.weight import Weight


class RMSNormalization(Layer):
    """Divides each sample by the root of its mean square over some axes.

        y = scale x / sqrt(mean(x^2) + epsilon)

    Args:
      axis: an axis or several; `scale` has their shape. The last ones are fastest.
      epsilon: added to the mean square.
      **kwargs: of `Layer`.

    Raises:
      ValueError: an axis is none of the inputs', or its extent is unknown.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.RMSNormalization(epsilon=0.0)(np.array([[1.0, -1.0], [3.0, 3.0]], np.float32))
      array([[ 1., -1.],
             [ 1.,  1.]], dtype=float32)
    """

    scale: Weight

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        some_axes(self, axis=axis)
        numbers(self, "[0, inf)", epsilon=epsilon)
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = float(epsilon)

    def build(self, input_shape: Shape) -> None:
        """Makes the scale, of the extents of the axes."""
        self.axis = sorted(self.axis) if isinstance(self.axis, Sequence) else [self.axis]
        self._axes = tuple(sorted(axes_in("RMSNormalization", self.axis, input_shape)))
        self._last = are_last(self._axes, len(input_shape))
        self._ends = last_of_all(self._axes)
        shape = known("RMSNormalization", self._axes, input_shape)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")

    def call(self, inputs: FloatArray) -> Any:
        """Normalizes; as one node on the tape where the axes are the last ones."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        x = inputs if self._last else to_last(inputs, self._axes)
        y = ops.rms_norm(x, *settled(self.scale), axis=self._ends, epsilon=self.epsilon)
        return y if self._last else from_last(y, self._axes)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs."""
        axes_in("RMSNormalization", self.axis, input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
