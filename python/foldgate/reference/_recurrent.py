"""What the recurrent ops share: masks, direction, the loop over time, and the loop back.

A step function maps the input of one time step and the states to new states. The sequence is

    for t in 0 .. T-1 (or T-1 .. 0 with reverse):
        new     = step(x[:, t], states)
        states  = new where mask[:, t], else states        (a masked step carries all states)
        y[:, t] = states[0]                                (or 0 where masked, with zero_output_for_mask)

so that leading masked steps put out the initial h, and `y` stays at its original time in both directions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from foldgate.reference._types import Array

__all__ = [
    "States",
    "StepGradients",
    "initial_state",
    "make_mask",
    "states_before",
    "swapped",
    "unroll",
    "unroll_backward",
]

States: TypeAlias = tuple[Array, ...]
"""(h,) or (h, c), each (N, U)."""

StepGradients: TypeAlias = tuple[Any, ...]
"""(dx, *dweights, *dstates): what a step's backward returns."""


def swapped(array: Any, time_major: bool) -> Any:
    """`(T, N, ...)` of `(N, T, ...)`, or the other way round, where the caller's arrays are time-major."""
    return array.swapaxes(0, 1) if time_major and array is not None else array


def initial_state(state: Array | None, x: Array, width: int) -> Array:
    """The state given, or zeros `(N, width)`."""
    return np.zeros((x.shape[0], width), x.dtype) if state is None else state


def make_mask(op: str, x: Array, mask: Array | None, lengths: Array | None) -> Array:
    """The mask `(N, T)`, True where a step counts: the mask given, t < length, or all True."""
    n, steps = x.shape[:2]
    if mask is not None and lengths is not None:
        raise ValueError(f"{op}: both mask and lengths are given; expected at most one of them")
    if lengths is not None:
        if lengths.shape != (n,) or np.any(lengths < 0) or np.any(lengths > steps):
            raise ValueError(f"{op}: lengths are {lengths}; expected {n} integers from 0 to {steps}")
        return np.asarray(np.arange(steps) < lengths[:, None])
    if mask is None:
        return np.ones((n, steps), np.bool_)
    if mask.shape != (n, steps) or mask.dtype != np.bool_:
        raise ValueError(f"{op}: mask is {mask.dtype} {mask.shape}; expected bool {(n, steps)}")
    return mask


def _order(steps: int, reverse: bool) -> list[int]:
    return list(range(steps))[::-1] if reverse else list(range(steps))


def unroll(
    step: Callable[[Array, States], tuple[States, Array]],
    x: Array,
    states: States,
    mask: Array,
    *,
    reverse: bool,
    zero_output_for_mask: bool,
) -> tuple[Array, States, Array]:
    """Run `step(x_t, states) -> (new states, cache)` over time.

    Returns:
        `(y, states, cache)`: `y` is `(N, T, U)`, `states` those after the last step, and `cache` the steps'
        caches one after the other, in the order of time, as one flat array.
    """
    steps = x.shape[1]
    y = np.zeros((x.shape[0], steps, states[0].shape[1]), x.dtype)
    caches = [np.zeros(0, x.dtype)] * steps
    x = np.where(mask[:, :, None], x, np.zeros_like(x))  # what is masked may be anything, even NaN
    for t in _order(steps, reverse):
        counts = mask[:, t, None]
        new, caches[t] = step(x[:, t], states)
        states = tuple(np.where(counts, a, b) for a, b in zip(new, states, strict=True))
        y[:, t] = np.where(counts, states[0], np.zeros_like(states[0])) if zero_output_for_mask else states[0]
    return y, states, np.concatenate([np.zeros(0, x.dtype), *caches])


def states_before(new: Array, initial: Array, mask: Array, reverse: bool) -> Array:
    """The state that enters each step, (N, T, U), from the states that the steps computed."""
    before = np.empty_like(new)
    state = initial
    for t in _order(new.shape[1], reverse):
        before[:, t] = state
        state = np.where(mask[:, t, None], new[:, t], state)
    return before


def unroll_backward(
    step_backward: Callable[[States, Array, States, Array], StepGradients],
    dy: Array | None,
    dstates: Sequence[Array],
    x: Array,
    states: Sequence[Array],
    cache: Array,
    mask: Array,
    weights: Sequence[Array | None],
    *,
    reverse: bool,
    zero_output_for_mask: bool,
) -> StepGradients:
    """Walk `unroll` backwards.

    The gradient of a state after step t splits: where the step counts it goes through the step, where it is
    masked it is carried past it. The gradients of the weights are the sums of the steps' gradients.

    Args:
        step_backward: `(dstates, x_t, states entering the step, its cache) -> StepGradients`.
        dy: `(N, T, U)` or `None`.
        dstates: the gradients of the final states, each `(N, U)`.
        x: `(N, T, D)`.
        states: `(N, T, U)` each: what entered every step, as `states_before` gives it.
        cache: what `unroll` returned.
        mask: `(N, T)`.
        weights: `(kernel, recurrent_kernel, bias, ...)`, whose gradients are summed up over the steps.
        reverse: whether `unroll` walked from the last step to the first.
        zero_output_for_mask: whether masked outputs were zero rather than the carried state.

    Returns:
        `(dx, *dweights, *dinitial states)`.
    """
    steps = x.shape[1]
    caches = cache.reshape(steps, -1) if steps else cache
    x = np.where(mask[:, :, None], x, np.zeros_like(x))
    dx = np.zeros_like(x)
    dweights = tuple(None if weight is None else np.zeros_like(weight) for weight in weights)
    dstates = tuple(dstates)
    for t in reversed(_order(steps, reverse)):
        counts = mask[:, t, None]
        if dy is not None:
            reaches = counts | (not zero_output_for_mask)  # y[:, t] is the state's value here, rather than 0
            dstates = (dstates[0] + np.where(reaches, dy[:, t], np.zeros_like(dy[:, t])), *dstates[1:])
        through = tuple(np.where(counts, d, np.zeros_like(d)) for d in dstates)
        past = tuple(np.where(counts, np.zeros_like(d), d) for d in dstates)
        entering = tuple(state[:, t] for state in states)
        dx[:, t], *rest = step_backward(through, x[:, t], entering, caches[t])
        dweights = tuple(
            None if a is None else a + b for a, b in zip(dweights, rest[: len(weights)], strict=True)
        )
        dstates = tuple(d + p for d, p in zip(rest[len(weights) :], past, strict=True))
    return (dx, *dweights, *dstates)
