"""Products with kernels of three axes."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from math import prod
from typing import Any

from foldgate import constraints, initializers, ops, regularizers
from foldgate._tape import settled
from foldgate.layers.layer import Layer
from foldgate.layers.weight import Weight

Shape = tuple[int | None, ...]


class Projection(Layer):
    """x (..., *inner) times kernel (*inner, *outer), plus bias (*outer): what Keras has an EinsumDense for.

    Args:
      outer: the shape of the last axes of the results.
      inner: how many axes are summed over.
      activation: None or `"sigmoid"`.
      use_bias: whether there is a bias.
      kernel_initializer, ...: of the weights.
      **kwargs: of `Layer`.
    """

    kernel: Weight
    bias: Weight | None

    def __init__(
        self,
        outer: Sequence[int],
        inner: int = 1,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.outer, self.inner, self.activation, self.use_bias = tuple(outer), inner, activation, use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.supports_masking = True
        self.bias = None
        self._columns = prod(self.outer)

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        summed = input_shape[len(input_shape) - self.inner :]
        if None in summed:
            raise ValueError(f"{self.name}: inputs have shape {input_shape}; expected a known last axis")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*summed, *self.outer),  # type: ignore[arg-type]
            initializer=self._scaled_by_axes(),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=self.outer,
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _scaled_by_axes(self) -> Any:
        """The kernel's initializer, told which axes are inputs; a convolution's rule would take axes of heads
        for a window."""
        given = self.kernel_initializer
        if not isinstance(given, initializers.VarianceScaling) or given.input_axes is not None:
            return given
        told = copy(given)
        told.input_axes = range(self.inner)
        told.output_axes = range(self.inner, self.inner + len(self.outer))
        return told

    def call(self, inputs: Any) -> Any:
        """One product, on the weights as a matrix and a row."""
        kernel, bias = settled(self.kernel, self.bias)
        kernel = kernel.reshape(-1, self._columns)
        lead = inputs.shape[: -self.inner]
        x = inputs if self.inner == 1 else inputs.reshape((*lead, len(kernel)))
        if len(self.outer) == 1:
            return ops.matmul(x, kernel, bias, activation=self.activation)
        bias = None if bias is None else bias.reshape(self._columns)
        return ops.matmul(x, kernel, bias, activation=self.activation).reshape(lead + self.outer)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(..., *outer)."""
        return (*input_shape[: len(input_shape) - self.inner], *self.outer)
