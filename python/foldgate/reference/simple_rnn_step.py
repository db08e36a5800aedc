"""The simple recurrent network: one step and its gradient.

    h' = activation(x @ kernel + h @ recurrent_kernel + bias)

With clip the activation's argument is held within [-clip, clip].

(Elman 1990.)
"""

from __future__ import annotations

from foldgate.gradients import SimpleRNNGradients
from foldgate.reference._gates import Gate, gate, gate_slope
from foldgate.reference._types import Array

__all__ = ["simple_rnn_step", "simple_rnn_step_backward"]


def simple_rnn_step(
    x: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    *,
    activation: Gate = "tanh",
    clip: float | None = None,
    return_cache: bool = False,
) -> Array | tuple[Array, Array]:
    """One step of the simple RNN.

    Args:
        x: `(N, D)`.
        h: the hidden state, `(N, U)`.
        kernel: `(D, U)`.
        recurrent_kernel: `(U, U)`.
        bias: `(U,)` or `None`.
        activation: the function; see `foldgate.reference._gates` for names and parameters.
        clip: what it is given is held within [-clip, clip]; `None`: it is not.
        return_cache: whether to return also what `simple_rnn_step_backward` needs.

    Returns:
        `h`, `(N, U)`; with `return_cache`, `(h, cache)`.

    Example:
        >>> import numpy as np
        >>> one = np.ones((1, 1))
        >>> simple_rnn_step(one, one, one, one, activation="relu")
        array([[2.]])
    """
    product = x @ kernel + h @ recurrent_kernel
    if bias is not None:
        product = product + bias
    new_h = gate(product, activation, clip)
    return (new_h, product.ravel()) if return_cache else new_h


def simple_rnn_step_backward(
    dh: Array,
    x: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    cache: Array,
    *,
    activation: Gate = "tanh",
    clip: float | None = None,
) -> SimpleRNNGradients:
    """The gradients of `sum(dh * h')` for `h' = simple_rnn_step(x, h, ...)`.

    Args:
        dh: `(N, U)`.
        x, h, kernel, recurrent_kernel, bias: what the step was given (`h` is the state that entered).
        cache: what the step returned.
        activation, clip: as in `simple_rnn_step`.

    Returns:
        `SimpleRNNGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h)`.

    Example:
        >>> import numpy as np
        >>> one = np.ones((1, 1))
        >>> _, cache = simple_rnn_step(one, one, one, 3 * one, activation="relu", return_cache=True)
        >>> simple_rnn_step_backward(one, one, one, one, 3 * one, None, cache, activation="relu").dinitial_h
        array([[3.]])
    """
    d = dh * gate_slope(cache.reshape(h.shape), activation, clip)  # before the activation
    return SimpleRNNGradients(
        dx=d @ kernel.T,
        dkernel=x.T @ d,
        drecurrent_kernel=h.T @ d,
        dbias=None if bias is None else d.sum(axis=0),
        dinitial_h=d @ recurrent_kernel.T,
    )
