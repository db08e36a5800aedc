"""Two recurrent layers as one op that runs both directions, side by side in its output."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import ops
from foldgate._tape import settled
from foldgate._typing import BoolArray, FloatArray
from foldgate.layers.rnn._dropout import active
from foldgate.layers.rnn._gates import gate_name
from foldgate.layers.rnn.gru import GRU
from foldgate.layers.rnn.lstm import LSTM
from foldgate.layers.rnn.simple_rnn import SimpleRNN

_OPS = {LSTM: "bidirectional_lstm", GRU: "bidirectional_gru", SimpleRNN: "bidirectional_simple_rnn"}


def run_as_one(forward: Any, backward: Any, training: bool) -> bool:
    """Whether the op has what both layers are, and their cells' arguments fit each other."""
    kind = type(forward)
    if kind is not type(backward) or kind not in _OPS or forward.go_backwards or forward.stateful:
        return False
    a, b = forward.cell, backward.cell
    same = a.units == b.units and a.use_bias == b.use_bias and a.activation is b.activation
    if not same or forward.zero_output_for_mask != backward.zero_output_for_mask:
        return False
    if forward.activity_regularizer is not None or backward.activity_regularizer is not None:
        return False
    if training and any(active(rate, True) for rate in (*_rates(a), *_rates(b))):
        return False
    if kind is SimpleRNN:
        return gate_name(a.activation) in ("tanh", "relu")
    plain = gate_name(a.recurrent_activation) == "sigmoid" == gate_name(b.recurrent_activation)
    fits = kind is LSTM or a.reset_after == b.reset_after
    return plain and fits and gate_name(a.activation) == "tanh"


def _rates(cell: Any) -> tuple[float, float]:
    return cell.dropout, cell.recurrent_dropout


def run_both(
    forward: Any, backward: Any, x: FloatArray, states: list[Any] | None, mask: BoolArray | None
) -> tuple[FloatArray, list[FloatArray]]:
    """(outputs of both layers side by side, their states).

    Outputs are (N, T, 2U) at their own times or (N, 2U); states are those of the forward layer, then those of
    the backward one, which `states` gives in this order too, or None for zeros.
    """
    kind, a, b = type(forward), forward.cell, backward.cell
    operands = settled(x, a.kernel, a.recurrent_kernel, a.bias, b.kernel, b.recurrent_kernel, b.bias)
    options: dict[str, Any] = {}
    if kind is GRU:
        options["reset_after"] = a.reset_after
    elif kind is SimpleRNN:
        options["activation"] = gate_name(a.activation)
    names = ("initial_h", "initial_c")[: len(forward.state_size)]
    if states is not None:
        for i, name in enumerate(names):
            options[name] = np.concatenate([states[i], states[i + len(names)]], axis=1)
    y, *last = getattr(ops, _OPS[kind])(
        *operands,
        **options,
        mask=mask,
        zero_output_for_mask=forward.zero_output_for_mask,
        return_sequences=forward.return_sequences,
    )
    U = a.units
    halves = []
    if forward.return_state:
        halves = [state[:, part] for part in (slice(U), slice(U, None)) for state in last]
    return y if forward.return_sequences else last[0], halves
