"""Runs a cell over a sequence by the cheapest way that it has."""

from __future__ import annotations

from typing import Any

from foldgate._typing import FloatArray
from foldgate.layers.rnn._call_cell import call_cell
from foldgate.layers.rnn._cell import RecurrentCell
from foldgate.layers.rnn._dropout import DropoutMasks
from foldgate.layers.rnn._walk import Result, State, Walk, walk_steps
from foldgate.layers.rnn.conv_lstm_cell import ConvLSTMCell
from foldgate.layers.rnn.gru_cell import GRUCell
from foldgate.layers.rnn.lstm_cell import LSTMCell
from foldgate.layers.rnn.simple_rnn_cell import SimpleRNNCell
from foldgate.layers.rnn.stacked_rnn_cells import StackedRNNCells

_FUSED = (LSTMCell, GRUCell, SimpleRNNCell, ConvLSTMCell)
_FROM_NOTHING = {LSTMCell: 2, GRUCell: 1, SimpleRNNCell: 1}  # whose op takes None for zeros: their states


def starts_from_zeros(cell: Any) -> Any:
    """The states of a cell whose zeros the fused ops need not be given: Nones. None for another cell."""
    if type(cell) in _FROM_NOTHING:
        return [None] * _FROM_NOTHING[type(cell)]
    if type(cell) is not StackedRNNCells:
        return None
    each = [starts_from_zeros(one) for one in cell.cells]
    return None if None in each else each


def run_cell(cell: Any, x: FloatArray, states: list[State], walk: Walk) -> Result:
    """Runs a cell over (N, T, ...), from states that may be None only where `starts_from_zeros` said so."""
    if type(cell) is StackedRNNCells:
        return _run_stacked(cell, x, states, walk)
    if type(cell) in _FUSED and cell.fuses(walk.training):
        result: Result = cell.sequence(x, states, walk)
        return result
    if states[0] is None:
        states = cell.get_initial_state(batch_size=x.shape[0])
    if isinstance(cell, RecurrentCell):
        return walk_steps(lambda x, states: cell.call(x, states, walk.training), x, states, walk)
    return walk_steps(lambda x, states: call_cell(cell, x, states, walk.training), x, states, walk)


def _run_stacked(cell: StackedRNNCells, x: FloatArray, states: list[State], walk: Walk) -> Result:
    """Cell after cell over the whole sequence, which gives what all cells give step after step: where a step
    is masked no cell reads its input."""
    inner = walk._replace(return_sequences=True, zero_output_for_mask=False)
    last = len(cell.cells) - 1
    new_states: list[State] = []
    y: Any = x
    for i, (one, state) in enumerate(zip(cell.cells, states, strict=True)):
        alone = not isinstance(state, (list, tuple))
        y, output, new_state = run_cell(
            one, y, [state] if alone else list(state), walk if i == last else inner
        )
        new_states.append(new_state[0] if alone else new_state)
    return y, output, new_states


def reset_dropout(cell: Any) -> None:
    """Ends the batch for the dropout masks of a cell and of those in it."""
    if isinstance(cell, DropoutMasks):
        if cell._dropout_mask is not None:
            cell.reset_dropout_mask()
        if cell._recurrent_dropout_mask is not None:
            cell.reset_recurrent_dropout_mask()
    elif isinstance(cell, StackedRNNCells):
        for one in cell.cells:
            reset_dropout(one)
