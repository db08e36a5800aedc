"""The long short-term memory over a sequence, and back; the equations are in `lstm_step.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.gradients import LSTMGradients
from foldgate.reference._gates import Gate
from foldgate.reference._recurrent import (
    States,
    StepGradients,
    initial_state,
    make_mask,
    states_before,
    swapped,
    unroll,
    unroll_backward,
)
from foldgate.reference._types import Array
from foldgate.reference.lstm_step import lstm_step, lstm_step_backward

__all__ = ["lstm", "lstm_backward"]


def lstm(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    *,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    output_activation: Gate = None,
    peephole: Array | None = None,
    projection: Array | None = None,
    clip: float | None = None,
    coupled: bool = False,
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
    """The LSTM over a sequence: `lstm_step` for every t.

    Args:
        x: `(N, T, D)`.
        kernel: `(D, 4U)`, gates i, f, c, o.
        recurrent_kernel: `(U, 4U)`.
        bias: `(4U,)` or `None`.
        activation: the candidate's function; see `foldgate.reference._gates` for names and parameters.
        recurrent_activation: that of i, f and o.
        output_activation: that of c' before the output gate; `None`: as `activation`.
        peephole: `(3, U)`, what i, f and o see of c; or `None`.
        projection: `(U, P)`, which makes h `(N, P)` and recurrent_kernel `(P, 4U)`; or `None`.
        clip: the gates' sums are held within [-clip, clip]; `None`: they are not.
        coupled: f = 1 - i, and f's own weights are not read.
        initial_h: `(N, U)`, or `None` for zeros.
        initial_c: `(N, U)`, or `None` for zeros.
        mask: `(N, T)` bool, True where a step counts; a masked step carries all states and its `x` is
            not read.
        lengths: `(N,)` integers, the same as a mask of `t < length`; at most one of the two.
        reverse: walk from the last step to the first; `y` stays at its original time.
        zero_output_for_mask: put out 0 at masked steps rather than the carried h.
        time_major: `x` is `(T, N, D)` and `y` `(T, N, U)`; mask and lengths stay as they are.
        return_sequences: whether to return `y`; it is `None` otherwise.
        return_cache: whether to return also what `lstm_backward` needs.

    Returns:
        `(y, h, c)`: `y` is `(N, T, U)`, and `h` and `c`, both `(N, U)`, are the states after the last
        processed step; with `return_cache`, `(y, h, c, cache)`.

    Raises:
        ValueError: when mask and lengths are both given, or a cache is asked for without sequences.

    Example:
        >>> import numpy as np
        >>> y, h, c = lstm(np.ones((32, 20, 8)), np.ones((8, 64)), np.ones((16, 64)), np.zeros(64))
        >>> y.shape, h.shape, c.shape
        ((32, 20, 16), (32, 16), (32, 16))
    """
    if return_cache and not return_sequences:
        raise ValueError("lstm: return_sequences is False with return_cache True; expected True")
    x = swapped(x, time_major)

    def step(x_t: Array, states: States) -> tuple[States, Array]:
        h, c = states
        h, c, cache = lstm_step(
            x_t,
            h,
            c,
            kernel,
            recurrent_kernel,
            bias,
            activation=activation,
            recurrent_activation=recurrent_activation,
            output_activation=output_activation,
            peephole=peephole,
            projection=projection,
            clip=clip,
            coupled=coupled,
            return_cache=True,
        )
        return (h, c), cache

    y, (h, c), cache = unroll(
        step,
        x,
        (
            initial_state(initial_h, x, recurrent_kernel.shape[0]),
            initial_state(initial_c, x, kernel.shape[1] // 4),
        ),
        make_mask("lstm", x, mask, lengths),
        reverse=reverse,
        zero_output_for_mask=zero_output_for_mask,
    )
    result = (swapped(y, time_major) if return_sequences else None, h, c)
    return (*result, cache) if return_cache else result


def lstm_backward(
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
    output_activation: Gate = None,
    peephole: Array | None = None,
    projection: Array | None = None,
    clip: float | None = None,
    coupled: bool = False,
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
) -> LSTMGradients:
    """The gradients of `sum(dy * y) + sum(dh * h) + sum(dc * c)`, back through time.

    Args:
        dy: `(N, T, U)`; may be `None` (zeros) when `dh` or `dc` is given.
        x, kernel, recurrent_kernel, bias: what `lstm` was given.
        y, cache: what `lstm` returned.
        dh: the gradient of the final h, `(N, U)`, or `None` for zeros.
        dc: the gradient of the final c, `(N, U)`, or `None` for zeros.
        activation, recurrent_activation, output_activation, peephole, projection, clip, coupled: what `lstm`
            was given.
        initial_h, initial_c, mask, lengths, reverse, zero_output_for_mask, time_major: what `lstm` was given.
        need_dx: whether to return `dx`.

    Returns:
        `LSTMGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h, dinitial_c, dpeephole,
        dprojection)`.

    Raises:
        ValueError: when `dy`, `dh` and `dc` are all `None`.

    Example:
        >>> import numpy as np
        >>> x, kernel, recurrent = np.ones((2, 5, 3)), np.ones((3, 16)), np.ones((4, 16))
        >>> y, h, c, cache = lstm(x, kernel, recurrent, return_cache=True)
        >>> gradients = lstm_backward(np.ones_like(y), x, kernel, recurrent, None, y, cache)
        >>> gradients.dx.shape, gradients.dkernel.shape, gradients.dbias
        ((2, 5, 3), (3, 16), None)
    """
    if dy is None and dh is None and dc is None:
        raise ValueError("lstm_backward: dy, dh and dc are None; expected at least one of them")
    x, y, dy = (swapped(array, time_major) for array in (x, y, dy))
    steps = make_mask("lstm_backward", x, mask, lengths)
    first_h = initial_state(initial_h, x, recurrent_kernel.shape[0])
    first_c = initial_state(initial_c, x, kernel.shape[1] // 4)
    computed_c = cache.reshape(x.shape[1], 5, *first_c.shape)[:, 4].swapaxes(0, 1)  # (N, T, U)

    def step_backward(dstates: States, x_t: Array, states: States, step_cache: Array) -> StepGradients:
        (dh_t, dc_t), (h_t, c_t) = dstates, states
        d = lstm_step_backward(
            dh_t,
            dc_t,
            x_t,
            h_t,
            c_t,
            kernel,
            recurrent_kernel,
            bias,
            step_cache,
            activation=activation,
            recurrent_activation=recurrent_activation,
            output_activation=output_activation,
            peephole=peephole,
            projection=projection,
            clip=clip,
            coupled=coupled,
        )
        weights = (d.dkernel, d.drecurrent_kernel, d.dbias, d.dpeephole, d.dprojection)
        return (d.dx, *weights, d.dinitial_h, d.dinitial_c)

    dx, dkernel, drecurrent_kernel, dbias, dpeephole, dprojection, dfirst_h, dfirst_c = unroll_backward(
        step_backward,
        dy,
        (np.zeros_like(first_h) if dh is None else dh, np.zeros_like(first_c) if dc is None else dc),
        x,
        (states_before(y, first_h, steps, reverse), states_before(computed_c, first_c, steps, reverse)),
        cache,
        steps,
        (kernel, recurrent_kernel, bias, peephole, projection),
        reverse=reverse,
        zero_output_for_mask=zero_output_for_mask,
    )
    return LSTMGradients(
        swapped(dx, time_major) if need_dx else None,
        dkernel,
        drecurrent_kernel,
        dbias,
        dfirst_h,
        dfirst_c,
        dpeephole,
        dprojection,
    )
