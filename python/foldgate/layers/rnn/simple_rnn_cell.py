"""The cell of the simple RNN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foldgate import ops
from foldgate._typing import FloatArray
from foldgate.layers.rnn._arguments import arguments
from foldgate.layers.rnn._cell import RecurrentCell
from foldgate.layers.rnn._gates import gate_name
from foldgate.layers.rnn._walk import State, Walk


class SimpleRNNCell(RecurrentCell):
    """One step of a simple RNN: `h' = tanh(x @ kernel + h @ recurrent_kernel + bias)`.

    Args:
      units: U, the size of h.
      activation: default `"tanh"`, None for none.
      use_bias: whether there is a bias; default True.
      kernel_initializer: of the kernel (D, U); default `"glorot_uniform"`.
      recurrent_initializer: of the recurrent kernel (U, U); default `"orthogonal"`.
      bias_initializer: of the bias (U,); default `"zeros"`.
      kernel_regularizer, recurrent_regularizer, bias_regularizer: default None.
      kernel_constraint, recurrent_constraint, bias_constraint: default None.
      dropout: share of the inputs that is dropped in training, the same at all steps of a batch; default 0.
      recurrent_dropout: likewise of h; default 0.
      seed: of the dropout; default None.
      **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
      sequence: (N, D).
      states: h, (N, U), or [h].
      training: whether to drop; default False.

    Returns:
      `(h', h')`, or `(h', [h'])` for a list.

    Raises:
      ValueError: an argument is unknown or has no meaning.

    Example:
      >>> import numpy as np
      >>> from foldgate import layers
      >>> rnn = layers.RNN([layers.SimpleRNNCell(4), layers.SimpleRNNCell(2)])
      >>> rnn(np.ones((3, 5, 6))).shape
      (3, 2)
    """

    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**arguments(locals()))

    def call(self, sequence: FloatArray, states: Any, training: bool = False) -> tuple[FloatArray, State]:
        """One step."""
        listed = isinstance(states, (list, tuple))
        h = states[0] if listed else states
        if self.fuses(training):
            (h,) = self._fused_step(sequence, [h], training)
        else:
            (from_x,) = self._input_sums(sequence, self.bias, training)
            (from_h,) = self._recurrent_sums(h, None, training, 1)
            h = self.activation(from_x + from_h)
        return h, [h] if listed else h

    def _knows_activations(self) -> bool:
        return gate_name(self.activation) is not None

    def _step(self, x: FloatArray, states: list[State], weights: Sequence[Any]) -> list[State]:
        return [ops.simple_rnn_step(x, states[0], *weights, activation=gate_name(self.activation))]

    def _run(self, operands: tuple[Any, ...], states: list[State], walk: Walk) -> tuple[Any, ...]:
        x, kernel, recurrent_kernel, bias = operands
        return ops.simple_rnn(
            x,
            kernel,
            recurrent_kernel,
            bias,
            activation=gate_name(self.activation),
            initial_h=states[0],
            mask=walk.mask,
            reverse=walk.reverse,
            zero_output_for_mask=walk.zero_output_for_mask,
            return_sequences=walk.return_sequences,
        )
