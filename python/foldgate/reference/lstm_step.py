"""The long short-term memory: one step and its gradient.

    [i f g o] = x @ kernel + h @ recurrent_kernel + bias        gates in the order i, f, c, o; U columns each
    i, f, o   = sigmoid(i), sigmoid(f), sigmoid(o)              how much is written, kept, shown
    g         = tanh(g)                                         the candidate
    c'        = f c + i g
    h'        = o tanh(c')

With options: other functions for sigmoid and the two tanh; peepholes, which add p c to the sums of i and f
and p c' to that of o; coupled gates, f = 1 - i; a projection, h' = (o tanh(c')) @ projection, which makes h
P wide; and clip, which holds the sums i, f, g and o, but not c', within [-clip, clip].

(Hochreiter & Schmidhuber 1997; the forget gate: Gers et al. 2000.)
"""

from __future__ import annotations

import numpy as np

from foldgate.gradients import LSTMGradients
from foldgate.reference._gates import Gate, gate, gate_slope
from foldgate.reference._types import Array

__all__ = ["lstm_step", "lstm_step_backward"]


def lstm_step(
    x: Array,
    h: Array,
    c: Array,
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
    return_cache: bool = False,
) -> tuple[Array, ...]:
    """One step of the LSTM.

    Args:
        x: `(N, D)`.
        h: the hidden state, `(N, U)`.
        c: the cell state, `(N, U)`.
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
        return_cache: whether to return also what `lstm_step_backward` needs.

    Returns:
        `(h, c)`, both `(N, U)`; with `return_cache`, `(h, c, cache)`.

    Example:
        >>> import numpy as np
        >>> one, weights = np.ones((1, 1)), np.zeros((1, 4))
        >>> h, c = lstm_step(one, one, one, weights, weights)
        >>> c  # every gate is half open, and the candidate is 0
        array([[0.5]])
    """
    sums = x @ kernel + h @ recurrent_kernel
    if bias is not None:
        sums = sums + bias
    i_sum, f_sum, g_sum, o_sum = np.split(sums, 4, axis=1)
    if peephole is not None:
        i_sum, f_sum = i_sum + peephole[0] * c, f_sum + peephole[1] * c
    i, g = gate(i_sum, recurrent_activation, clip), gate(g_sum, activation, clip)
    f = 1 - i if coupled else gate(f_sum, recurrent_activation, clip)
    c = f * c + i * g
    if peephole is not None:
        o_sum = o_sum + peephole[2] * c
    shown = gate(c, activation if output_activation is None else output_activation)
    h = gate(o_sum, recurrent_activation, clip) * shown
    if projection is not None:
        h = h @ projection
    return (h, c, np.stack([i_sum, f_sum, g_sum, o_sum, c]).ravel()) if return_cache else (h, c)


def lstm_step_backward(
    dh: Array | None,
    dc: Array | None,
    x: Array,
    h: Array,
    c: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    cache: Array,
    *,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    output_activation: Gate = None,
    peephole: Array | None = None,
    projection: Array | None = None,
    clip: float | None = None,
    coupled: bool = False,
) -> LSTMGradients:
    """The gradients of `sum(dh * h') + sum(dc * c')` for `(h', c') = lstm_step(x, h, c, ...)`.

    Args:
        dh: `(N, U)`, or `None` for zeros.
        dc: `(N, U)`, or `None` for zeros; not both may be `None`.
        x, h, c, kernel, recurrent_kernel, bias: what the step was given (`h` and `c` are what entered).
        cache: what the step returned.
        activation, recurrent_activation, output_activation, peephole, projection, clip, coupled: what the
            step was given.

    Returns:
        `LSTMGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h, dinitial_c, dpeephole,
        dprojection)`.

    Raises:
        ValueError: when both `dh` and `dc` are `None`.

    Example:
        >>> import numpy as np
        >>> one, weights = np.ones((1, 1)), np.zeros((1, 4))
        >>> *_, cache = lstm_step(one, one, one, weights, weights, return_cache=True)
        >>> lstm_step_backward(None, one, one, one, one, weights, weights, None, cache).dinitial_c  # f
        array([[0.5]])
    """
    if dh is None and dc is None:
        raise ValueError("lstm_step_backward: dh and dc are None; expected at least one of them")
    dh = np.zeros_like(h) if dh is None else dh
    dc = np.zeros_like(c) if dc is None else dc
    i_sum, f_sum, g_sum, o_sum, new_c = cache.reshape(5, *c.shape)
    i, g, o = (
        gate(i_sum, recurrent_activation, clip),
        gate(g_sum, activation, clip),
        gate(o_sum, recurrent_activation, clip),
    )
    f = 1 - i if coupled else gate(f_sum, recurrent_activation, clip)
    output = activation if output_activation is None else output_activation
    shown = gate(new_c, output)
    p_i, p_f, p_o = np.zeros((3, 1), c.dtype) if peephole is None else peephole

    dm = dh if projection is None else dh @ projection.T  # m = o shown(c')
    do = dm * shown * gate_slope(o_sum, recurrent_activation, clip)
    dc = dc + dm * o * gate_slope(new_c, output) + do * p_o
    di = dc * (g - c if coupled else g) * gate_slope(i_sum, recurrent_activation, clip)  # c' = f c + i g
    df = np.zeros_like(dc) if coupled else dc * c * gate_slope(f_sum, recurrent_activation, clip)
    dg = dc * i * gate_slope(g_sum, activation, clip)
    dgates = np.concatenate([di, df, dg, do], axis=1)
    dpeephole = np.stack([(di * c).sum(axis=0), (df * c).sum(axis=0), (do * new_c).sum(axis=0)])
    return LSTMGradients(
        dx=dgates @ kernel.T,
        dkernel=x.T @ dgates,
        drecurrent_kernel=h.T @ dgates,
        dbias=None if bias is None else dgates.sum(axis=0),
        dinitial_h=dgates @ recurrent_kernel.T,
        dinitial_c=dc * f + di * p_i + df * p_f,
        dpeephole=None if peephole is None else dpeephole,
        dprojection=None if projection is None else (o * shown).T @ dh,
    )
