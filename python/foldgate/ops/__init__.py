"""Array functions: NumPy arrays in, NumPy arrays out, forward and backward.

`foldgate.reference` has the same functions in plain NumPy.
"""

from foldgate.ops.gru import gru, gru_backward
from foldgate.ops.lstm import lstm, lstm_backward
from foldgate.ops.matmul import matmul
from foldgate.ops.simple_rnn import simple_rnn, simple_rnn_backward

__all__ = ["gru", "gru_backward", "lstm", "lstm_backward", "matmul", "simple_rnn", "simple_rnn_backward"]
