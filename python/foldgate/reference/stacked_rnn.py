"""Recurrent layers over one another: each layer's op on what the layer below put out.

    y[0] = op(x),  y[l] = op(y[l - 1])    the stack's y is the last one's; h and c are stacked, a layer each

The gradient of a layer's x is the gradient of the y below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from foldgate.gradients import StackedGradients
from foldgate.reference._types import Array
from foldgate.reference.bidirectional_gru import bidirectional_gru, bidirectional_gru_backward
from foldgate.reference.bidirectional_lstm import bidirectional_lstm, bidirectional_lstm_backward
from foldgate.reference.bidirectional_simple_rnn import (
    bidirectional_simple_rnn,
    bidirectional_simple_rnn_backward,
)
from foldgate.reference.gru import gru, gru_backward
from foldgate.reference.lstm import lstm, lstm_backward
from foldgate.reference.simple_rnn import simple_rnn, simple_rnn_backward

__all__ = ["stacked_rnn", "stacked_rnn_backward"]

_Op = Callable[..., Any]
_OPS: dict[str, tuple[_Op, _Op, _Op, _Op]] = {  # of one direction and of both, each with its backward
    "lstm": (lstm, lstm_backward, bidirectional_lstm, bidirectional_lstm_backward),
    "gru": (gru, gru_backward, bidirectional_gru, bidirectional_gru_backward),
    "simple_rnn": (
        simple_rnn,
        simple_rnn_backward,
        bidirectional_simple_rnn,
        bidirectional_simple_rnn_backward,
    ),
}
_CELLS: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm": ("lstm", {}),
    "gru": ("gru", {"reset_after": True}),
    "gru_reset_before": ("gru", {"reset_after": False}),
    "tanh_rnn": ("simple_rnn", {"activation": "tanh"}),
    "relu_rnn": ("simple_rnn", {"activation": "relu"}),
}


def _cell(cell: str, both: bool, reverse: bool) -> tuple[_Op, _Op, dict[str, Any]]:
    """(op, its backward, their options) of a layer."""
    name, options = _CELLS[cell]
    if both:
        return *_OPS[name][2:], {**options}
    return *_OPS[name][:2], {**options, "reverse": reverse}


def _of_layer(layer: int, **states: Array | None) -> dict[str, Array]:
    """The states that there are of one layer."""
    return {name: value[layer] for name, value in states.items() if value is not None}


def stacked_rnn(
    x: Array,
    layers: Sequence[tuple[Any, ...]],
    *,
    cell: str = "lstm",
    initial_h: Array | None = None,
    initial_c: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    reverse: bool = False,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """A stack of recurrent layers.

    Args:
        x: `(N, T, D)`.
        layers: the weights of each layer, `(kernel, recurrent_kernel, bias)`, or six of both directions.
        cell: `"lstm"`, `"gru"`, `"gru_reset_before"`, `"tanh_rnn"` or `"relu_rnn"`.
        initial_h, initial_c: `(L, N, U)`, of both directions `(L, N, 2U)`, or `None` for zeros.
        mask, lengths, zero_output_for_mask, time_major: as in `lstm`.
        reverse: as in `lstm`, of layers of one direction.
        return_sequences: whether to return `y`.
        return_cache: whether to return the cache.

    Returns:
        `(y, h, c)`, `c` `None` but for the LSTM; with `return_cache`, `(y, h, c, cache)`.

    Raises:
        ValueError: as the layers' op.

    Example:
        >>> import numpy as np
        >>> recurrent = np.ones((16, 64))
        >>> layers = [(np.ones((8, 64)), recurrent, None), (recurrent, recurrent, None)]
        >>> stacked_rnn(np.ones((2, 5, 8)), layers)[1].shape
        (2, 2, 16)
    """
    op, _, options = _cell(cell, len(layers[0]) == 6, reverse)
    options |= {
        "mask": mask,
        "lengths": lengths,
        "zero_output_for_mask": zero_output_for_mask,
        "time_major": time_major,
    }
    y, states, cache = x, [], []
    for i, layer in enumerate(layers):
        initial = _of_layer(i, initial_h=initial_h, initial_c=initial_c)
        y, *last, kept = op(y, *layer, **initial, **options, return_cache=True)
        states.append(last)
        cache.append((y, kept))
    h, *c = (np.stack(each) for each in zip(*states, strict=True))
    results = (y if return_sequences else None, h, c[0] if c else None)
    return (*results, tuple(cache)) if return_cache else results


def stacked_rnn_backward(
    dy: Array | None,
    x: Array,
    layers: Sequence[tuple[Any, ...]],
    cache: tuple[Any, ...],
    *,
    cell: str = "lstm",
    dh: Array | None = None,
    dc: Array | None = None,
    initial_h: Array | None = None,
    initial_c: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    reverse: bool = False,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> StackedGradients:
    """The gradients of `sum(dy * y) + sum(dh * h) + sum(dc * c)` of `stacked_rnn`.

    Args:
        dy: the shape of `y`; may be `None` (zeros) when another gradient is given.
        x, layers, cell, initial_h, initial_c: what `stacked_rnn` was given, as is all not named here.
        cache: what it returned.
        dh, dc: of the last states, or `None` for zeros.
        need_dx: whether to return `dx`.

    Returns:
        `StackedGradients`.

    Raises:
        ValueError: as the backward function of the layers' op.

    Example:
        >>> import numpy as np
        >>> x, layers = np.ones((2, 5, 3)), [(np.ones((3, 16)), np.ones((4, 16)), None)]
        >>> y, h, c, cache = stacked_rnn(x, layers, return_cache=True)
        >>> stacked_rnn_backward(y, x, layers, cache).dx.shape
        (2, 5, 3)
    """
    weights = len(layers[0])
    _, backward, options = _cell(cell, weights == 6, reverse)
    options |= {
        "mask": mask,
        "lengths": lengths,
        "zero_output_for_mask": zero_output_for_mask,
        "time_major": time_major,
    }
    dlayers, dstates = [], []
    for i in reversed(range(len(layers))):
        given = _of_layer(i, initial_h=initial_h, initial_c=initial_c, dh=dh, dc=dc)
        y, kept = cache[i]
        below = cache[i - 1][0] if i else x
        wanted = need_dx or i > 0
        d = backward(dy, below, *layers[i], y, kept, **given, **options, need_dx=wanted)
        dy, *rest = d
        dlayers.append(tuple(rest[:weights]))
        dstates.append([d.dinitial_h, getattr(d, "dinitial_c", None)])
    h, c = ([state[k] for state in dstates[::-1]] for k in range(2))
    return StackedGradients(dy, tuple(dlayers[::-1]), np.stack(h), None if c[0] is None else np.stack(c))
