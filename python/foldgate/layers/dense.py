"""The fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import activations, constraints, initializers, ops, regularizers
from foldgate._typing import FloatArray
from foldgate.layers._activated import ActivatedLayer
from foldgate.layers.input_spec import InputSpec
from foldgate.ops.matmul import product


class Dense(ActivatedLayer):
    """`activation(inputs @ kernel + bias)`.

    Args:
      units: the size of the last axis of the output.
      activation: None, a name or a function. Defaults to None.
      use_bias: Defaults to True.
      kernel_initializer: Defaults to `"glorot_uniform"`.
      bias_initializer: Defaults to `"zeros"`.
      kernel_regularizer, bias_regularizer, activity_regularizer: Default to None.
      kernel_constraint, bias_constraint: Default to None.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, ..., D), output (N, ..., units); kernel (D, units), bias (units,).

    Raises:
      ValueError: `units` is no positive int; the input has fewer than two axes or another D than the first.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.Dense(4, activation="relu")
      >>> layer(np.ones((2, 3), np.float32)).shape, layer.count_params()
      ((2, 4), 16)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        _refuse_variants(kwargs)
        if isinstance(units, bool) or not isinstance(units, (int, np.integer)) or units <= 0:
            raise ValueError(f"Dense: units is {units!r}; expected a positive int")
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = int(units)
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True
        self.bias: Any = None

    def _fuse(self) -> None:
        self._options = (False, False, self._fused)  # nothing is transposed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes kernel and bias for inputs whose last axis is known."""
        size = input_shape[-1]
        if size is None:
            raise ValueError(f"{self.name}: inputs have shape {input_shape}; expected a known last axis")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})

    def call(self, inputs: FloatArray, training: bool | None = None) -> FloatArray:
        """One product with bias and activation."""
        if inputs.dtype is not self._compute_kind and inputs.dtype.kind != "f":
            inputs = inputs.astype(self._compute_kind)
        y: FloatArray | None = product(inputs, self.kernel, self.bias, self._options)
        if y is None:  # of inputs without values
            y = ops.matmul(inputs, self.kernel, self.bias, activation=self._options[2])
        return y if self._after is None else self._after(y)

    def _gives_alike(self) -> bool:
        return type(self).call is Dense.call and self._after is None

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The last axis becomes `units`."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }


Dense._takes_training = False  # it computes the same: `call` has the argument as Keras' has


def _refuse_variants(kwargs: dict[str, Any]) -> None:
    """Keras' arguments for low-rank and quantised variants, of which there are none here."""
    for name in ("lora_rank", "lora_alpha", "quantization_config"):
        if kwargs.pop(name, None) is not None:
            raise ValueError(f"Dense: {name} is not supported; expected None")
