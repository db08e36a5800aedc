"""What the ConvLSTM layers share."""

from __future__ import annotations

from typing import Any

from foldgate.layers.input_spec import InputSpec
from foldgate.layers.rnn._arguments import of_cell
from foldgate.layers.rnn._own_cell import OwnCell
from foldgate.layers.rnn.conv_lstm_cell import ConvLSTMCell


class ConvLSTM(OwnCell):
    """An LSTM whose products are convolutions, of any rank."""

    cell_class = ConvLSTMCell
    cell_name = "conv_lstm_cell"

    filters = of_cell("filters")
    kernel_size = of_cell("kernel_size")
    strides = of_cell("strides")
    padding = of_cell("padding")
    data_format = of_cell("data_format")
    dilation_rate = of_cell("dilation_rate")
    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

    def __init__(self, rank: int, given: dict[str, Any]) -> None:
        super().__init__(given, rank=rank)
        self.input_spec = InputSpec(ndim=rank + 3)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """(N, *S, F) or (N, T, *S, F), in a tuple with the states' where they are returned."""
        batch, steps, *step = sequences_shape
        state = self.cell.compute_output_shape((batch, *step))[0]
        shape = (batch, steps, *state[1:]) if self.return_sequences else state
        return (shape, state, state) if self.return_state else shape
