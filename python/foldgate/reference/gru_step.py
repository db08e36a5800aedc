"""The gated recurrent unit: one step and its gradient.

    z = sigmoid(x @ Wz + bz + h @ Rz + rz)          how much of the old state is kept
    r = sigmoid(x @ Wr + br + h @ Rr + rr)          how much of it the candidate sees
    n = tanh(x @ Wn + bn + r (h @ Rn + rn))         with reset_after: the reset gate works on the product
    n = tanh(x @ Wn + bn + (r h) @ Rn)              without: on the state
    h' = (1 - z) n + z h

With options: other functions for sigmoid and tanh; clip, which holds their arguments within [-clip, clip].

kernel = [Wz Wr Wn] and recurrent_kernel = [Rz Rr Rn]: gates in the order z, r, h; U columns each. With
reset_after the bias has two rows, [bz br bn] and [rz rr rn]; without, the first alone.

(Cho et al. 2014; with reset_after as in cuDNN, PyTorch and Keras' default.)
"""

from __future__ import annotations

import numpy as np

from foldgate.gradients import GRUGradients
from foldgate.reference._gates import Gate, gate, gate_slope
from foldgate.reference._types import Array

__all__ = ["gru_step", "gru_step_backward"]


def gru_step(
    x: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    *,
    reset_after: bool = True,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    clip: float | None = None,
    return_cache: bool = False,
) -> Array | tuple[Array, Array]:
    """One step of the GRU.

    Args:
        x: `(N, D)`.
        h: the hidden state, `(N, U)`.
        kernel: `(D, 3U)`, gates z, r, h.
        recurrent_kernel: `(U, 3U)`.
        bias: `(2, 3U)` with `reset_after` (row 0 for the input, row 1 recurrent), else `(3U,)`; or `None`.
        reset_after: whether the reset gate works on `h @ Rn + rn` rather than on `h`.
        activation: the candidate's function; see `foldgate.reference._gates` for names and parameters.
        recurrent_activation: that of z and r.
        clip: what the functions are given is held within [-clip, clip]; `None`: it is not.
        return_cache: whether to return also what `gru_step_backward` needs.

    Returns:
        `h`, `(N, U)`; with `return_cache`, `(h, cache)`.

    Example:
        >>> import numpy as np
        >>> gru_step(np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 3)), np.zeros((1, 3)))  # half is kept
        array([[0.5]])
    """
    units = h.shape[1]
    input_bias, recurrent_bias = _biases(x, kernel, bias, reset_after)
    xz, xr, xn = np.split(x @ kernel + input_bias, 3, axis=1)
    hz, hr = np.split(h @ recurrent_kernel[:, : 2 * units] + recurrent_bias[: 2 * units], 2, axis=1)
    z_sum, r_sum = xz + hz, xr + hr
    z, r = gate(z_sum, recurrent_activation, clip), gate(r_sum, recurrent_activation, clip)
    seen = h if reset_after else r * h  # what the candidate's recurrent product sees
    hn = seen @ recurrent_kernel[:, 2 * units :] + recurrent_bias[2 * units :]
    n_sum = xn + (r * hn if reset_after else hn)
    n = gate(n_sum, activation, clip)
    new_h = (1 - z) * n + z * h
    return (new_h, np.stack([z_sum, r_sum, n_sum, hn]).ravel()) if return_cache else new_h


def gru_step_backward(
    dh: Array,
    x: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    cache: Array,
    *,
    reset_after: bool = True,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    clip: float | None = None,
) -> GRUGradients:
    """The gradients of `sum(dh * h')` for `h' = gru_step(x, h, ...)`.

    Args:
        dh: `(N, U)`.
        x, h, kernel, recurrent_kernel, bias: what the step was given (`h` is the state that entered).
        cache: what the step returned.
        reset_after, activation, recurrent_activation, clip: as in `gru_step`.

    Returns:
        `GRUGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h)`.

    Example:
        >>> import numpy as np
        >>> x, h, w = np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 3))
        >>> _, cache = gru_step(x, h, w, w, return_cache=True)
        >>> gru_step_backward(np.ones((1, 1)), x, h, w, w, None, cache).dinitial_h
        array([[0.5]])
    """
    units = h.shape[1]
    z_sum, r_sum, n_sum, hn = cache.reshape(4, *h.shape)
    z, r = gate(z_sum, recurrent_activation, clip), gate(r_sum, recurrent_activation, clip)
    n = gate(n_sum, activation, clip)
    candidate_kernel = recurrent_kernel[:, 2 * units :]

    dz, dn = dh * (h - n), dh * (1 - z)  # h' = (1 - z) n + z h
    dn = dn * gate_slope(n_sum, activation, clip)  # before the candidate's function
    if reset_after:  # n of xn + r hn, hn = h @ Rn + rn
        dr, dhn = dn * hn, dn * r
        seen, dh_past = h, dhn @ candidate_kernel.T
    else:  # n of xn + hn, hn = (r h) @ Rn
        dhn = dn
        dseen = dhn @ candidate_kernel.T
        dr, seen, dh_past = dseen * h, r * h, dseen * r
    dz = dz * gate_slope(z_sum, recurrent_activation, clip)
    dr = dr * gate_slope(r_sum, recurrent_activation, clip)
    dzr = np.concatenate([dz, dr], axis=1)

    dinput = np.concatenate([dzr, dn], axis=1)  # (N, 3U), where x @ kernel came in
    drecurrent = np.concatenate([dzr, dhn], axis=1)  # (N, 3U), where the recurrent products came in
    dbias = np.stack([dinput.sum(axis=0), drecurrent.sum(axis=0)]) if reset_after else dinput.sum(axis=0)
    return GRUGradients(
        dx=dinput @ kernel.T,
        dkernel=x.T @ dinput,
        drecurrent_kernel=np.concatenate([h.T @ dzr, seen.T @ dhn], axis=1),
        dbias=None if bias is None else dbias,
        dinitial_h=dh * z + dzr @ recurrent_kernel[:, : 2 * units].T + dh_past,
    )


def _biases(x: Array, kernel: Array, bias: Array | None, reset_after: bool) -> tuple[Array, Array]:
    """The input bias and the recurrent bias, both `(3U,)`; zeros stand for what is not there."""
    none = np.zeros(kernel.shape[1], x.dtype)
    if bias is None:
        return none, none
    expected = (2, kernel.shape[1]) if reset_after else (kernel.shape[1],)
    if bias.shape != expected:
        raise ValueError(f"gru: bias is {bias.shape}; expected {expected} with reset_after {reset_after}")
    return (bias[0], bias[1]) if reset_after else (bias, none)
