"""The GRU layer."""

from __future__ import annotations

from typing import Any

from foldgate.layers.input_spec import InputSpec
from foldgate.layers.rnn._arguments import arguments, of_cell
from foldgate.layers.rnn._own_cell import OwnCell
from foldgate.layers.rnn.gru_cell import GRUCell


class GRU(OwnCell):
    """A gated recurrent unit over (N, T, D) (Cho et al. 2014): `h' = (1 - z) n + z h`.

    The whole sequence is one fused op, and one node on the tape. `recurrent_dropout` in training, and
    activations that `foldgate.ops.gru` has not, run step by step.

    Args:
      units: U, the size of h.
      activation: of the candidate n; default `"tanh"`, None for none.
      recurrent_activation: of the gates z and r; default `"sigmoid"`.
      use_bias: whether there is a bias; default True.
      kernel_initializer: of the kernel (D, 3U), gates in the order z, r, h; default `"glorot_uniform"`.
      recurrent_initializer: of the recurrent kernel (U, 3U); default `"orthogonal"`.
      bias_initializer: of the bias, (2, 3U) with `reset_after`, else (3U,); default `"zeros"`.
      kernel_regularizer, recurrent_regularizer, bias_regularizer: default None.
      activity_regularizer: of the output; default None.
      kernel_constraint, recurrent_constraint, bias_constraint: default None.
      dropout: share of the inputs that is dropped in training, the same at all steps of a batch; default 0.
      recurrent_dropout: likewise of h, by a mask a gate; default 0.
      seed: of the dropout; default None.
      return_sequences: whether to return h of all steps rather than the last; default False.
      return_state: whether to return the last h too; default False.
      go_backwards: whether to start at the last step, and return outputs in that order; default False.
      stateful: whether a batch starts from the states that the one before it ended with; default False.
      unroll: accepted; it changes no result, not even with a mask, where in Keras it does.
      reset_after: whether r works on `h @ recurrent_kernel`, as in cuDNN and PyTorch, rather than on h;
        default True.
      use_cudnn: accepted, and has no meaning on a CPU.
      **kwargs: `name`, `dtype`, `trainable`, `zero_output_for_mask`, `implementation`.

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
      >>> model = keras.layers.GRU(200)
      >>> model(np.zeros((32, 20, 2))).shape, model.count_params()
      ((32, 200), 122400)
    """

    cell_class = GRUCell
    cell_name = "gru_cell"

    units = of_cell("units")
    recurrent_activation = of_cell("recurrent_activation")
    reset_after = of_cell("reset_after")

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(arguments(locals()))
        self.input_spec = InputSpec(ndim=3)
