"""The GRU in both directions: see `_bidirectional.py`."""

from __future__ import annotations

from typing import Any

from foldgate.gradients import BidirectionalGradients
from foldgate.reference._bidirectional import backward, forward
from foldgate.reference._types import Array
from foldgate.reference.gru import gru, gru_backward

__all__ = ["bidirectional_gru", "bidirectional_gru_backward"]


def bidirectional_gru(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    reverse_kernel: Array,
    reverse_recurrent_kernel: Array,
    reverse_bias: Array | None,
    *,
    reset_after: bool = True,
    initial_h: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """Both directions of `gru`, side by side.

    Args:
        x: `(N, T, D)`.
        kernel, recurrent_kernel, bias: `(D, 3U)`, `(U, 3U)` and as in `gru`, of the forward direction.
        reverse_kernel, reverse_recurrent_kernel, reverse_bias: the same of the other direction.
        reset_after: as in `gru`.
        initial_h: `(N, 2U)`, or `None` for zeros.
        mask, lengths, zero_output_for_mask, time_major, return_sequences, return_cache: as in `gru`.

    Returns:
        `(y, h)`: `y` is `(N, T, 2U)`, and `h`, `(N, 2U)`, the states after each direction's last
        step; with `return_cache`, `(y, h, cache)`.

    Raises:
        ValueError: as `gru`, or when one direction alone has a bias.

    Example:
        >>> import numpy as np
        >>> weights = np.ones((8, 48)), np.ones((16, 48)), np.zeros((2, 48))
        >>> y, *states = bidirectional_gru(np.ones((2, 5, 8)), *weights, *weights)
        >>> y.shape, states[0].shape
        ((2, 5, 32), (2, 32))
    """
    return forward(gru, locals())


def bidirectional_gru_backward(
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
    reset_after: bool = True,
    dh: Array | None = None,
    initial_h: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> BidirectionalGradients:
    """The gradients of `sum(dy * y) + sum(dh * h)` of `bidirectional_gru`.

    Args:
        dy: `(N, T, 2U)`; may be `None` (zeros) when another gradient is given.
        x, kernel, recurrent_kernel, bias: what `bidirectional_gru` was given.
        reverse_kernel, reverse_recurrent_kernel, reverse_bias: likewise.
        y, cache: what it returned.
        reset_after: as in `gru`.
        dh: of the last states, `(N, 2U)`, or `None` for zeros.
        initial_h, mask, lengths, zero_output_for_mask, time_major: what it was given.
        need_dx: whether to return `dx`.

    Returns:
        `BidirectionalGradients`.

    Raises:
        ValueError: as `gru_backward`.

    Example:
        >>> import numpy as np
        >>> x, weights = np.ones((2, 5, 3)), (np.ones((3, 12)), np.ones((4, 12)), None)
        >>> y, *_, cache = bidirectional_gru(x, *weights, *weights, return_cache=True)
        >>> bidirectional_gru_backward(y, x, *weights, *weights, y, cache).dinitial_h.shape
        (2, 8)
    """
    return backward(gru_backward, locals())
