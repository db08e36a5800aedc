"""The simple RNN layer."""

from __future__ import annotations

from typing import Any

from foldgate.layers.input_spec import InputSpec
from foldgate.layers.rnn._arguments import arguments, of_cell
from foldgate.layers.rnn._own_cell import OwnCell
from foldgate.layers.rnn.simple_rnn_cell import SimpleRNNCell


class SimpleRNN(OwnCell):
    """A simple RNN over (N, T, D): `h' = tanh(x_t @ kernel + h @ recurrent_kernel + bias)` (Elman 1990).

    The whole sequence is one fused op, and one node on the tape. `recurrent_dropout` in training, and
    activations that `foldgate.ops.simple_rnn` has not, run step by step.

    Args:
      units: U, the size of h.
      activation: default `"tanh"`, None for none.
      use_bias: whether there is a bias; default True.
      kernel_initializer: of the kernel (D, U); default `"glorot_uniform"`.
      recurrent_initializer: of the recurrent kernel (U, U); default `"orthogonal"`.
      bias_initializer: of the bias (U,); default `"zeros"`.
      kernel_regularizer, recurrent_regularizer, bias_regularizer: default None.
      activity_regularizer: of the output; default None.
      kernel_constraint, recurrent_constraint, bias_constraint: default None.
      dropout: share of the inputs that is dropped in training, the same at all steps of a batch; default 0.
      recurrent_dropout: likewise of h; default 0.
      return_sequences: whether to return h of all steps rather than the last; default False.
      return_state: whether to return the last h too; default False.
      go_backwards: whether to start at the last step, and return outputs in that order; default False.
      stateful: whether a batch starts from the states that the one before it ended with; default False.
      unroll: accepted; it changes no result, not even with a mask, where in Keras it does.
      seed: of the dropout; default None.
      **kwargs: `name`, `dtype`, `trainable`, `zero_output_for_mask`.

    Call arguments:
      sequences: (N, T, D); or `[sequences, h]`.
      initial_state: h, (N, U), or [h]; None for zeros.
      mask: (N, T) of bool, False where a step does not count; see `RNN`.
      training: whether to drop.

    Returns:
      (N, U), or (N, T, U) with `return_sequences`; with `return_state` `(y, h)`.

    Raises:
      ValueError: as `RNN`; an argument is unknown or has no meaning.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.SimpleRNN(4, return_sequences=True)(np.ones((2, 5, 3))).shape
      (2, 5, 4)
    """

    cell_class = SimpleRNNCell
    cell_name = "simple_rnn_cell"

    units = of_cell("units")

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(arguments(locals()))
        self.input_spec = InputSpec(ndim=3)
