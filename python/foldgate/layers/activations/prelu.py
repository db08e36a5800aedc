"""The rectifier with learned slopes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from foldgate import constraints, initializers, regularizers
from foldgate._checks import axes
from foldgate._custom_gradient import custom_gradient
from foldgate._tape import settled
from foldgate._typing import FloatArray
from foldgate.layers.activations._base import ElementwiseLayer, Shape
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.weight import Weight


class PReLU(ElementwiseLayer):
    """x where x > 0, else alpha x, with an alpha for every place of a sample.

    Args:
      alpha_initializer, alpha_regularizer, alpha_constraint: of alpha.
      shared_axes: axes, counted from the batch's 0, along which alpha is one: `[1, 2]` for one a channel of
        (N, H, W, C).
      **kwargs: of `Layer`.

    Raises:
      ValueError: a shared axis is none of the inputs', or an extent of alpha is unknown.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25))
      >>> layer(np.array([[-4.0, 2.0]], np.float32))
      array([[-1.,  2.]], dtype=float32)
    """

    alpha: Weight

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        axes(self, shared_axes=shared_axes)
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        several = isinstance(shared_axes, Sequence)
        self.shared_axes: Any = list(shared_axes) if several else shared_axes  # type: ignore[arg-type]
        if isinstance(shared_axes, int):
            self.shared_axes = [shared_axes]

    def build(self, input_shape: Shape) -> None:
        """Makes alpha, of a sample's shape with 1 on the shared axes."""
        extents: list[Any] = list(input_shape[1:])
        rank = len(input_shape)
        for axis in self.shared_axes or ():
            if not 1 <= axis < rank:
                raise ValueError(
                    f"PReLU: shared_axes is {self.shared_axes}; expected axes from 1 to {rank - 1} of "
                    f"inputs of shape {input_shape}"
                )
            extents[axis - 1] = 1
        if None in extents:
            raise ValueError(
                f"PReLU: inputs have shape {input_shape}; expected known extents on the axes not in "
                "shared_axes"
            )
        self.alpha = self.add_weight(
            name="alpha",
            shape=tuple(extents),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        own = [i for i in range(1, rank) if self.shared_axes and i not in self.shared_axes]
        self.input_spec = InputSpec(ndim=rank, axes={i: input_shape[i] for i in own})

    def call(self, inputs: FloatArray) -> Any:
        """Applies it, as one node on the tape."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        return _prelu(inputs, *settled(self.alpha))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }


@custom_gradient
def _prelu(x: FloatArray, alpha: FloatArray) -> tuple[FloatArray, Callable[..., Any]]:
    """dx = dy where x > 0, else alpha dy; dalpha = dy x where x <= 0, summed over batch and shared axes."""
    positive = x > 0

    def gradient(dy: FloatArray) -> tuple[FloatArray, FloatArray]:
        shared = tuple(i + 1 for i, n in enumerate(alpha.shape) if n == 1)
        dalpha = np.sum(np.where(positive, x.dtype.type(0), dy * x), (0, *shared), keepdims=True)
        return np.where(positive, dy, dy * alpha), dalpha.reshape(alpha.shape)

    return np.where(positive, x, x * alpha), gradient
