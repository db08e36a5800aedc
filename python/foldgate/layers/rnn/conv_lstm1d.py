"""The ConvLSTM over rows."""

from __future__ import annotations

from typing import Any

from foldgate.layers.rnn._arguments import arguments
from foldgate.layers.rnn.conv_lstm import ConvLSTM


class ConvLSTM1D(ConvLSTM):
    """An LSTM over rows, whose products are convolutions (Shi et al. 2015).

    The inputs of all steps are convolved at once; the recurrence is one node on the tape. Dropout in
    training, and other activations than these, run step by step.

    Args:
      filters: F, the channels of h and c.
      kernel_size: of both convolutions: an int.
      strides: of the convolution of the inputs; default 1. That of h has strides 1 and keeps the size.
      padding: `"valid"` (default) or `"same"`.
      data_format: `"channels_last"` or `"channels_first"`; default None: `keras.config.image_data_format()`.
      dilation_rate: of the convolution of the inputs; default 1, and 1 where strides are more.
      activation: of the candidate and of c; default `"tanh"`.
      recurrent_activation: of the gates; default `"sigmoid"`.
      use_bias: whether there is a bias; default True.
      kernel_initializer: of the kernel (*K, C, 4F), gates i, f, c, o; default `"glorot_uniform"`.
      recurrent_initializer: of the recurrent kernel (*K, F, 4F); default `"orthogonal"`.
      bias_initializer: of the bias (4F,); default `"zeros"`.
      unit_forget_bias: whether the forget gate's part of the bias starts from ones; default True.
      kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: default None.
      kernel_constraint, recurrent_constraint, bias_constraint: default None.
      dropout: share of the inputs that is dropped in training, by a mask a gate; default 0.
      recurrent_dropout: likewise of h; default 0.
      seed: of the dropout; default None.
      return_sequences, return_state, go_backwards, stateful: as in `LSTM`; default False.
      **kwargs: `name`, `dtype`, `trainable`, `zero_output_for_mask`.

    Call arguments:
      sequences: (N, T, L, C), or (N, T, C, L) with `"channels_first"`.
      initial_state: [h, c], each of a step's shape with F channels; None for zeros.
      mask: (N, T) of bool, False where a step does not count; see `RNN`.
      training: whether to drop.

    Returns:
      (N, L', F), or (N, T, L', F) with `return_sequences`; with `return_state` `(y, h, c)`.

    Raises:
      ValueError: as `RNN`; strides and dilation rates are both above 1; no window fits; a size is not known.

    Example:
      >>> import numpy as np
      >>> from foldgate import layers
      >>> layers.ConvLSTM1D(4, 3, padding="same")(np.ones((2, 5, 8, 3))).shape
      (2, 8, 4)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        **kwargs: Any,
    ) -> None:
        super().__init__(1, arguments(locals()))
