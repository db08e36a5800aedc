"""Single steps of the gated recurrent unit."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from foldgate import _native
from foldgate._typing import FloatArray
from foldgate.gradients import GRUGradients
from foldgate.ops._record import Backward, Needs, any_tensor, no_cache, record
from foldgate.ops._recurrent import gru_cell
from foldgate.ops._recurrent_calls import Learned, step, step_backward
from foldgate.ops._recurrent_options import Gate, gated_options

_calls = _native.Calls(5, 128)
_CACHED, _PLAIN = itemgetter(0, 2), itemgetter(0)  # of the native results


@_calls.first  # a call like an earlier one never comes here
def gru_step(
    x: FloatArray,
    h: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    reset_after: bool = True,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    clip: float | None = None,
    return_cache: bool = False,
) -> Any:
    """One step of the GRU, for loops of your own; see `gru` for the equations.

    Args:
      x: (N, D).
      h: the state, (N, U).
      kernel: (D, 3U), gates in the order z, r, h.
      recurrent_kernel: (U, 3U).
      bias: (2, 3U) with `reset_after`, (3U,) without, or None.
      reset_after: whether the reset gate works on the recurrent product rather than on h.
      activation: the candidate's function in the place of tanh: a name, or a tuple of a name and its
        parameters; see `foldgate.ops.lstm` for what there is.
      recurrent_activation: the same for z and r, in the place of sigmoid.
      clip: the gates' sums are held within [-clip, clip]; None: they are not.
      return_cache: whether to return also what `gru_step_backward` needs.

    Returns:
      The new h, (N, U); with `return_cache`, `(h, cache)`.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `x`.
      ValueError: the shapes do not fit each other.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.gru_step(np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 3)), np.zeros((1, 3)))  # half is kept
      array([[0.5]])
    """
    if any_tensor(x, h, kernel, recurrent_kernel, bias):
        return record(gru_step, _recorded, _OPERANDS, locals())
    known = Learned(_calls, _CACHED if return_cache else _PLAIN, tuple(locals().values()))
    op = "gru_step"
    options = gated_options(op, activation, recurrent_activation, clip)
    return step(
        known,
        op,
        gru_cell(op, reset_after),
        options,
        x,
        h,
        None,
        kernel,
        recurrent_kernel,
        bias,
        return_cache,
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
    no_cache("gru_step", return_cache)
    operands = (x, h, kernel, recurrent_kernel, bias)
    new_h, cache = gru_step(*operands, return_cache=True, **options)

    def backward(needs: Needs, dh: FloatArray) -> Sequence[FloatArray | None]:
        dx, dkernel, drecurrent_kernel, dbias, *dstates = gru_step_backward(dh, *operands, cache, **options)
        return (dx, *dstates, dkernel, drecurrent_kernel, dbias)

    return new_h, backward


def gru_step_backward(
    dh: FloatArray,
    x: FloatArray,
    h: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    cache: FloatArray,
    *,
    reset_after: bool = True,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    clip: float | None = None,
) -> GRUGradients:
    """The gradients of `sum(dh * h')` for `h' = gru_step(x, h, ...)`.

    Args:
      dh: (N, U).
      x: what `gru_step` was given, as are all arguments not named here.
      h: the state that entered the step.
      kernel: (D, 3U).
      recurrent_kernel: (U, 3U).
      bias: (2, 3U), (3U,) or None.
      cache: what `gru_step` returned, with the same instruction-set tier in use.
      reset_after: as `gru_step` was told.
      activation: as `gru_step` was told, as are `recurrent_activation` and `clip`.
      recurrent_activation: likewise.
      clip: likewise.

    Returns:
      `GRUGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h)`, the last one of h.

    Raises:
      TypeError: as `gru_step`.
      ValueError: as `gru_step`; dh or the cache is of another shape.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, h, w = np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 3))
      >>> _, cache = ops.gru_step(x, h, w, w, return_cache=True)
      >>> ops.gru_step_backward(np.ones((1, 1)), x, h, w, w, None, cache).dinitial_h
      array([[0.5]])
    """
    op = "gru_step_backward"
    options = gated_options(op, activation, recurrent_activation, clip)
    gradients = step_backward(
        op,
        gru_cell(op, reset_after),
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
    return GRUGradients(*gradients[:5])
