"""Every op of `foldgate.ops` in plain NumPy, written to be read: the specification of what the ops mean.

Same names, signatures and results; explicit im2col and matrix products, explicit loops over taps and time. It
computes in the dtype it is given, float32 or float64. It is the tests' truth and the benchmark's baseline; it
assumes meaningful arguments and leaves the exhaustive checks to `foldgate.ops`. It imports nothing but NumPy.

Example:
    >>> import numpy as np
    >>> from foldgate import reference
    >>> y = reference.conv(np.ones((1, 28, 28, 1)), np.ones((5, 5, 1, 6)), padding="same")
    >>> reference.max_pool(y).shape
    (1, 14, 14, 6)
"""

from foldgate.gradients import ConvGradients as ConvGradients
from foldgate.gradients import GRUGradients as GRUGradients
from foldgate.gradients import LSTMGradients as LSTMGradients
from foldgate.gradients import SimpleRNNGradients as SimpleRNNGradients
from foldgate.reference.average_pool import adaptive_average_pool as adaptive_average_pool
from foldgate.reference.average_pool import adaptive_average_pool_backward as adaptive_average_pool_backward
from foldgate.reference.average_pool import average_pool as average_pool
from foldgate.reference.average_pool import average_pool_backward as average_pool_backward
from foldgate.reference.conv import conv as conv
from foldgate.reference.conv import conv_backward as conv_backward
from foldgate.reference.conv_transpose import conv_transpose as conv_transpose
from foldgate.reference.conv_transpose import conv_transpose_backward as conv_transpose_backward
from foldgate.reference.gru import gru as gru
from foldgate.reference.gru import gru_backward as gru_backward
from foldgate.reference.gru import gru_step as gru_step
from foldgate.reference.gru import gru_step_backward as gru_step_backward
from foldgate.reference.im2col import col2im as col2im
from foldgate.reference.im2col import im2col as im2col
from foldgate.reference.lstm import lstm as lstm
from foldgate.reference.lstm import lstm_backward as lstm_backward
from foldgate.reference.lstm import lstm_step as lstm_step
from foldgate.reference.lstm import lstm_step_backward as lstm_step_backward
from foldgate.reference.matmul import matmul as matmul
from foldgate.reference.packed_conv import PackedConv as PackedConv
from foldgate.reference.pool import max_pool as max_pool
from foldgate.reference.pool import max_pool_backward as max_pool_backward
from foldgate.reference.simple_rnn import simple_rnn as simple_rnn
from foldgate.reference.simple_rnn import simple_rnn_backward as simple_rnn_backward
from foldgate.reference.simple_rnn import simple_rnn_step as simple_rnn_step
from foldgate.reference.simple_rnn import simple_rnn_step_backward as simple_rnn_step_backward

__all__ = [
    "ConvGradients",
    "GRUGradients",
    "LSTMGradients",
    "PackedConv",
    "SimpleRNNGradients",
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
