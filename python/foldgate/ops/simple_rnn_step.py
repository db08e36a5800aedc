"""Single steps of the simple recurrent network."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from foldgate import _native
from foldgate._typing import FloatArray
from foldgate.gradients import SimpleRNNGradients
from foldgate.ops._record import Backward, Needs, any_tensor, no_cache, record
from foldgate.ops._recurrent import rnn_code
from foldgate.ops._recurrent_calls import Learned, step, step_backward
from foldgate.ops._recurrent_options import Gate, rnn_options

_calls = _native.Calls(5, 128)
_CACHED, _PLAIN = itemgetter(0, 2), itemgetter(0)  # of the native results


@_calls.first  # a call like an earlier one never comes here
def simple_rnn_step(
    x: FloatArray,
    h: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    activation: Gate = "tanh",
    clip: float | None = None,
    return_cache: bool = False,
) -> Any:
    """One step of the simple RNN, for loops of your own; see `simple_rnn` for the equation.

    Args:
      x: (N, D).
      h: the state, (N, U).
      kernel: (D, U).
      recurrent_kernel: (U, U).
      bias: (U,) or None.
      activation: `"tanh"`, `"relu"` or another function: a name, or a tuple of a name and its parameters; see
        `foldgate.ops.lstm` for what there is.
      clip: the activation's argument is held within [-clip, clip]; None: it is not.
      return_cache: whether to return also what `simple_rnn_step_backward` needs.

    Returns:
      The new h, (N, U); with `return_cache`, `(h, cache)`.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `x`.
      ValueError: the shapes do not fit each other; an unknown activation.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> one = np.ones((1, 1))
      >>> ops.simple_rnn_step(one, one, one, one, activation="relu")
      array([[2.]])
    """
    if any_tensor(x, h, kernel, recurrent_kernel, bias):
        return record(simple_rnn_step, _recorded, _OPERANDS, locals())
    known = Learned(_calls, _CACHED if return_cache else _PLAIN, tuple(locals().values()))
    op = "simple_rnn_step"
    options = rnn_options(op, activation, clip)
    return step(
        known, op, rnn_code(activation), options, x, h, None, kernel, recurrent_kernel, bias, return_cache
    )


_OPERANDS = ("x", "h", "kernel", "recurrent_kernel", "bias")


def _recorded(
    x: FloatArray,
    h: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    *,
    return_cache: bool,
    **options: Any,
) -> tuple[Any, Backward]:
    no_cache("simple_rnn_step", return_cache)
    operands = (x, h, kernel, recurrent_kernel, bias)
    new_h, cache = simple_rnn_step(*operands, return_cache=True, **options)

    def backward(needs: Needs, dh: FloatArray) -> Sequence[FloatArray | None]:
        dx, dkernel, drecurrent_kernel, dbias, *dstates = simple_rnn_step_backward(
            dh, *operands, cache, **options
        )
        return (dx, *dstates, dkernel, drecurrent_kernel, dbias)

    return new_h, backward


def simple_rnn_step_backward(
    dh: FloatArray,
    x: FloatArray,
    h: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    cache: FloatArray,
    *,
    activation: Gate = "tanh",
    clip: float | None = None,
) -> SimpleRNNGradients:
    """The gradients of `sum(dh * h')` for `h' = simple_rnn_step(x, h, ...)`.

    Args:
      dh: (N, U).
      x: what `simple_rnn_step` was given, as are all arguments not named here.
      h: the state that entered the step.
      kernel: (D, U).
      recurrent_kernel: (U, U).
      bias: (U,) or None.
      cache: what `simple_rnn_step` returned, with the same instruction-set tier in use.
      activation: as `simple_rnn_step` was told.
      clip: likewise.

    Returns:
      `SimpleRNNGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h)`, the last one of h.

    Raises:
      TypeError: as `simple_rnn_step`.
      ValueError: as `simple_rnn_step`; dh or the cache is of another shape.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> one = np.ones((1, 1))
      >>> _, cache = ops.simple_rnn_step(one, one, one, 3 * one, activation="relu", return_cache=True)
      >>> ops.simple_rnn_step_backward(one, one, one, one, 3 * one, None, cache, activation="relu").dinitial_h
      array([[3.]])
    """
    op = "simple_rnn_step_backward"
    options = rnn_options(op, activation, clip)
    gradients = step_backward(
        op,
        rnn_code(activation),
        options,
        dh,
        None,
        x,
        h,
        None,
        kernel,
        recurrent_kernel,
        bias,
        cache,
    )
    return SimpleRNNGradients(*gradients[:5])
