"""The long short-term memory over sequences; lstm_step.py has its single steps."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from foldgate import _native
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.gradients import LSTMGradients
from foldgate.ops._record import Backward, Needs, any_tensor, no_cache, record
from foldgate.ops._recurrent import LSTM
from foldgate.ops._recurrent_calls import Learned, backward, forward
from foldgate.ops._recurrent_options import Gate, gated_options

_calls = _native.Calls(4, 128)
_backward_calls = _native.Calls(7, 128)
_CACHED, _PLAIN = None, itemgetter(0, 1, 2)  # of the native results


@_calls.first  # a call like an earlier one never comes here
def lstm(
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    output_activation: Gate = None,
    peephole: FloatArray | None = None,
    projection: FloatArray | None = None,
    clip: float | None = None,
    coupled: bool = False,
    initial_h: FloatArray | None = None,
    initial_c: FloatArray | None = None,
    mask: BoolArray | None = None,
    lengths: IntArray | None = None,
    reverse: bool = False,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """Runs an LSTM over a batch of sequences.

    With `[i f g o] = x_t @ kernel + h @ recurrent_kernel + bias`:
    `c' = sigmoid(f) c + sigmoid(i) tanh(g)` and `h' = sigmoid(o) tanh(c')` (Hochreiter & Schmidhuber 1997,
    with the forget gate of Gers et al. 2000).

    Args:
      x: (N, T, D).
      kernel: (D, 4U), gates in the order i, f, c, o.
      recurrent_kernel: (U, 4U).
      bias: (4U,) or None.
      activation: the candidate's function in the place of tanh: a name, or a tuple of a name and its
        parameters, with these defaults: `"linear"` (or None), `"relu"`, `"tanh"`, `"sigmoid"`,
        `("affine", 1, 0)`, `("leaky_relu", 0.2)`, `("thresholded_relu", 1)`, `("scaled_tanh", 1, 1)`,
        `("hard_sigmoid", 1/6, 0.5)`, `("elu", 1)`, `"softsign"`, `"softplus"`.
      recurrent_activation: the same for i, f and o, in the place of sigmoid.
      output_activation: the same for c' before the output gate; None: as `activation`.
      peephole: (3, U) or None: i and f see `peephole[:2] * c`, o sees `peephole[2] * c'`.
      projection: (U, P) or None: h' is `(o tanh(c')) @ projection`, which makes h (N, P) and
        recurrent_kernel (P, 4U), as PyTorch's `proj_size`.
      clip: the gates' sums are held within [-clip, clip], as ONNX Runtime has it; None: they are not.
      coupled: f = 1 - i; what the weights have for f is not used.
      initial_h: (N, U), or None for zeros.
      initial_c: (N, U), or None for zeros.
      mask: (N, T) of bool, True where a step counts. A masked step carries all states, its `x` is not read,
        and it costs nothing.
      lengths: (N,) integers from 0 to T: the mask of t < length. At most one of mask and lengths may be
        given.
      reverse: walk from the last step to the first; `y` stays at its original time.
      zero_output_for_mask: put out 0 at masked steps rather than the carried h (the initial h before the
        first step that counts).
      time_major: x is (T, N, D) and y (T, N, U), the steps first; mask and lengths stay as they are.
      return_sequences: whether to return `y`; None otherwise.
      return_cache: whether to return also what `lstm_backward` needs.

    Returns:
      `(y, h, c)`, or `(y, h, c, cache)`: y (N, T, U) is h at every step; h and c (N, U) are the states after
      the last step.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `x`; a
        mask that is not of bool, lengths that are not integers.
      ValueError: shapes or lengths do not fit; mask and lengths are both given; a cache without sequences.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> y, h, c = ops.lstm(np.ones((32, 20, 8)), np.ones((8, 64)), np.ones((16, 64)), np.zeros(64))
      >>> y.shape, h.shape, bool((y[:, -1] == h).all())
      ((32, 20, 16), (32, 16), True)
    """
    if any_tensor(x, kernel, recurrent_kernel, bias, initial_h, initial_c) or any_tensor(
        peephole, projection
    ):
        return record(lstm, _recorded, _OPERANDS, locals())
    known = Learned(_calls, _CACHED if return_cache else _PLAIN, tuple(locals().values()))
    op = "lstm"
    options = gated_options(
        op, activation, recurrent_activation, clip, output_activation, coupled, peephole, projection
    )
    return forward(
        known,
        op,
        LSTM,
        options,
        x,
        kernel,
        recurrent_kernel,
        bias,
        initial_h,
        initial_c,
        mask,
        lengths,
        reverse,
        zero_output_for_mask,
        time_major,
        return_sequences,
        return_cache,
    )


_OPERANDS = ("x", "kernel", "recurrent_kernel", "bias", "initial_h", "initial_c", "peephole", "projection")


def _recorded(
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    peephole: FloatArray | None,
    projection: FloatArray | None,
    *,
    return_sequences: bool,
    return_cache: bool,
    **options: Any,
) -> tuple[tuple[Any, ...], Backward]:
    no_cache("lstm", return_cache)
    weights = (kernel, recurrent_kernel, bias)
    options |= {"initial_h": initial_h, "initial_c": initial_c}
    options |= {"peephole": peephole, "projection": projection}
    y, h, c, cache = lstm(x, *weights, return_cache=True, **options)

    def backward(
        needs: Needs, dy: FloatArray | None, dh: FloatArray | None, dc: FloatArray | None
    ) -> LSTMGradients:
        return lstm_backward(dy, x, *weights, y, cache, dh=dh, dc=dc, need_dx=needs[0], **options)

    return (y if return_sequences else None, h, c), backward


@_backward_calls.first  # a call like an earlier one never comes here
def lstm_backward(
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
    output_activation: Gate = None,
    peephole: FloatArray | None = None,
    projection: FloatArray | None = None,
    clip: float | None = None,
    coupled: bool = False,
    dh: FloatArray | None = None,
    dc: FloatArray | None = None,
    initial_h: FloatArray | None = None,
    initial_c: FloatArray | None = None,
    mask: BoolArray | None = None,
    lengths: IntArray | None = None,
    reverse: bool = False,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> LSTMGradients:
    """The gradients of `sum(dy * y) + sum(dh * h) + sum(dc * c)`, back through time.

    Args:
      dy: (N, T, U), or None for zeros when `dh` or `dc` is given.
      x: what `lstm` was given, as are all arguments not named here.
      kernel: (D, 4U).
      recurrent_kernel: (U, 4U).
      bias: (4U,) or None.
      y: what `lstm` returned.
      cache: what `lstm` returned, with the same instruction-set tier in use (`foldgate.set_max_isa`).
      activation: as `lstm` was told, as are `recurrent_activation`, `output_activation`, `peephole`,
        `projection`, `clip` and `coupled`.
      recurrent_activation: likewise.
      output_activation: likewise.
      peephole: likewise.
      projection: likewise.
      clip: likewise.
      coupled: likewise.
      dh: the gradient of the last h, (N, U), or None for zeros.
      dc: the gradient of the last c, (N, U), or None for zeros.
      initial_h: (N, U) or None.
      initial_c: (N, U) or None.
      mask: (N, T) or None.
      lengths: (N,) or None.
      reverse: whether `lstm` walked from the last step to the first.
      zero_output_for_mask: whether `lstm` put out 0 at masked steps.
      time_major: whether x, y, dy and dx have the steps first.
      need_dx: whether to compute `dx`, which a first layer does not need.

    Returns:
      `LSTMGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h, dinitial_c, dpeephole, dprojection)`;
      None where what it is of was None. dx is 0 at masked steps.

    Raises:
      TypeError: as `lstm`.
      ValueError: as `lstm`; a gradient, `y` or `cache` of another shape; `dy`, `dh` and `dc` are all None.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, kernel, recurrent = np.ones((2, 5, 3)), np.ones((3, 16)), np.ones((4, 16))
      >>> y, h, c, cache = ops.lstm(x, kernel, recurrent, return_cache=True)
      >>> gradients = ops.lstm_backward(np.ones_like(y), x, kernel, recurrent, None, y, cache)
      >>> gradients.dx.shape, gradients.dkernel.shape, gradients.dbias
      ((2, 5, 3), (3, 16), None)
    """
    known = Learned(_backward_calls, _gradients, tuple(locals().values()))
    op = "lstm_backward"
    options = gated_options(
        op, activation, recurrent_activation, clip, output_activation, coupled, peephole, projection
    )
    result: LSTMGradients = backward(
        known,
        op,
        LSTM,
        options,
        dy,
        x,
        kernel,
        recurrent_kernel,
        bias,
        y,
        cache,
        dh,
        dc,
        initial_h,
        initial_c,
        mask,
        lengths,
        reverse,
        zero_output_for_mask,
        time_major,
        need_dx,
    )
    return result


def _gradients(native: tuple[Any, ...]) -> LSTMGradients:
    return LSTMGradients(*native)
