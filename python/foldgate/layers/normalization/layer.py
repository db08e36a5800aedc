"""Layer normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._tape import settled
from foldgate._typing import FloatArray
from foldgate.layers.normalization._axes import (
    Shape,
    are_last,
    axes_in,
    from_last,
    known,
    last_of_all,
    to_last,
)
from foldgate.layers.normalization._scaled import ScaledNormalization


class LayerNormalization(ScaledNormalization):
    """Normalizes each sample by its own mean and variance over some axes.

        y = gamma (x - mean) / sqrt(variance + epsilon) + beta

    Args:
      axis: an axis or several; gamma and beta have their shape. The last ones are fastest.
      epsilon: added to the variance.
      center: whether there is a beta.
      scale: whether there is a gamma.
      beta_initializer, gamma_initializer: of these.
      beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: of beta and gamma, or None.
      **kwargs: of `Layer`.

    Raises:
      ValueError: an axis is none of the inputs', or its extent is unknown.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0], [6.0, 2.0]], np.float32))
      array([[-1.,  1.],
             [ 1., -1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("rms_scaling", False):
            raise ValueError(
                "LayerNormalization: rms_scaling is True; expected False (RMSNormalization divides by "
                "the root of the mean square)"
            )
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )

    def build(self, input_shape: Shape) -> None:
        """Makes gamma and beta, of the extents of the axes."""
        self.axis = sorted(self.axis) if isinstance(self.axis, Sequence) else [self.axis]
        axes = axes_in("LayerNormalization", self.axis, input_shape)
        self._axes = tuple(sorted(axes))
        self._last = are_last(self._axes, len(input_shape))
        self._ends = last_of_all(self._axes)
        self._add_scale(known("LayerNormalization", axes, input_shape))
        # Keras sorts axes as they are named, so that -1 comes before 1: files have weights of those extents,
        # whose values are meant in the order of the axes.
        self._extents = known("LayerNormalization", self._axes, input_shape) if axes != self._axes else None

    def call(self, inputs: FloatArray) -> Any:
        """Normalizes; as one node on the tape where the axes are the last ones."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        x = inputs if self._last else to_last(inputs, self._axes)
        scale = settled(self.gamma, self.beta)
        if self._extents is not None:
            scale = tuple(part if part is None else np.reshape(part, self._extents) for part in scale)
        y = ops.layer_norm(x, *scale, axis=self._ends, epsilon=self.epsilon)
        return y if self._last else from_last(y, self._axes)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "rms_scaling": False}
