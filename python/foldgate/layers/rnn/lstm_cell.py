"""The cell of the LSTM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import activations, ops
from foldgate._typing import FloatArray
from foldgate.layers.rnn._arguments import arguments
from foldgate.layers.rnn._cell import RecurrentCell
from foldgate.layers.rnn._gates import gate_name
from foldgate.layers.rnn._walk import State, Walk


class LSTMCell(RecurrentCell):
    """One step of an LSTM, for `RNN` and for loops of one's own.

    With `[i f g o] = x @ kernel + h @ recurrent_kernel + bias`:
    `c' = sigmoid(f) c + sigmoid(i) tanh(g)`, `h' = sigmoid(o) tanh(c')`.

    Args:
      units: U, the size of h and c.
      activation: of the candidate and of c'; default `"tanh"`, None for none.
      recurrent_activation: of the gates i, f and o; default `"sigmoid"`.
      use_bias: whether there is a bias; default True.
      kernel_initializer: of the kernel (D, 4U); default `"glorot_uniform"`.
      recurrent_initializer: of the recurrent kernel (U, 4U); default `"orthogonal"`.
      bias_initializer: of the bias (4U,); default `"zeros"`.
      unit_forget_bias: whether the forget gate's part of the bias starts from ones; default True.
      kernel_regularizer, recurrent_regularizer, bias_regularizer: default None.
      kernel_constraint, recurrent_constraint, bias_constraint: default None.
      dropout: share of the inputs that is dropped in training, the same at all steps of a batch; default 0.
      recurrent_dropout: likewise of h, by a mask a gate; default 0.
      seed: of the dropout; default None.
      **kwargs: `name`, `dtype`, `trainable`; `implementation=1` gives the inputs a mask a gate too.

    Call arguments:
      inputs: (N, D).
      states: [h, c], (N, U) each.
      training: whether to drop; default False.

    Returns:
      `(h', [h', c'])`.

    Raises:
      ValueError: an argument is unknown or has no meaning.

    Example:
      >>> import numpy as np
      >>> from foldgate import layers
      >>> cell = layers.LSTMCell(4)
      >>> states = cell.get_initial_state(batch_size=2)
      >>> y, states = cell(np.ones((2, 3), np.float32), states)
      >>> y.shape, len(states), layers.RNN(cell)(np.ones((2, 5, 3))).shape
      ((2, 4), 2, (2, 4))
    """

    gates = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
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
        super().__init__(**arguments(locals(), "recurrent_activation", "unit_forget_bias"))
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def call(self, inputs: FloatArray, states: Any, training: bool = False) -> tuple[FloatArray, list[State]]:
        """One step."""
        h, c = states
        if not self.fuses(training):
            return self._by_gates(inputs, h, c, training)
        new_states = self._fused_step(inputs, [h, c], training)
        return new_states[0], new_states

    def _by_gates(
        self, x: FloatArray, h: FloatArray, c: FloatArray, training: bool
    ) -> tuple[FloatArray, list[State]]:
        from_x = self._input_sums(x, self.bias, training)
        from_h = self._recurrent_sums(h, None, training, self.gates)
        i, f, g, o = (a + b for a, b in zip(from_x, from_h, strict=True))
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        h = gate(o) * self.activation(c)
        return h, [h, c]

    def _activations(self) -> dict[str, Any]:
        return {
            "activation": gate_name(self.activation),
            "recurrent_activation": gate_name(self.recurrent_activation),
        }

    def _knows_activations(self) -> bool:
        return gate_name(self.activation) is not None and gate_name(self.recurrent_activation) is not None

    def _step(self, x: FloatArray, states: list[State], weights: Sequence[Any]) -> list[State]:
        return list(ops.lstm_step(x, *states, *weights, **self._activations()))

    def _run(self, operands: tuple[Any, ...], states: list[State], walk: Walk) -> tuple[Any, ...]:
        x, kernel, recurrent_kernel, bias = operands
        return ops.lstm(
            x,
            kernel,
            recurrent_kernel,
            bias,
            activation=gate_name(self.activation),
            recurrent_activation=gate_name(self.recurrent_activation),
            initial_h=states[0],
            initial_c=states[1],
            mask=walk.mask,
            reverse=walk.reverse,
            zero_output_for_mask=walk.zero_output_for_mask,
            return_sequences=walk.return_sequences,
        )

    def _initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> FloatArray:
        if not self.unit_forget_bias:
            return super()._initial_bias(shape, dtype)
        U = self.units
        first, rest = self.bias_initializer((U,), dtype=dtype), self.bias_initializer((2 * U,), dtype=dtype)
        return np.concatenate([first, np.ones(U, first.dtype), rest])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            "unit_forget_bias": self.unit_forget_bias,
        }
        return {**super().get_config(), **config}
