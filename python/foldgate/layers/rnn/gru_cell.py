"""The cell of the GRU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foldgate import activations, ops
from foldgate._typing import FloatArray
from foldgate.layers.rnn._arguments import arguments
from foldgate.layers.rnn._cell import RecurrentCell
from foldgate.layers.rnn._dropout import active
from foldgate.layers.rnn._gates import gate_name
from foldgate.layers.rnn._walk import State, Walk


class GRUCell(RecurrentCell):
    """One step of a GRU, for `RNN` and for loops of one's own: `h' = (1 - z) n + z h`.

    See `foldgate.ops.gru` for z, r and n.

    Args:
      units: U, the size of h.
      activation: of the candidate n; default `"tanh"`, None for none.
      recurrent_activation: of the gates z and r; default `"sigmoid"`.
      use_bias: whether there is a bias; default True.
      kernel_initializer: of the kernel (D, 3U); default `"glorot_uniform"`.
      recurrent_initializer: of the recurrent kernel (U, 3U); default `"orthogonal"`.
      bias_initializer: of the bias, (2, 3U) with `reset_after`, else (3U,); default `"zeros"`.
      kernel_regularizer, recurrent_regularizer, bias_regularizer: default None.
      kernel_constraint, recurrent_constraint, bias_constraint: default None.
      dropout: share of the inputs that is dropped in training, the same at all steps of a batch; default 0.
      recurrent_dropout: likewise of h, by a mask a gate; default 0.
      reset_after: whether r works on `h @ recurrent_kernel` rather than on h; default True.
      seed: of the dropout; default None.
      **kwargs: `name`, `dtype`, `trainable`; `implementation=1` gives the inputs a mask a gate too.

    Call arguments:
      inputs: (N, D).
      states: h, (N, U), or [h].
      training: whether to drop; default False.

    Returns:
      `(h', h')`, or `(h', [h'])` for a list.

    Raises:
      ValueError: an argument is unknown or has no meaning.

    Example:
      >>> import numpy as np
      >>> from foldgate import layers
      >>> cell = layers.GRUCell(4)
      >>> y, (h,) = cell(np.ones((2, 3), np.float32), [np.zeros((2, 4), np.float32)])
      >>> y.shape, bool((y == h).all())
      ((2, 4), True)
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**arguments(locals(), "recurrent_activation", "reset_after"))
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = bool(reset_after)

    def call(self, inputs: FloatArray, states: Any, training: bool = False) -> tuple[FloatArray, State]:
        """One step."""
        listed = isinstance(states, (list, tuple))
        h = states[0] if listed else states
        if not self.fuses(training):
            h = self._by_gates(inputs, h, training)
        else:
            (h,) = self._fused_step(inputs, [h], training)
        return h, [h] if listed else h

    def _by_gates(self, x: FloatArray, h: FloatArray, training: bool) -> FloatArray:
        gate, bias, recurrent_bias = self.recurrent_activation, self.bias, None
        if bias is not None and self.reset_after:
            bias, recurrent_bias = bias[0], bias[1]
        xz, xr, xn = self._input_sums(x, bias, training)
        if self.reset_after:
            hz, hr, hn = self._recurrent_sums(h, recurrent_bias, training, 3)
            hn = gate(xr + hr) * hn
        else:
            hz, hr = self._recurrent_sums(h, None, training, 2)
            drops = active(self.recurrent_dropout, training)
            masks: Any = self.get_recurrent_dropout_mask(h) if drops else None
            kept = h if masks is None else h * masks[2]
            hn = ops.matmul(gate(xr + hr) * kept, self.recurrent_kernel[:, 2 * self.units :])
        z = gate(xz + hz)
        new_h: FloatArray = z * h + (1.0 - z) * self.activation(xn + hn)
        return new_h

    def _options(self) -> dict[str, Any]:
        return {
            "activation": gate_name(self.activation),
            "recurrent_activation": gate_name(self.recurrent_activation),
            "reset_after": self.reset_after,
        }

    def _knows_activations(self) -> bool:
        return gate_name(self.activation) is not None and gate_name(self.recurrent_activation) is not None

    def _step(self, x: FloatArray, states: list[State], weights: Sequence[Any]) -> list[State]:
        return [ops.gru_step(x, states[0], *weights, **self._options())]

    def _run(self, operands: tuple[Any, ...], states: list[State], walk: Walk) -> tuple[Any, ...]:
        x, kernel, recurrent_kernel, bias = operands
        return ops.gru(
            x,
            kernel,
            recurrent_kernel,
            bias,
            activation=gate_name(self.activation),
            recurrent_activation=gate_name(self.recurrent_activation),
            reset_after=self.reset_after,
            initial_h=states[0],
            mask=walk.mask,
            reverse=walk.reverse,
            zero_output_for_mask=walk.zero_output_for_mask,
            return_sequences=walk.return_sequences,
        )

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            "reset_after": self.reset_after,
        }
        return {**super().get_config(), **config}
