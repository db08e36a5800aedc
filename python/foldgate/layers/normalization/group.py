"""Group normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import ops
from foldgate._checks import one_axis
from foldgate._tape import settled
from foldgate._typing import FloatArray
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.normalization._axes import Shape, axes_in, known
from foldgate.layers.normalization._scaled import ScaledNormalization


class GroupNormalization(ScaledNormalization):
    """Normalizes each sample by the mean and variance of groups of neighbouring channels.

        y = gamma (x - mean) / sqrt(variance + epsilon) + beta

    Args:
      groups: into how many the channels are divided; -1 makes every channel a group (instance
        normalization).
      axis: of the channels.
      epsilon: added to the variance.
      center: whether there is a beta.
      scale: whether there is a gamma.
      beta_initializer, gamma_initializer: of these.
      beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: of beta and gamma, or None.
      **kwargs: of `Layer`.

    Raises:
      ValueError: `groups` is no divisor of the channels, or `axis` is none of the inputs' or the batch.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> x = np.array([[1.0, 3.0, 6.0, 2.0]], np.float32)
      >>> keras.layers.GroupNormalization(groups=2, epsilon=0.0)(x)
      array([[-1.,  1.,  1., -1.]], dtype=float32)
    """

    axis: int

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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
        if isinstance(groups, bool) or not isinstance(groups, int) or (groups < 1 and groups != -1):
            raise ValueError(
                f"GroupNormalization: groups is {groups!r}; expected an int of at least 1, or -1"
            )
        one_axis(self, axis=axis)
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
        self.groups = groups

    def build(self, input_shape: Shape) -> None:
        """Makes gamma and beta, of shape (channels,)."""
        axes = axes_in("GroupNormalization", self.axis, input_shape)
        if axes == (0,):
            raise ValueError(
                f"GroupNormalization: axis is {self.axis}; expected an axis of the channels, not the "
                f"batch, of inputs of shape {input_shape}"
            )
        shape = known("GroupNormalization", axes, input_shape)
        if self.groups == -1:
            self.groups = shape[0]
        if shape[0] % self.groups:
            raise ValueError(
                f"GroupNormalization: groups is {self.groups}; expected a divisor of the {shape[0]} "
                f"channels of inputs of shape {input_shape}"
            )
        self._inner = axes[0] not in (1, len(input_shape) - 1)
        self._add_scale(shape)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: shape[0]})

    def call(self, inputs: FloatArray) -> Any:
        """Normalizes; as one node on the tape where the channels are axis 1 or the last one."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        x = np.moveaxis(inputs, self.axis, -1) if self._inner else inputs
        axis = -1 if self._inner else self.axis
        gamma, beta = settled(self.gamma, self.beta)
        y = ops.group_norm(x, gamma, beta, groups=self.groups, axis=axis, epsilon=self.epsilon)
        return np.moveaxis(y, -1, self.axis) if self._inner else y

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "groups": self.groups}
