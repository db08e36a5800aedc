"""Layers with the names, arguments and defaults of Keras 3."""

from foldgate.layers.dense import Dense
from foldgate.layers.embedding import Embedding
from foldgate.layers.identity import Identity
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.layer import Layer
from foldgate.layers.masking import Masking
from foldgate.layers.rnn import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
    TimeDistributed,
)
from foldgate.layers.weight import Weight
from foldgate.layers.wrapper import Wrapper

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "Dense",
    "Embedding",
    "GRUCell",
    "Identity",
    "InputSpec",
    "LSTMCell",
    "Layer",
    "Masking",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNNCells",
    "TimeDistributed",
    "Weight",
    "Wrapper",
]
