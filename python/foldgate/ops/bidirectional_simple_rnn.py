"""The simple recurrent network over sequences in both directions at once."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from foldgate import _native
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.gradients import BidirectionalGradients
from foldgate.ops._bidirectional import OPERANDS, backward, forward, rule
from foldgate.ops._record import any_tensor, record
from foldgate.ops._recurrent import rnn_cell
from foldgate.ops._recurrent_calls import Learned

_calls = _native.Calls(7, 128)
_CACHED, _PLAIN = itemgetter(0, 1, 3), itemgetter(0, 1)  # of the native results


@_calls.first  # a call like an earlier one never comes here
def bidirectional_simple_rnn(
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    reverse_kernel: FloatArray,
    reverse_recurrent_kernel: FloatArray,
    reverse_bias: FloatArray | None,
    *,
    activation: str = "tanh",
    initial_h: FloatArray | None = None,
    mask: BoolArray | None = None,
    lengths: IntArray | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """Runs two simple RNNs over a batch of sequences, one from each end, their outputs side by side.

    It is `simple_rnn` with `kernel, ...` and `simple_rnn` with `reverse_kernel, ...` and `reverse=True`,
    concatenated; see `foldgate.ops.bidirectional_lstm`.

    Args:
      x: (N, T, D).
      kernel: (D, U).
      recurrent_kernel: (U, U).
      bias: (U,) or None.
      reverse_kernel: (D, U), of the direction that walks from the last step to the first.
      reverse_recurrent_kernel: (U, U).
      reverse_bias: as `bias`, and None where that is None.
      activation: `"tanh"` or `"relu"`.
      initial_h: (N, 2U), the forward direction's in the first U columns, or None for zeros.
      mask: (N, T) of bool, True where a step counts, as in `foldgate.ops.simple_rnn`.
      lengths: (N,) integers from 0 to T: the mask of t < length. At most one of mask and lengths may be
        given.
      zero_output_for_mask: put out 0 at masked steps rather than the carried h.
      time_major: x is (T, N, D) and y (T, N, 2U), the steps first; mask and lengths stay as they are.
      return_sequences: whether to return `y`; None otherwise.
      return_cache: whether to return also what `bidirectional_simple_rnn_backward` needs.

    Returns:
      `(y, h)`, or `(y, h, cache)`: y (N, T, 2U) holds at every time, of x's own order, the forward
      direction's h and beside it the reverse one's; h (N, 2U) is the state after each direction's last step,
      the forward one's after the last time and the reverse one's after the first.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `x`; a
        mask that is not of bool, lengths that are not integers.
      ValueError: shapes or lengths do not fit; one direction has a bias and the other has none; mask and
        lengths are both given; a cache without sequences; an unknown activation.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, one = np.ones((1, 3, 1)), np.ones((1, 1))
      >>> ops.bidirectional_simple_rnn(x, one, one, None, one, one, None, activation="relu")[0]
      array([[[1., 3.],
              [2., 2.],
              [3., 1.]]])
    """
    if any_tensor(x, kernel, recurrent_kernel, bias, initial_h) or any_tensor(
        reverse_kernel, reverse_recurrent_kernel, reverse_bias
    ):
        return record(bidirectional_simple_rnn, _recorded, OPERANDS, locals())
    known = Learned(_calls, _CACHED if return_cache else _PLAIN, tuple(locals().values()))
    return forward(
        known,
        "bidirectional_simple_rnn",
        rnn_cell("bidirectional_simple_rnn", activation),
        x,
        (kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias),
        initial_h,
        None,
        mask,
        lengths,
        zero_output_for_mask,
        time_major,
        return_sequences,
        return_cache,
    )


def bidirectional_simple_rnn_backward(
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
    activation: str = "tanh",
    dh: FloatArray | None = None,
    initial_h: FloatArray | None = None,
    mask: BoolArray | None = None,
    lengths: IntArray | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> BidirectionalGradients:
    """The gradients of `sum(dy * y) + sum(dh * h)`, back through time in both directions.

    Args:
      dy: (N, T, 2U), or None for zeros when `dh` is given.
      x: what `bidirectional_simple_rnn` was given, as are all arguments not named here.
      kernel: (D, U).
      recurrent_kernel: (U, U).
      bias: (U,) or None.
      reverse_kernel: (D, U).
      reverse_recurrent_kernel: (U, U).
      reverse_bias: as `bias`.
      y: what `bidirectional_simple_rnn` returned.
      cache: what `bidirectional_simple_rnn` returned, with the same instruction-set tier in use.
      activation: as `bidirectional_simple_rnn` was told.
      dh: the gradient of h, (N, 2U), or None for zeros.
      initial_h: (N, 2U) or None.
      mask: (N, T) or None.
      lengths: (N,) or None.
      zero_output_for_mask: whether `bidirectional_simple_rnn` put out 0 at masked steps.
      time_major: whether x, y, dy and dx have the steps first.
      need_dx: whether to compute `dx`, which a first layer does not need.

    Returns:
      `BidirectionalGradients(dx, dkernel, drecurrent_kernel, dbias, dreverse_kernel,
      dreverse_recurrent_kernel, dreverse_bias, dinitial_h, dinitial_c)`, None where there is none; dx is that
      of both directions.

    Raises:
      TypeError: as `bidirectional_simple_rnn`.
      ValueError: as `bidirectional_simple_rnn`; a gradient, `y` or `cache` of another shape; `dy` and `dh`
        are both None.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, weights = np.ones((1, 3, 1)), (np.ones((1, 1)), np.ones((1, 1)), None)
      >>> options = {"activation": "relu"}
      >>> y, h, cache = ops.bidirectional_simple_rnn(x, *weights, *weights, return_cache=True, **options)
      >>> dy = np.ones_like(y)
      >>> ops.bidirectional_simple_rnn_backward(dy, x, *weights, *weights, y, cache, **options).dx.ravel()
      array([4., 4., 4.])
    """
    return backward(
        "bidirectional_simple_rnn_backward",
        rnn_cell("bidirectional_simple_rnn_backward", activation),
        dy,
        x,
        (kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias),
        y,
        cache,
        dh,
        None,
        initial_h,
        None,
        mask,
        lengths,
        zero_output_for_mask,
        time_major,
        need_dx,
    )


_recorded = rule("bidirectional_simple_rnn", bidirectional_simple_rnn, bidirectional_simple_rnn_backward)
