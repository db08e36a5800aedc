"""Recurrent layers over one another, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.gradients import StackedGradients
from foldgate.ops._record import Backward, Needs, any_tensor, no_cache, record_op
from foldgate.ops._stacked import Layer, Options, backward, forward, layers_of


def stacked_rnn(
    x: FloatArray,
    layers: Sequence[Layer],
    *,
    cell: str = "lstm",
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
    """Runs a stack of recurrent layers over a batch of sequences: each reads what the one below put out.

    It gives the bits of as many calls of `lstm`, `gru` or `simple_rnn`, or of their bidirectional forms.
    Where a layer of one direction would leave threads idle, the layers run as a wavefront, a layer's steps as
    soon as the one below has done them. A layer's y is the next one's x where it lies.

    Args:
      x: (N, T, D).
      layers: a tuple of weights a layer, the first layer's first: `(kernel, recurrent_kernel, bias)` as the
        cell's own op takes them, bias None or not, or of both directions `(kernel, recurrent_kernel, bias,
        reverse_kernel, reverse_recurrent_kernel, reverse_bias)`. All layers have the same number of units U;
        the kernels of the upper ones have U rows, of both directions 2U.
      cell: `"lstm"`, `"gru"`, `"gru_reset_before"`, `"tanh_rnn"` or `"relu_rnn"`.
      initial_h: (L, N, U) for L layers, of both directions (L, N, 2U); or None for zeros.
      initial_c: likewise, for the LSTM alone.
      mask: (N, T) of bool, True where a step counts, as in `foldgate.ops.lstm`; it is every layer's.
      lengths: (N,) integers from 0 to T: the mask of t < length. At most one of mask and lengths may be
        given.
      reverse: all layers walk from the last step to the first.
      zero_output_for_mask: put out 0 at masked steps rather than the carried h.
      time_major: x is (T, N, D) and y (T, N, U), the steps first; mask and lengths stay as they are.
      return_sequences: whether to return `y`; None otherwise.
      return_cache: whether to return also what `stacked_rnn_backward` needs.

    Returns:
      `(y, h, c)`, or `(y, h, c, cache)`: y (N, T, U), of both directions (N, T, 2U), is the last layer's;
      h and c (L, N, U) or (L, N, 2U) are every layer's states after the last step, c None but for the LSTM.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `x`;
        `layers` is not a list of tuples.
      ValueError: shapes or lengths do not fit; layers differ in their directions or units; mask and lengths
        are both given; a cache without sequences; an unknown cell.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> first = np.ones((8, 64)), np.ones((16, 64)), np.zeros(64)
      >>> second = np.ones((16, 64)), np.ones((16, 64)), np.zeros(64)
      >>> y, h, c = ops.stacked_rnn(np.ones((32, 20, 8)), [first, second])
      >>> y.shape, h.shape, bool((y[:, -1] == h[1]).all())
      ((32, 20, 16), (2, 32, 16), True)
    """
    op = "stacked_rnn"
    weights = layers_of(op, layers)
    flat = [x, initial_h, initial_c, *(w for layer in weights for w in layer)]
    options = Options(cell, initial_h, initial_c, mask, lengths, reverse, zero_output_for_mask, time_major)
    if any(any_tensor(value) for value in flat):
        wanted: dict[str, Any] = {
            "options": options,
            "per_layer": len(weights[0]),
            "return_sequences": return_sequences,
        }
        wanted["return_cache"] = return_cache
        recorded: tuple[Any, ...] = record_op(op, _on_arrays, _recorded, flat, wanted)
        return recorded
    y, h, c, cache = forward(op, x, weights, options, return_sequences, return_cache)
    return (y, h, c, cache) if return_cache else (y, h, c)


def _restored(
    options: Options, per_layer: int, initial_h: Any, initial_c: Any, flat: tuple[Any, ...]
) -> tuple[list[Layer], dict[str, Any]]:
    """The arguments as `stacked_rnn` takes them, of operands in a row."""
    layers = [flat[i : i + per_layer] for i in range(0, len(flat), per_layer)]
    return layers, options._replace(initial_h=initial_h, initial_c=initial_c)._asdict()


def _on_arrays(
    x: FloatArray,
    initial_h: Any,
    initial_c: Any,
    *flat: Any,
    options: Options,
    per_layer: int,
    return_sequences: bool,
    return_cache: bool,
) -> tuple[Any, ...]:
    layers, named = _restored(options, per_layer, initial_h, initial_c, flat)
    return stacked_rnn(x, layers, **named, return_sequences=return_sequences, return_cache=return_cache)


def _recorded(
    x: FloatArray,
    initial_h: Any,
    initial_c: Any,
    *flat: Any,
    options: Options,
    per_layer: int,
    return_sequences: bool,
    return_cache: bool,
) -> tuple[tuple[Any, ...], Backward]:
    no_cache("stacked_rnn", return_cache)
    layers, named = _restored(options, per_layer, initial_h, initial_c, flat)
    y, h, c, cache = stacked_rnn(x, layers, **named, return_cache=True)

    def back(
        needs: Needs, dy: FloatArray | None, dh: FloatArray | None, dc: FloatArray | None
    ) -> list[FloatArray | None]:
        d = stacked_rnn_backward(dy, x, layers, cache, dh=dh, dc=dc, need_dx=needs[0], **named)
        return [d.dx, d.dinitial_h, d.dinitial_c, *(w for layer in d.dlayers for w in layer)]

    return (y if return_sequences else None, h, c), back


def stacked_rnn_backward(
    dy: FloatArray | None,
    x: FloatArray,
    layers: Sequence[Layer],
    cache: tuple[Any, ...],
    *,
    cell: str = "lstm",
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
) -> StackedGradients:
    """The gradients of `sum(dy * y) + sum(dh * h) + sum(dc * c)`, back through time and layers.

    Args:
      dy: the shape of y, or None for zeros when `dh` or `dc` is given.
      x: what `stacked_rnn` was given, as are all arguments not named here.
      layers: likewise.
      cache: what `stacked_rnn` returned, with the same instruction-set tier in use. It holds every layer's y.
      cell: as `stacked_rnn` was told.
      dh: the gradient of h, (L, N, U) or of both directions (L, N, 2U), or None for zeros.
      dc: likewise of c.
      initial_h: as it was given, or None.
      initial_c: likewise.
      mask: (N, T) or None.
      lengths: (N,) or None.
      reverse: whether `stacked_rnn` walked from the last step to the first.
      zero_output_for_mask: whether `stacked_rnn` put out 0 at masked steps.
      time_major: whether x, y, dy and dx have the steps first.
      need_dx: whether to compute `dx`, which first layers do not need.

    Returns:
      `StackedGradients(dx, dlayers, dinitial_h, dinitial_c)`; dlayers has a tuple a layer, as `layers` has.

    Raises:
      TypeError: as `stacked_rnn`; a cache that is not one.
      ValueError: as `stacked_rnn`; a gradient or `cache` of another shape; `dy`, `dh` and `dc` are all None.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, square = np.ones((2, 5, 3)), np.ones((4, 4))
      >>> layers = [(np.ones((3, 4)), square, None), (square, square, None)]
      >>> y, h, c, cache = ops.stacked_rnn(x, layers, cell="relu_rnn", return_cache=True)
      >>> gradients = ops.stacked_rnn_backward(np.ones_like(y), x, layers, cache, cell="relu_rnn")
      >>> gradients.dx.shape, gradients.dlayers[1][0].shape
      ((2, 5, 3), (4, 4))
    """
    options = Options(cell, initial_h, initial_c, mask, lengths, reverse, zero_output_for_mask, time_major)
    return backward("stacked_rnn_backward", dy, x, layers, cache, dh, dc, options, need_dx)
