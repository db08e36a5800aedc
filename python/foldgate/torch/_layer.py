"""One layer of a recurrent module on arrays: a direction or both, forward and backward, by `foldgate.ops`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from foldgate import ops
from foldgate.torch._gates import Direction

_FORWARD: dict[str, Any] = {
    "LSTM": ops.lstm,
    "GRU": ops.gru,
    "RNN_TANH": ops.simple_rnn,
    "RNN_RELU": ops.simple_rnn,
}
_BACKWARD: dict[str, Any] = {
    "LSTM": ops.lstm_backward,
    "GRU": ops.gru_backward,
    "RNN_TANH": ops.simple_rnn_backward,
    "RNN_RELU": ops.simple_rnn_backward,
}
_BOTH: dict[str, Any] = {
    "LSTM": ops.bidirectional_lstm,
    "GRU": ops.bidirectional_gru,
    "RNN_TANH": ops.bidirectional_simple_rnn,
    "RNN_RELU": ops.bidirectional_simple_rnn,
}
_BOTH_BACKWARD: dict[str, Any] = {
    "LSTM": ops.bidirectional_lstm_backward,
    "GRU": ops.bidirectional_gru_backward,
    "RNN_TANH": ops.bidirectional_simple_rnn_backward,
    "RNN_RELU": ops.bidirectional_simple_rnn_backward,
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "LSTM": {},
    "GRU": {},
    "RNN_TANH": {"activation": "tanh"},
    "RNN_RELU": {"activation": "relu"},
}


class Steps(NamedTuple):
    """Where sequences have their steps."""

    lengths: Any = None
    time_major: bool = False


States = tuple[Any, ...]
"""(h,) or (h, c) of the LSTM, each (directions, N, U) or None."""


def forward(
    kind: str, x: Any, directions: list[Direction], states: States, steps: Steps, cache: bool
) -> tuple[Any, States, tuple[Any, ...]]:
    """y, as wide as all directions, the last states (directions, N, U), and the caches that are wanted."""
    if len(directions) == 1:
        y, last, kept = _one(kind, x, directions[0], _of_direction(states, 0), steps, False, cache)
        return y, tuple([s.reshape(1, *s.shape) for s in last]), kept
    if directions[0].projection is None:
        return _both(kind, x, directions, states, steps, cache)
    found = [
        _one(kind, x, direction, _of_direction(states, i), steps, i == 1, cache)
        for i, direction in enumerate(directions)
    ]
    y = np.concatenate([y for y, _, _ in found], axis=2)
    last = tuple(np.stack(pair) for pair in zip(found[0][1], found[1][1], strict=True))
    return y, last, found[0][2] + found[1][2]


def _one(
    kind: str, x: Any, direction: Direction, states: States, steps: Steps, reverse: bool, cache: bool
) -> tuple[Any, States, tuple[Any, ...]]:
    y, *rest = _FORWARD[kind](
        x,
        *direction[:3],
        **_named(states),
        **_projected(direction),
        **_OPTIONS[kind],
        **steps._asdict(),
        reverse=reverse,
        return_cache=cache,
    )
    return y, tuple(rest[: len(states)]), tuple(rest[len(states) :])


def _both(
    kind: str, x: Any, directions: list[Direction], states: States, steps: Steps, cache: bool
) -> tuple[Any, States, tuple[Any, ...]]:
    y, *rest = _BOTH[kind](
        x,
        *directions[0][:3],
        *directions[1][:3],
        **_named(tuple(side_by_side(s) for s in states)),
        **_OPTIONS[kind],
        **steps._asdict(),
        return_cache=cache,
    )
    last = tuple(one_above_another(s) for s in rest[: len(states)])
    return y, last, tuple(rest[len(states) :])


def backward(
    kind: str,
    dy: Any,
    x: Any,
    directions: list[Direction],
    y: Any,
    caches: tuple[Any, ...],
    dstates: States,
    states: States,
    steps: Steps,
    need_dx: bool,
) -> tuple[Any, list[tuple[Any, ...]], States]:
    """dx, (dkernel, drecurrent_kernel, dbias, dprojection) a direction, and the given states' gradients."""
    if len(directions) == 2 and directions[0].projection is None:
        return _both_backward(kind, dy, x, directions, y, caches, dstates, states, steps, need_dx)
    found = []
    for i, direction in enumerate(directions):
        gradients = _BACKWARD[kind](
            _half(dy, i, directions),
            x,
            *direction[:3],
            _half(y, i, directions),
            caches[i],
            **_gradients_of(_of_direction(dstates, i)),
            **_named(_of_direction(states, i)),
            **_projected(direction),
            **_OPTIONS[kind],
            **steps._asdict(),
            reverse=i == 1,
            need_dx=need_dx,
        )
        found.append(gradients)
    dx = found[0].dx if len(found) == 1 or not need_dx else found[0].dx + found[1].dx
    weights = [(g.dkernel, g.drecurrent_kernel, g.dbias, getattr(g, "dprojection", None)) for g in found]
    if _are_none(states):
        return dx, weights, states
    initial: States = (np.stack([g.dinitial_h for g in found]),)
    if kind == "LSTM":
        initial += (np.stack([g.dinitial_c for g in found]),)
    return dx, weights, initial


def _half(y: Any, direction: int, directions: list[Direction]) -> Any:
    """The columns of y or dy that a direction wrote."""
    if y is None or len(directions) == 1:
        return y
    width = y.shape[2] // 2
    return np.ascontiguousarray(y[:, :, direction * width : (direction + 1) * width])


def _both_backward(
    kind: str,
    dy: Any,
    x: Any,
    directions: list[Direction],
    y: Any,
    caches: tuple[Any, ...],
    dstates: States,
    states: States,
    steps: Steps,
    need_dx: bool,
) -> tuple[Any, list[tuple[Any, ...]], States]:
    g = _BOTH_BACKWARD[kind](
        dy,
        x,
        *directions[0][:3],
        *directions[1][:3],
        y,
        caches[0],
        **_gradients_of(tuple(side_by_side(s) for s in dstates)),
        **_named(tuple(side_by_side(s) for s in states)),
        **_OPTIONS[kind],
        **steps._asdict(),
        need_dx=need_dx,
    )
    weights = [
        (g.dkernel, g.drecurrent_kernel, g.dbias, None),
        (g.dreverse_kernel, g.dreverse_recurrent_kernel, g.dreverse_bias, None),
    ]
    if _are_none(states):
        return g.dx, weights, states
    initial: States = (one_above_another(g.dinitial_h),)
    if kind == "LSTM":
        initial += (one_above_another(g.dinitial_c),)
    return g.dx, weights, initial


def _of_direction(states: States, direction: int) -> States:
    return tuple([None if s is None else s[direction] for s in states])


def _are_none(states: States) -> bool:
    return states[0] is None and states[-1] is None  # h, of the LSTM also c


def _named(states: States) -> dict[str, Any]:
    return dict(zip(("initial_h", "initial_c"), states, strict=False))


def _gradients_of(dstates: States) -> dict[str, Any]:
    return dict(zip(("dh", "dc"), dstates, strict=False))


def _projected(direction: Direction) -> dict[str, Any]:
    return {} if direction.projection is None else {"projection": direction.projection}


def side_by_side(state: Any) -> Any:
    """(2, N, U) -> (N, 2U), or None."""
    return None if state is None else np.concatenate((state[0], state[1]), axis=1)


def one_above_another(state: Any) -> Any:
    """(N, 2U) -> (2, N, U)."""
    units = state.shape[1] // 2
    return np.stack((state[:, :units], state[:, units:]))
