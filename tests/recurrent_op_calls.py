"""One call of every recurrent op, for `op_calls`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Call = Callable[[], Any]


def recurrent_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    calls: dict[str, Call] = {}
    for name, gates in (("lstm", 4), ("gru", 3), ("simple_rnn", 1)):
        calls |= _layer_calls(ops, array, size, name, gates)
    return calls | _stacked_calls(ops, array, size)


def _layer_calls(
    ops: Any, array: Callable[..., np.ndarray], size: int, name: str, gates: int
) -> dict[str, Call]:
    """The sequence op `name`, its step, both directions, and their backward functions."""
    n, t, d, u = 5 * size, 6 * size, 9 * size, 12 * size
    x, kernel, recurrent, h = array(n, t, d), array(d, gates * u) / 8, array(u, gates * u) / 8, array(n, u)
    bias = array(2, gates * u) if name == "gru" else array(gates * u)
    c = array(n, u)
    states = {"initial_h": h, "initial_c": c} if name == "lstm" else {"initial_h": h}
    carried = (h, c) if name == "lstm" else (h,)
    lengths = np.arange(n) % (t + 1)

    sequence, backward = getattr(ops, name), getattr(ops, f"{name}_backward")
    step, step_backward = getattr(ops, f"{name}_step"), getattr(ops, f"{name}_step_backward")
    y, *_, cache = sequence(x, kernel, recurrent, bias, **states, lengths=lengths, return_cache=True)
    dy, dh = array(*y.shape), array(n, u)
    step_cache = step(x[:, 0], *carried, kernel, recurrent, bias, return_cache=True)[-1]
    dstates = (dh, None) if name == "lstm" else (dh,)
    return {
        name: lambda: sequence(x, kernel, recurrent, bias, **states, lengths=lengths),
        f"{name}_backward": lambda: backward(
            dy, x, kernel, recurrent, bias, y, cache, dh=dh, **states, lengths=lengths
        ),
        **_bidirectional_calls(ops, array, name, (x, kernel, recurrent, bias), {"lengths": lengths}),
        f"{name}_step": lambda: step(x[:, 0], *carried, kernel, recurrent, bias),
        f"{name}_step_backward": lambda: step_backward(
            *dstates, x[:, 0], *carried, kernel, recurrent, bias, step_cache
        ),
    }


def _bidirectional_calls(
    ops: Any,
    array: Callable[..., np.ndarray],
    name: str,
    operands: tuple[np.ndarray, ...],
    options: dict[str, Any],
) -> dict[str, Call]:
    """The op in both directions, whose weights are the same, and its backward function."""
    x, *weights = operands
    op = f"bidirectional_{name}"
    sequence, backward = getattr(ops, op), getattr(ops, f"{op}_backward")
    y, *_, cache = sequence(x, *weights, *weights, **options, return_cache=True)
    dy = array(*y.shape)
    return {
        op: lambda: sequence(x, *weights, *weights, **options),
        f"{op}_backward": lambda: backward(dy, x, *weights, *weights, y, cache, **options),
    }


def _stacked_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    """Three layers of an LSTM for few rows, and two of a GRU in both directions."""
    n, t, d, u = 2, 12 * size, 9 * size, 17 * size
    lstm = [(array(d if i == 0 else u, 4 * u) / 8, array(u, 4 * u) / 8, array(4 * u)) for i in range(3)]
    gru = [
        (array(d if i == 0 else 2 * u, 3 * u) / 8, array(u, 3 * u) / 8, array(2, 3 * u)) * 2 for i in range(2)
    ]
    x, dy, both_dy = array(n, t, d), array(n, t, u), array(n, t, 2 * u)
    *_, cache = ops.stacked_rnn(x, lstm, return_cache=True)
    *_, both_cache = ops.stacked_rnn(x, gru, cell="gru", return_cache=True)
    return {
        "stacked_rnn": lambda: (*ops.stacked_rnn(x, lstm), *ops.stacked_rnn(x, gru, cell="gru")),
        "stacked_rnn_backward": lambda: (
            *ops.stacked_rnn_backward(dy, x, lstm, cache),
            *ops.stacked_rnn_backward(both_dy, x, gru, both_cache, cell="gru"),
        ),
    }
