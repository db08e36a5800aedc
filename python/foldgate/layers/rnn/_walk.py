"""Walks a cell along the time axis: fused where it can be, else step by step on the tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from foldgate._tape import any_tensor, record_op
from foldgate._typing import BoolArray, FloatArray

State = Any
"""An array, or nested lists of them for stacked cells; None for one that is all zeros."""


class Walk(NamedTuple):
    """How a sequence is walked.

    mask is (N, T) of bool or None; `reverse` starts at the last step.
    """

    mask: BoolArray | None
    reverse: bool
    zero_output_for_mask: bool
    return_sequences: bool
    training: bool


@lru_cache(maxsize=16)
def whole_walk(reverse: bool, zero_output_for_mask: bool, return_sequences: bool, training: bool) -> Walk:
    """The walk over all steps."""
    return Walk(None, reverse, zero_output_for_mask, return_sequences, training)


Result = tuple[FloatArray | None, FloatArray, list[State]]
"""The outputs at their times (N, T, ...) or None, the last output (N, ...) and the states after it."""


def unstack(x: FloatArray) -> Sequence[FloatArray]:
    """The steps of (N, T, ...), each (N, ...); on a tape one node whose gradient is put together once."""
    if not any_tensor(x):
        return _steps(x)
    return record_op("unstack", _steps, _recorded_steps, (x,), {})  # type: ignore[no-any-return]


def _steps(x: FloatArray) -> tuple[FloatArray, ...]:
    return tuple(x[:, t] for t in range(x.shape[1]))


def _recorded_steps(x: FloatArray) -> tuple[tuple[FloatArray, ...], Callable[..., Sequence[FloatArray]]]:
    shape, dtype = x.shape, x.dtype

    def backward(needs: tuple[bool, ...], *dsteps: FloatArray | None) -> Sequence[FloatArray]:
        dx = np.zeros(shape, dtype)
        for t, dstep in enumerate(dsteps):
            if dstep is not None:
                dx[:, t] = dstep
        return (dx,)

    return _steps(x), backward


def walk_steps(
    step: Callable[[FloatArray, list[State]], tuple[FloatArray, Any]],
    x: FloatArray,
    states: list[State],
    walk: Walk,
) -> Result:
    """Calls `step(x_t, states)`, which returns an output and the new states, for every step of x.

    At a masked step the states stay, and the output is the one before it, or 0 with `zero_output_for_mask`.
    Before the first step that counts that is the first state, where it has the output's shape, else 0.
    """
    order = range(x.shape[1])
    steps = unstack(x)
    outputs: list[FloatArray] = []
    output = _before(states)
    for t in reversed(order) if walk.reverse else order:
        new_output, new_states = step(steps[t], states)
        new_states = list(new_states) if isinstance(new_states, (list, tuple)) else [new_states]
        if walk.mask is None:
            output, states = new_output, new_states
        else:
            counts = walk.mask[:, t]
            carried = output if output is not None and output.shape == new_output.shape else None
            output = _select(counts, new_output, None if walk.zero_output_for_mask else carried)
            states = _select_each(counts, new_states, states)
        if walk.return_sequences:
            outputs.append(output)
    if output is None:
        raise ValueError(f"RNN: the sequence has shape {x.shape}; expected at least one step")
    if not walk.return_sequences:
        return None, output, states
    return np.stack(outputs[::-1] if walk.reverse else outputs, axis=1), output, states


def _before(states: list[State]) -> FloatArray | None:
    """The output before the first step: the first state, of the last of stacked cells."""
    first = states[0]
    if isinstance(first, (list, tuple)):
        first = states[-1]
        first = first[0] if isinstance(first, (list, tuple)) else first
    found: FloatArray | None = first
    return found


def _select(counts: BoolArray, new: FloatArray, old: FloatArray | None) -> FloatArray:
    where = counts.reshape(counts.shape + (1,) * (new.ndim - 1))
    return np.where(where, new, np.zeros((), new.dtype) if old is None else old)


def _select_each(counts: BoolArray, new: Any, old: Any) -> Any:
    if isinstance(new, (list, tuple)):
        return [_select_each(counts, n, o) for n, o in zip(new, old, strict=True)]
    return _select(counts, new, old)


def last_output(h: FloatArray, walk: Walk) -> FloatArray:
    """The output of the last step from the last state: the state, or 0 where that step is masked away."""
    if walk.mask is None or not walk.zero_output_for_mask:
        return h
    return _select(walk.mask[:, 0 if walk.reverse else -1], h, None)
