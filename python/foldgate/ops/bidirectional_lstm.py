"""The LSTM over sequences in both directions at once."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from foldgate import _native
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.gradients import BidirectionalGradients
from foldgate.ops._bidirectional import OPERANDS, backward, forward, rule
from foldgate.ops._record import any_tensor, record
from foldgate.ops._recurrent import LSTM
from foldgate.ops._recurrent_calls import Learned

_calls = _native.Calls(7, 128)
_CACHED, _PLAIN = None, itemgetter(0, 1, 2)  # of the native results


@_calls.first  # a call like an earlier one never comes here
def bidirectional_lstm(
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    reverse_kernel: FloatArray,
    reverse_recurrent_kernel: FloatArray,
    reverse_bias: FloatArray | None,
    *,
    initial_h: FloatArray | None = None,
    initial_c: FloatArray | None = None,
    mask: BoolArray | None = None,
    lengths: IntArray | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """Runs two LSTMs over a batch of sequences, one from each end, their outputs side by side.

    It is `lstm` with `kernel, ...` and `lstm` with `reverse_kernel, ...` and `reverse=True`, concatenated,
    with no copies between: each writes its half of y. Where a direction alone would not fill them, each
    direction runs on a thread of its own. y is the next layer's x in a stack. Cells with options (other
    functions, peepholes, projection) are two calls of `lstm`.

    Args:
      x: (N, T, D).
      kernel: (D, 4U), gates in the order i, f, c, o.
      recurrent_kernel: (U, 4U).
      bias: (4U,) or None.
      reverse_kernel: (D, 4U), of the direction that walks from the last step to the first.
      reverse_recurrent_kernel: (U, 4U).
      reverse_bias: as `bias`, and None where that is None.
      initial_h: (N, 2U), the forward direction's in the first U columns, or None for zeros.
      initial_c: likewise.
      mask: (N, T) of bool, True where a step counts, as in `foldgate.ops.lstm`.
      lengths: (N,) integers from 0 to T: the mask of t < length. At most one of mask and lengths may be
        given.
      zero_output_for_mask: put out 0 at masked steps rather than the carried h.
      time_major: x is (T, N, D) and y (T, N, 2U), the steps first; mask and lengths stay as they are.
      return_sequences: whether to return `y`; None otherwise.
      return_cache: whether to return also what `bidirectional_lstm_backward` needs.

    Returns:
      `(y, h, c)`, or `(y, h, c, cache)`: y (N, T, 2U) holds at every time, of x's own order, the forward
      direction's h and beside it the reverse one's; h and c (N, 2U) are the states after each direction's
      last step, the forward one's after the last time and the reverse one's after the first.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `x`; a
        mask that is not of bool, lengths that are not integers.
      ValueError: shapes or lengths do not fit; one direction has a bias and the other has none; mask and
        lengths are both given; a cache without sequences.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> weights = np.ones((8, 64)), np.ones((16, 64)), np.zeros(64)
      >>> y, h, c = ops.bidirectional_lstm(np.ones((32, 20, 8)), *weights, *weights)
      >>> y.shape, h.shape
      ((32, 20, 32), (32, 32))
      >>> bool((y[:, -1, :16] == h[:, :16]).all() and (y[:, 0, 16:] == h[:, 16:]).all())
      True
    """
    if any_tensor(x, kernel, recurrent_kernel, bias, initial_h) or any_tensor(
        reverse_kernel, reverse_recurrent_kernel, reverse_bias, initial_c
    ):
        return record(bidirectional_lstm, _recorded, (*OPERANDS, "initial_c"), locals())
    known = Learned(_calls, _CACHED if return_cache else _PLAIN, tuple(locals().values()))
    return forward(
        known,
        "bidirectional_lstm",
        LSTM,
        x,
        (kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias),
        initial_h,
        initial_c,
        mask,
        lengths,
        zero_output_for_mask,
        time_major,
        return_sequences,
        return_cache,
    )


def bidirectional_lstm_backward(
    dy: FloatArray | None,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    reverse_kernel: FloatArray,
    reverse_recurrent_kernel: FloatArray,
    reverse_bias: FloatArray | None,
    y: FloatArray,
    cache: FloatArray,
    *,
    dh: FloatArray | None = None,
    dc: FloatArray | None = None,
    initial_h: FloatArray | None = None,
    initial_c: FloatArray | None = None,
    mask: BoolArray | None = None,
    lengths: IntArray | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> BidirectionalGradients:
    """The gradients of `sum(dy * y) + sum(dh * h) + sum(dc * c)`, back through time in both directions.

    Args:
      dy: (N, T, 2U), or None for zeros when `dh` or `dc` is given.
      x: what `bidirectional_lstm` was given, as are all arguments not named here.
      kernel: (D, 4U).
      recurrent_kernel: (U, 4U).
      bias: (4U,) or None.
      reverse_kernel: (D, 4U).
      reverse_recurrent_kernel: (U, 4U).
      reverse_bias: as `bias`.
      y: what `bidirectional_lstm` returned.
      cache: what `bidirectional_lstm` returned, with the same instruction-set tier in use.
      dh: the gradient of h, (N, 2U), or None for zeros.
      dc: likewise of c.
      initial_h: (N, 2U) or None.
      initial_c: (N, 2U) or None.
      mask: (N, T) or None.
      lengths: (N,) or None.
      zero_output_for_mask: whether `bidirectional_lstm` put out 0 at masked steps.
      time_major: whether x, y, dy and dx have the steps first.
      need_dx: whether to compute `dx`, which a first layer does not need.

    Returns:
      `BidirectionalGradients(dx, dkernel, drecurrent_kernel, dbias, dreverse_kernel,
      dreverse_recurrent_kernel, dreverse_bias, dinitial_h, dinitial_c)`, None where there is none; dx is that
      of both directions.

    Raises:
      TypeError: as `bidirectional_lstm`.
      ValueError: as `bidirectional_lstm`; a gradient, `y` or `cache` of another shape; `dy`, `dh` and `dc`
        are all None.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, weights = np.ones((2, 5, 3)), (np.ones((3, 16)), np.ones((4, 16)), None)
      >>> y, h, c, cache = ops.bidirectional_lstm(x, *weights, *weights, return_cache=True)
      >>> gradients = ops.bidirectional_lstm_backward(np.ones_like(y), x, *weights, *weights, y, cache)
      >>> gradients.dx.shape, gradients.dreverse_kernel.shape, gradients.dbias
      ((2, 5, 3), (3, 16), None)
    """
    return backward(
        "bidirectional_lstm_backward",
        LSTM,
        dy,
        x,
        (kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias),
        y,
        cache,
        dh,
        dc,
        initial_h,
        initial_c,
        mask,
        lengths,
        zero_output_for_mask,
        time_major,
        need_dx,
    )


_recorded = rule("bidirectional_lstm", bidirectional_lstm, bidirectional_lstm_backward)
