"""The simple recurrent network over a sequence, and back; the equations are in `simple_rnn_step.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.gradients import SimpleRNNGradients
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
from foldgate.reference.simple_rnn_step import simple_rnn_step, simple_rnn_step_backward

__all__ = ["simple_rnn", "simple_rnn_backward"]


def simple_rnn(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    *,
    activation: Gate = "tanh",
    clip: float | None = None,
    initial_h: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    reverse: bool = False,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """The simple RNN over a sequence: `simple_rnn_step` for every t.

    Args:
        x: `(N, T, D)`.
        kernel: `(D, U)`.
        recurrent_kernel: `(U, U)`.
        bias: `(U,)` or `None`.
        activation: the function; see `foldgate.reference._gates` for names and parameters.
        clip: what it is given is held within [-clip, clip]; `None`: it is not.
        initial_h: `(N, U)`, or `None` for zeros.
        mask: `(N, T)` bool, True where a step counts; a masked step carries the state and its `x` is
            not read.
        lengths: `(N,)` integers, the same as a mask of `t < length`; at most one of the two.
        reverse: walk from the last step to the first; `y` stays at its original time.
        zero_output_for_mask: put out 0 at masked steps rather than the carried h.
        time_major: `x` is `(T, N, D)` and `y` `(T, N, U)`; mask and lengths stay as they are.
        return_sequences: whether to return `y`; it is `None` otherwise.
        return_cache: whether to return also what `simple_rnn_backward` needs.

    Returns:
        `(y, h)`: `y` is `(N, T, U)`, and `h`, `(N, U)`, is the state after the last processed step; with
        `return_cache`, `(y, h, cache)`.

    Raises:
        ValueError: when mask and lengths are both given, or a cache is asked for without sequences.

    Example:
        >>> import numpy as np
        >>> one = np.ones((1, 1))
        >>> y, h = simple_rnn(np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1), one, one, activation="relu")
        >>> y.ravel(), h.ravel()  # running sums
        (array([1., 3., 6.]), array([6.]))
    """
    if return_cache and not return_sequences:
        raise ValueError("simple_rnn: return_sequences is False with return_cache True; expected True")
    x = swapped(x, time_major)

    def step(x_t: Array, states: States) -> tuple[States, Array]:
        (h,) = states
        h, cache = simple_rnn_step(
            x_t, h, kernel, recurrent_kernel, bias, activation=activation, clip=clip, return_cache=True
        )
        return (h,), cache

    y, (h,), cache = unroll(
        step,
        x,
        (initial_state(initial_h, x, recurrent_kernel.shape[0]),),
        make_mask("simple_rnn", x, mask, lengths),
        reverse=reverse,
        zero_output_for_mask=zero_output_for_mask,
    )
    result = (swapped(y, time_major) if return_sequences else None, h)
    return (*result, cache) if return_cache else result


def simple_rnn_backward(
    dy: Array | None,
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    y: Array,
    cache: Array,
    *,
    activation: Gate = "tanh",
    clip: float | None = None,
    dh: Array | None = None,
    initial_h: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    reverse: bool = False,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> SimpleRNNGradients:
    """The gradients of `sum(dy * y) + sum(dh * h)`, back through time.

    Args:
        dy: `(N, T, U)`; may be `None` (zeros) when `dh` is given.
        x, kernel, recurrent_kernel, bias: what `simple_rnn` was given.
        y, cache: what `simple_rnn` returned.
        activation, clip: what `simple_rnn` was given.
        dh: the gradient of the final h, `(N, U)`, or `None` for zeros.
        initial_h, mask, lengths, reverse, zero_output_for_mask, time_major: what `simple_rnn` was given.
        need_dx: whether to return `dx`.

    Returns:
        `SimpleRNNGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h)`.

    Raises:
        ValueError: when `dy` and `dh` are both `None`.

    Example:
        >>> import numpy as np
        >>> one, x = np.ones((1, 1)), np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1)
        >>> y, h, cache = simple_rnn(x, one, one, activation="relu", return_cache=True)
        >>> gradients = simple_rnn_backward(None, x, one, one, None, y, cache, activation="relu", dh=one)
        >>> gradients.dkernel, gradients.drecurrent_kernel  # 1 + 2 + 3, and 0 + 1 + 3
        (array([[6.]]), array([[4.]]))
    """
    if dy is None and dh is None:
        raise ValueError("simple_rnn_backward: dy and dh are None; expected at least one of them")
    x, y, dy = (swapped(array, time_major) for array in (x, y, dy))
    steps = make_mask("simple_rnn_backward", x, mask, lengths)
    first_h = initial_state(initial_h, x, recurrent_kernel.shape[0])

    def step_backward(dstates: States, x_t: Array, states: States, step_cache: Array) -> SimpleRNNGradients:
        (dh_t,), (h_t,) = dstates, states
        return simple_rnn_step_backward(
            dh_t, x_t, h_t, kernel, recurrent_kernel, bias, step_cache, activation=activation, clip=clip
        )

    gradients = SimpleRNNGradients(
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
