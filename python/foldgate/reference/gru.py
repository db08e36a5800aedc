"""The gated recurrent unit over a sequence, and back; the equations are in `gru_step.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.gradients import GRUGradients
from foldgate.reference._gates import Gate
from foldgate.reference._recurrent import (
    States,
    initial_state,
    make_mask,
    states_before,
    swapped,
    unroll,
    unroll_backward,
)
from foldgate.reference._types import Array
from foldgate.reference.gru_step import gru_step, gru_step_backward

__all__ = ["gru", "gru_backward"]


def gru(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    *,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    clip: float | None = None,
    initial_h: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    reverse: bool = False,
    reset_after: bool = True,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """The GRU over a sequence: `gru_step` for every t.

    Args:
        x: `(N, T, D)`.
        kernel: `(D, 3U)`, gates z, r, h.
        recurrent_kernel: `(U, 3U)`.
        bias: `(2, 3U)` with `reset_after` (row 0 for the input, row 1 recurrent), else `(3U,)`; or `None`.
        activation: the candidate's function; see `foldgate.reference._gates` for names and parameters.
        recurrent_activation: that of z and r.
        clip: what the functions are given is held within [-clip, clip]; `None`: it is not.
        initial_h: `(N, U)`, or `None` for zeros.
        mask: `(N, T)` bool, True where a step counts; a masked step carries the state and its `x` is
            not read.
        lengths: `(N,)` integers, the same as a mask of `t < length`; at most one of the two.
        reverse: walk from the last step to the first; `y` stays at its original time.
        reset_after: whether the reset gate works on `h @ Rn + rn` rather than on `h`.
        zero_output_for_mask: put out 0 at masked steps rather than the carried h.
        time_major: `x` is `(T, N, D)` and `y` `(T, N, U)`; mask and lengths stay as they are.
        return_sequences: whether to return `y`; it is `None` otherwise.
        return_cache: whether to return also what `gru_backward` needs.

    Returns:
        `(y, h)`: `y` is `(N, T, U)`, and `h`, `(N, U)`, is the state after the last processed step; with
        `return_cache`, `(y, h, cache)`.

    Raises:
        ValueError: when mask and lengths are both given, or a cache is asked for without sequences.

    Example:
        >>> import numpy as np
        >>> y, h = gru(np.ones((2, 3, 4)), np.ones((4, 15)), np.ones((5, 15)), lengths=np.array([3, 0]))
        >>> y.shape, bool((y[0, -1] == h[0]).all()), h[1]  # the empty row keeps its initial state
        ((2, 3, 5), True, array([0., 0., 0., 0., 0.]))
    """
    if return_cache and not return_sequences:
        raise ValueError("gru: return_sequences is False with return_cache True; expected True")
    x = swapped(x, time_major)

    def step(x_t: Array, states: States) -> tuple[States, Array]:
        (h,) = states
        h, cache = gru_step(
            x_t,
            h,
            kernel,
            recurrent_kernel,
            bias,
            reset_after=reset_after,
            activation=activation,
            recurrent_activation=recurrent_activation,
            clip=clip,
            return_cache=True,
        )
        return (h,), cache

    y, (h,), cache = unroll(
        step,
        x,
        (initial_state(initial_h, x, recurrent_kernel.shape[0]),),
        make_mask("gru", x, mask, lengths),
        reverse=reverse,
        zero_output_for_mask=zero_output_for_mask,
    )
    result = (swapped(y, time_major) if return_sequences else None, h)
    return (*result, cache) if return_cache else result


def gru_backward(
    dy: Array | None,
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    y: Array,
    cache: Array,
    *,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    clip: float | None = None,
    dh: Array | None = None,
    initial_h: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    reverse: bool = False,
    reset_after: bool = True,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> GRUGradients:
    """The gradients of `sum(dy * y) + sum(dh * h)`, back through time.

    Args:
        dy: `(N, T, U)`; may be `None` (zeros) when `dh` is given.
        x, kernel, recurrent_kernel, bias: what `gru` was given.
        y, cache: what `gru` returned.
        dh: the gradient of the final h, `(N, U)`, or `None` for zeros.
        activation, recurrent_activation, clip: what `gru` was given.
        initial_h, mask, lengths, reverse, reset_after, zero_output_for_mask, time_major: likewise.
        need_dx: whether to return `dx`.

    Returns:
        `GRUGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h)`.

    Raises:
        ValueError: when `dy` and `dh` are both `None`.

    Example:
        >>> import numpy as np
        >>> x, bias = np.ones((2, 5, 3)), np.zeros((2, 12))
        >>> kernel, recurrent = np.ones((3, 12)), np.ones((4, 12))
        >>> y, h, cache = gru(x, kernel, recurrent, bias, return_cache=True)
        >>> gru_backward(np.ones_like(y), x, kernel, recurrent, bias, y, cache).dbias.shape
        (2, 12)
    """
    if dy is None and dh is None:
        raise ValueError("gru_backward: dy and dh are None; expected at least one of them")
    x, y, dy = (swapped(array, time_major) for array in (x, y, dy))
    steps = make_mask("gru_backward", x, mask, lengths)
    first_h = initial_state(initial_h, x, recurrent_kernel.shape[0])

    def step_backward(dstates: States, x_t: Array, states: States, step_cache: Array) -> GRUGradients:
        (dh_t,), (h_t,) = dstates, states
        return gru_step_backward(
            dh_t,
            x_t,
            h_t,
            kernel,
            recurrent_kernel,
            bias,
            step_cache,
            reset_after=reset_after,
            activation=activation,
            recurrent_activation=recurrent_activation,
            clip=clip,
        )

    gradients = GRUGradients(
        *unroll_backward(
            step_backward,
            dy,
            (np.zeros_like(first_h) if dh is None else dh,),
            x,
            (states_before(y, first_h, steps, reverse),),
            cache,
            steps,
            (kernel, recurrent_kernel, bias),
            reverse=reverse,
            zero_output_for_mask=zero_output_for_mask,
        )
    )
    return gradients._replace(dx=swapped(gradients.dx, time_major) if need_dx else None)
