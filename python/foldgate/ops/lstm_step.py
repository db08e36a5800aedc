"""Single steps of the long short-term memory."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from foldgate import _native
from foldgate._typing import FloatArray
from foldgate.gradients import LSTMGradients
from foldgate.ops._record import Backward, Needs, any_tensor, no_cache, record
from foldgate.ops._recurrent import LSTM
from foldgate.ops._recurrent_calls import Learned, step, step_backward
from foldgate.ops._recurrent_options import Gate, gated_options

_calls = _native.Calls(6, 128)
_CACHED, _PLAIN = None, itemgetter(0, 1)  # of the native results


@_calls.first  # a call like an earlier one never comes here
def lstm_step(
    x: FloatArray,
    h: FloatArray,
    c: FloatArray,
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
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """One step of the LSTM, for loops of your own; see `lstm` for the equations.

    Args:
      x: (N, D).
      h: the hidden state, (N, U).
      c: the cell state, (N, U).
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
      return_cache: whether to return also what `lstm_step_backward` needs.

    Returns:
      `(h, c)`, or `(h, c, cache)`: the new states, (N, U).

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `x`.
      ValueError: the shapes do not fit each other.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> one, weights = np.ones((1, 1)), np.zeros((1, 4))
      >>> h, c = ops.lstm_step(one, one, one, weights, weights)
      >>> c  # every gate is half open, and the candidate is 0
      array([[0.5]])
    """
    if any_tensor(x, h, c, kernel, recurrent_kernel, bias) or any_tensor(peephole, projection):
        return record(lstm_step, _recorded, _OPERANDS, locals())
    known = Learned(_calls, _CACHED if return_cache else _PLAIN, tuple(locals().values()))
    op = "lstm_step"
    options = gated_options(
        op, activation, recurrent_activation, clip, output_activation, coupled, peephole, projection
    )
    states: tuple[Any, ...] = step(
        known, op, LSTM, options, x, h, c, kernel, recurrent_kernel, bias, return_cache
    )
    return states


_OPERANDS = ("x", "h", "c", "kernel", "recurrent_kernel", "bias", "peephole", "projection")


def _recorded(
    x: FloatArray,
    h: FloatArray,
    c: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    peephole: FloatArray | None,
    projection: FloatArray | None,
    *,
    return_cache: bool,
    **options: Any,
) -> tuple[Any, Backward]:
    no_cache("lstm_step", return_cache)
    options |= {"peephole": peephole, "projection": projection}
    operands = (x, h, c, kernel, recurrent_kernel, bias)
    new_h, new_c, cache = lstm_step(*operands, return_cache=True, **options)

    def backward(needs: Needs, dh: FloatArray | None, dc: FloatArray | None) -> Sequence[FloatArray | None]:
        d = lstm_step_backward(dh, dc, *operands, cache, **options)
        weights = (d.dkernel, d.drecurrent_kernel, d.dbias, d.dpeephole, d.dprojection)
        return (d.dx, d.dinitial_h, d.dinitial_c, *weights)

    return (new_h, new_c), backward


def lstm_step_backward(
    dh: FloatArray | None,
    dc: FloatArray | None,
    x: FloatArray,
    h: FloatArray,
    c: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    cache: FloatArray,
    *,
    activation: Gate = "tanh",
    recurrent_activation: Gate = "sigmoid",
    output_activation: Gate = None,
    peephole: FloatArray | None = None,
    projection: FloatArray | None = None,
    clip: float | None = None,
    coupled: bool = False,
) -> LSTMGradients:
    """The gradients of `sum(dh * h') + sum(dc * c')` for `(h', c') = lstm_step(x, h, c, ...)`.

    Args:
      dh: (N, U), or None for zeros.
      dc: (N, U), or None for zeros; not both may be None.
      x: what `lstm_step` was given, as are all arguments not named here.
      h: the state that entered the step.
      c: the state that entered the step.
      kernel: (D, 4U).
      recurrent_kernel: (U, 4U).
      bias: (4U,) or None.
      cache: what `lstm_step` returned, with the same instruction-set tier in use.
      activation: as `lstm_step` was told, as are `recurrent_activation`, `output_activation`, `peephole`,
        `projection`, `clip` and `coupled`.
      recurrent_activation: likewise.
      output_activation: likewise.
      peephole: likewise.
      projection: likewise.
      clip: likewise.
      coupled: likewise.

    Returns:
      `LSTMGradients(dx, dkernel, drecurrent_kernel, dbias, dinitial_h, dinitial_c, dpeephole, dprojection)`;
      dinitial_h and dinitial_c are of h and c.

    Raises:
      TypeError: as `lstm_step`.
      ValueError: as `lstm_step`; a gradient or the cache is of another shape; `dh` and `dc` are both None.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> one, weights = np.ones((1, 1)), np.zeros((1, 4))
      >>> *_, cache = ops.lstm_step(one, one, one, weights, weights, return_cache=True)
      >>> ops.lstm_step_backward(None, one, one, one, one, weights, weights, None, cache).dinitial_c
      array([[0.5]])
    """
    op = "lstm_step_backward"
    options = gated_options(
        op, activation, recurrent_activation, clip, output_activation, coupled, peephole, projection
    )
    gradients = step_backward(
        op,
        LSTM,
        options,
        dh,
        dc,
        x,
        h,
        c,
        kernel,
        recurrent_kernel,
        bias,
        cache,
    )
    return LSTMGradients(*gradients)
