"""Array functions: NumPy arrays in, NumPy arrays out, forward and backward.

`foldgate.reference` has the same functions in plain NumPy.
"""

from foldgate.ops.average_pool import (
    adaptive_average_pool,
    adaptive_average_pool_backward,
    average_pool,
    average_pool_backward,
)
from foldgate.ops.conv import conv, conv_backward
from foldgate.ops.conv_transpose import conv_transpose, conv_transpose_backward
from foldgate.ops.gru import gru, gru_backward, gru_step, gru_step_backward
from foldgate.ops.im2col import col2im, im2col
from foldgate.ops.lstm import lstm, lstm_backward, lstm_step, lstm_step_backward
from foldgate.ops.matmul import matmul
from foldgate.ops.packed_conv import PackedConv
from foldgate.ops.pool import max_pool, max_pool_backward
from foldgate.ops.simple_rnn import simple_rnn, simple_rnn_backward, simple_rnn_step, simple_rnn_step_backward

__all__ = [
    "PackedConv",
    "adaptive_average_pool",
    "adaptive_average_pool_backward",
    "average_pool",
    "average_pool_backward",
    "col2im",
    "conv",
    "conv_backward",
    "conv_transpose",
    "conv_transpose_backward",
    "gru",
    "gru_backward",
    "gru_step",
    "gru_step_backward",
    "im2col",
    "lstm",
    "lstm_backward",
    "lstm_step",
    "lstm_step_backward",
    "matmul",
    "max_pool",
    "max_pool_backward",
    "simple_rnn",
    "simple_rnn_backward",
    "simple_rnn_step",
    "simple_rnn_step_backward",
]
