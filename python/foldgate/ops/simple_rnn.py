"""The simple recurrent network over sequences; simple_rnn_step.py has its single steps."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from foldgate import _native
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.gradients import SimpleRNNGradients
from foldgate.ops._record import Backward, Needs, any_tensor, no_cache, record
from foldgate.ops._recurrent import rnn_code
from foldgate.ops._recurrent_calls import Learned, backward, forward
from foldgate.ops._recurrent_options import Gate, rnn_options

_calls = _native.Calls(4, 128)
_backward_calls = _native.Calls(7, 128)
_CACHED, _PLAIN = itemgetter(0, 1, 3), itemgetter(0, 1)  # of the native results


@_calls.first  # a call like an earlier one never comes here
def simple_rnn(
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    activation: Gate = "tanh",
    clip: float | None = None,
    initial_h: FloatArray | None = None,
    mask: BoolArray | None = None,
    lengths: IntArray | None = None,
    reverse: bool = False,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """Runs a simple RNN over a batch of sequences.

    `h' = activation(x_t @ kernel + h @ recurrent_kernel + bias)` (Elman 1990).

    Args:
      x: (N, T, D).
      kernel: (D, U).
      recurrent_kernel: (U, U).
      bias: (U,) or None.
      activation: `"tanh"`, `"relu"` or another function: a name, or a tuple of a name and its parameters; see
        `foldgate.ops.lstm` for what there is.
      clip: the activation's argument is held within [-clip, clip]; None: it is not.
      initial_h: (N, U), or None for zeros.
      mask: (N, T) of bool, True where a step counts. A masked step carries the state, its `x` is not read,
        and it costs nothing.
      lengths: (N,) integers from 0 to T: the mask of t < length. At most one of mask and lengths may be
        given.
      reverse: walk from the last step to the first; `y` stays at its original time.
      zero_output_for_mask: put out 0 at masked steps rather than the carried h (the initial h before the
        first step that counts).
      time_major: x is (T, N, D) and y (T, N, U), the steps first; mask and lengths stay as they are.
      return_sequences: whether to return `y`; None otherwise.
      return_cache: whether to return also what `simple_rnn_backward` takes.

    Returns:
      `(y, h)`, or `(y, h, cache)`: y (N, T, U) is h at every step; h (N, U) is the state after the last step.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `x`; a
        mask that is not of bool, lengths that are not integers.
      ValueError: shapes or lengths do not fit; mask and lengths are both given; a cache without sequences;
        an unknown activation.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> y, h = ops.simple_rnn(np.ones((1, 3, 1)), np.ones((1, 1)), np.ones((1, 1)), activation="relu")
      >>> y.ravel(), h
      (array([1., 2., 3.]), array([[3.]]))
    """
    if any_tensor(x, kernel, recurrent_kernel, bias, initial_h):
        return record(simple_rnn, _recorded, _OPERANDS, locals())
    known = Learned(_calls, _CACHED if return_cache else _PLAIN, tuple(locals().values()))
    op = "simple_rnn"
    options = rnn_options(op, activation, clip)
    return forward(
        known,
        op,
        rnn_code(activation),
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
    no_cache("simple_rnn", return_cache)
    weights = (kernel, recurrent_kernel, bias)
    options |= {"initial_h": initial_h}
    y, h, cache = simple_rnn(x, *weights, return_cache=True, **options)

    def backward(needs: Needs, dy: FloatArray | None, dh: FloatArray | None) -> SimpleRNNGradients:
        return simple_rnn_backward(dy, x, *weights, y, cache, dh=dh, need_dx=needs[0], **options)

    return (y if return_sequences else None, h), backward


@_backward_calls.first  # a call like an earlier one never comes here
def simple_rnn_backward(
    dy: FloatArray | None,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    y: FloatArray,
    cache: FloatArray,
    *,
    activation: Gate = "tanh",
    clip: float | None = None,
    dh: FloatArray | None = None,
    initial_h: FloatArray | None = None,
    mask: BoolArray | None = None,
    lengths: IntArray | None = None,
    reverse: bool = False,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> SimpleRNNGradients:
    """The gradients of `sum(dy * y) + sum(dh * h)`, back through time.

    Args:
      dy: (N, T, U), or None for zeros when `dh` is given.
      x: what `simple_rnn` was given, as are all arguments not named here.
      kernel: (D, U).
      recurrent_kernel: (U, U).
      bias: (U,) or None.
      y: what `simple_rnn` returned.
      cache: what `simple_rnn` returned, with the same instruction-set tier in use (`foldgate.set_max_isa`).
      activation: as `simple_rnn` was told.
      clip: likewise.
      dh: the gradient of the last h, (N, U), or None for zeros.
      initial_h: (N, U) or None.
      mask: (N, T) or None.
      lengths: (N,) or None.
      reverse: whether `simple_rnn` walked from the last step to the first.
      zero_output_for_mask: whether `simple_rnn` put out 0 at masked steps.
      time_major: whether x, y, dy and dx have the steps first.
      need_dx: whether to compute `dx`, which a first layer does not need.

    Returns:
      `SimpleRNNGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h)`; dbias is None where there was
      no bias. dx is 0 at masked steps.

    Raises:
      TypeError: as `simple_rnn`.
      ValueError: as `simple_rnn`; a gradient, `y` or `cache` of another shape; `dy` and `dh` are both None.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, one = np.ones((1, 3, 1)), np.ones((1, 1))
      >>> y, h, cache = ops.simple_rnn(x, one, one, activation="relu", return_cache=True)
      >>> ops.simple_rnn_backward(None, x, one, one, None, y, cache, activation="relu", dh=one).dx.ravel()
      array([1., 1., 1.])
    """
    known = Learned(_backward_calls, _gradients, tuple(locals().values()))
    op = "simple_rnn_backward"
    options = rnn_options(op, activation, clip)
    result: SimpleRNNGradients = backward(
        known,
        op,
        rnn_code(activation),
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


def _gradients(native: tuple[Any, ...]) -> SimpleRNNGradients:
    return SimpleRNNGradients(*native[:5])
