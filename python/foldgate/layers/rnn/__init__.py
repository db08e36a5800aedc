"""Recurrent layers and cells, with the names, arguments and defaults of Keras 3."""

from foldgate.layers.rnn.bidirectional import Bidirectional
from foldgate.layers.rnn.conv_lstm1d import ConvLSTM1D
from foldgate.layers.rnn.conv_lstm2d import ConvLSTM2D
from foldgate.layers.rnn.conv_lstm3d import ConvLSTM3D
from foldgate.layers.rnn.gru import GRU
from foldgate.layers.rnn.gru_cell import GRUCell
from foldgate.layers.rnn.lstm import LSTM
from foldgate.layers.rnn.lstm_cell import LSTMCell
from foldgate.layers.rnn.rnn import RNN
from foldgate.layers.rnn.simple_rnn import SimpleRNN
from foldgate.layers.rnn.simple_rnn_cell import SimpleRNNCell
from foldgate.layers.rnn.stacked_rnn_cells import StackedRNNCells
from foldgate.layers.rnn.time_distributed import TimeDistributed

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "GRUCell",
    "LSTMCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNNCells",
    "TimeDistributed",
]
