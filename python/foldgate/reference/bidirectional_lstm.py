"""The LSTM in both directions: see `_bidirectional.py`."""

from __future__ import annotations

from typing import Any

from foldgate.gradients import BidirectionalGradients
from foldgate.reference._bidirectional import backward, forward
from foldgate.reference._types import Array
from foldgate.reference.lstm import lstm, lstm_backward

__all__ = ["bidirectional_lstm", "bidirectional_lstm_backward"]


def bidirectional_lstm(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    reverse_kernel: Array,
    reverse_recurrent_kernel: Array,
    reverse_bias: Array | None,
    *,
    initial_h: Array | None = None,
    initial_c: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """Both directions of `lstm`, side by side.

    Args:
        x: `(N, T, D)`.
        kernel, recurrent_kernel, bias: `(D, 4U)`, `(U, 4U)` and `(4U,)` or `None`, of the forward direction.
        reverse_kernel, reverse_recurrent_kernel, reverse_bias: the same of the other direction.
        initial_h, initial_c: `(N, 2U)`, or `None` for zeros.
        mask, lengths, zero_output_for_mask, time_major, return_sequences, return_cache: as in `lstm`.

    Returns:
        `(y, h, c)`: `y` is `(N, T, 2U)`, and `h` and `c`, both `(N, 2U)`, the states after each direction's
        last step; with `return_cache`, `(y, h, c, cache)`.

    Raises:
        ValueError: as `lstm`, or when one direction alone has a bias.

    Example:
        >>> import numpy as np
        >>> weights = np.ones((8, 64)), np.ones((16, 64)), np.zeros(64)
        >>> y, *states = bidirectional_lstm(np.ones((2, 5, 8)), *weights, *weights)
        >>> y.shape, states[0].shape
        ((2, 5, 32), (2, 32))
    """
    return forward(lstm, locals())


def bidirectional_lstm_backward(
    dy: Array | None,
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    reverse_kernel: Array,
    reverse_recurrent_kernel: Array,
    reverse_bias: Array | None,
    y: Array,
    cache: Array,
    *,
    dh: Array | None = None,
    dc: Array | None = None,
    initial_h: Array | None = None,
    initial_c: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> BidirectionalGradients:
    """The gradients of `sum(dy * y) + sum(dh * h) + sum(dc * c)` of `bidirectional_lstm`.

    Args:
        dy: `(N, T, 2U)`; may be `None` (zeros) when another gradient is given.
        x, kernel, recurrent_kernel, bias: what `bidirectional_lstm` was given.
        reverse_kernel, reverse_recurrent_kernel, reverse_bias: likewise.
        y, cache: what it returned.
        dh, dc: of the last states, `(N, 2U)`, or `None` for zeros.
        initial_h, initial_c, mask, lengths, zero_output_for_mask, time_major: what it was given.
        need_dx: whether to return `dx`.

    Returns:
        `BidirectionalGradients`.

    Raises:
        ValueError: as `lstm_backward`.

    Example:
        >>> import numpy as np
        >>> x, weights = np.ones((2, 5, 3)), (np.ones((3, 16)), np.ones((4, 16)), None)
        >>> y, *_, cache = bidirectional_lstm(x, *weights, *weights, return_cache=True)
        >>> bidirectional_lstm_backward(y, x, *weights, *weights, y, cache).dinitial_h.shape
        (2, 8)
    """
    return backward(lstm_backward, locals())
