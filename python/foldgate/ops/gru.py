"""The gated recurrent unit over sequences; gru_step.py has its single steps."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from foldgate import _native
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.gradients import GRUGradients
from foldgate.ops._record import Backward, Needs, any_tensor, no_cache, record
from foldgate.ops._recurrent import gru_cell
from foldgate.ops._recurrent_calls import Learned, backward, forward
from foldgate.ops._recurrent_options import Gate, gated_options

_calls = _native.Calls(4, 128)
_backward_calls = _native.Calls(7, 128)
_CACHED, _PLAIN = itemgetter(0, 1, 3), itemgetter(0, 1)  # of the native results


@_calls.first  # a call like an earlier one never comes here
def gru(
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    clip: float | None = None,
    initial_h: FloatArray | None = None,
    mask: BoolArray | None = None,
    lengths: IntArray | None = None,
    reverse: bool = False,
    reset_after: bool = True,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """Runs a GRU over a batch of sequences: `h' = (1 - z) n + z h`.

    With W, R and b the columns of `kernel`, `recurrent_kernel` and `bias` of each gate:
    `z = sigmoid(x_t Wz + h Rz + bz)`, `r = sigmoid(x_t Wr + h Rr + br)`, and the candidate is
    `n = tanh(x_t Wn + bn + r (h Rn + rn))` with `reset_after`, `n = tanh(x_t Wn + bn + (r h) Rn)` without
    (Cho et al. 2014; with `reset_after` as in cuDNN, PyTorch and Keras' default).

    Args:
      x: (N, T, D).
      kernel: (D, 3U), gates in the order z, r, h.
      recurrent_kernel: (U, 3U).
      bias: (2, 3U) with `reset_after`, row 0 for the input and row 1 for the recurrent product; (3U,)
        without; or None.
      activation: the candidate's function in the place of tanh: a name, or a tuple of a name and its
        parameters; see `foldgate.ops.lstm` for what there is.
      recurrent_activation: the same for z and r, in the place of sigmoid.
      clip: the gates' sums are held within [-clip, clip]; None: they are not.
      initial_h: (N, U), or None for zeros.
      mask: (N, T) of bool, True where a step counts. A masked step carries the state, its `x` is not read,
        and it costs nothing.
      lengths: (N,) integers from 0 to T: the mask of t < length. At most one of mask and lengths may be
        given.
      reverse: walk from the last step to the first; `y` stays at its original time.
      reset_after: whether the reset gate works on the recurrent product rather than on h.
      zero_output_for_mask: put out 0 at masked steps rather than the carried h (the initial h before the
        first step that counts).
      time_major: x is (T, N, D) and y (T, N, U), the steps first; mask and lengths stay as they are.
      return_sequences: whether to return `y`; None otherwise.
      return_cache: whether to return also what `gru_backward` needs.

    Returns:
      `(y, h)`, or `(y, h, cache)`: y (N, T, U) is h at every step; h (N, U) is the state after the last step.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `x`; a
        mask that is not of bool, lengths that are not integers.
      ValueError: shapes or lengths do not fit; mask and lengths are both given; a cache without sequences.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> y, h = ops.gru(np.ones((2, 3, 4)), np.ones((4, 15)), np.ones((5, 15)), lengths=np.array([3, 0]))
      >>> y.shape, bool((y[0, -1] == h[0]).all()), h[1]
      ((2, 3, 5), True, array([0., 0., 0., 0., 0.]))
    """
    if any_tensor(x, kernel, recurrent_kernel, bias, initial_h):
        return record(gru, _recorded, _OPERANDS, locals())
    known = Learned(_calls, _CACHED if return_cache else _PLAIN, tuple(locals().values()))
    op = "gru"
    options = gated_options(op, activation, recurrent_activation, clip)
    return forward(
        known,
        op,
        gru_cell(op, reset_after),
        options,
        x,
        kernel,
        recurrent_kernel,
        bias,
        initial_h,
        None,
        mask,
        lengths,
        reverse,
        zero_output_for_mask,
        time_major,
        return_sequences,
        return_cache,
    )


_OPERANDS = ("x", "kernel", "recurrent_kernel", "bias", "initial_h")


def _recorded(
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    initial_h: FloatArray | None,
    *,
    return_sequences: bool,
    return_cache: bool,
    **options: Any,
) -> tuple[tuple[Any, ...], Backward]:
    no_cache("gru", return_cache)
    weights = (kernel, recurrent_kernel, bias)
    options |= {"initial_h": initial_h}
    y, h, cache = gru(x, *weights, return_cache=True, **options)

    def backward(needs: Needs, dy: FloatArray | None, dh: FloatArray | None) -> GRUGradients:
        return gru_backward(dy, x, *weights, y, cache, dh=dh, need_dx=needs[0], **options)

    return (y if return_sequences else None, h), backward


@_backward_calls.first  # a call like an earlier one never comes here
def gru_backward(
    dy: FloatArray | None,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    y: FloatArray,
    cache: FloatArray,
    *,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    clip: float | None = None,
    dh: FloatArray | None = None,
    initial_h: FloatArray | None = None,
    mask: BoolArray | None = None,
    lengths: IntArray | None = None,
    reverse: bool = False,
    reset_after: bool = True,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> GRUGradients:
    """The gradients of `sum(dy * y) + sum(dh * h)`, back through time.

    Args:
      dy: (N, T, U), or None for zeros when `dh` is given.
      x: what `gru` was given, as are all arguments not named here.
      kernel: (D, 3U).
      recurrent_kernel: (U, 3U).
      bias: (2, 3U), (3U,) or None.
      y: what `gru` returned.
      cache: what `gru` returned, with the same instruction-set tier in use (`foldgate.set_max_isa`).
      activation: as `gru` was told, as are `recurrent_activation` and `clip`.
      recurrent_activation: likewise.
      clip: likewise.
      dh: the gradient of the last h, (N, U), or None for zeros.
      initial_h: (N, U) or None.
      mask: (N, T) or None.
      lengths: (N,) or None.
      reverse: whether `gru` walked from the last step to the first.
      reset_after: as `gru` was told.
      zero_output_for_mask: whether `gru` put out 0 at masked steps.
      time_major: whether x, y, dy and dx have the steps first.
      need_dx: whether to compute `dx`, which a first layer does not need.

    Returns:
      `GRUGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h)`; dbias is None where there was no
      bias. dx is 0 at masked steps.

    Raises:
      TypeError: as `gru`.
      ValueError: as `gru`; a gradient, `y` or `cache` of another shape; `dy` and `dh` are both None.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, bias = np.ones((2, 5, 3)), np.zeros((2, 12))
      >>> kernel, recurrent = np.ones((3, 12)), np.ones((4, 12))
      >>> y, h, cache = ops.gru(x, kernel, recurrent, bias, return_cache=True)
      >>> ops.gru_backward(np.ones_like(y), x, kernel, recurrent, bias, y, cache).dbias.shape
      (2, 12)
    """
    known = Learned(_backward_calls, _gradients, tuple(locals().values()))
    op = "gru_backward"
    options = gated_options(op, activation, recurrent_activation, clip)
    result: GRUGradients = backward(
        known,
        op,
        gru_cell(op, reset_after),
        options,
        dy,
        x,
        kernel,
        recurrent_kernel,
        bias,
        y,
        cache,
        dh,
        None,
        initial_h,
        None,
        mask,
        lengths,
        reverse,
        zero_output_for_mask,
        time_major,
        need_dx,
    )
    return result


def _gradients(native: tuple[Any, ...]) -> GRUGradients:
    return GRUGradients(*native[:5])
