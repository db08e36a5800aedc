"""The simple RNN in both directions: see `_bidirectional.py`."""

from __future__ import annotations

from typing import Any

from foldgate.gradients import BidirectionalGradients
from foldgate.reference._bidirectional import backward, forward
from foldgate.reference._types import Array
from foldgate.reference.simple_rnn import simple_rnn, simple_rnn_backward

__all__ = ["bidirectional_simple_rnn", "bidirectional_simple_rnn_backward"]


def bidirectional_simple_rnn(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    reverse_kernel: Array,
    reverse_recurrent_kernel: Array,
    reverse_bias: Array | None,
    *,
    activation: str = "tanh",
    initial_h: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """Both directions of `simple_rnn`, side by side.

    Args:
        x: `(N, T, D)`.
        kernel, recurrent_kernel, bias: `(D, U)`, `(U, U)` and `(U,)` or `None`, of the forward direction.
        reverse_kernel, reverse_recurrent_kernel, reverse_bias: the same of the other direction.
        activation: `"tanh"` or `"relu"`.
        initial_h: `(N, 2U)`, or `None` for zeros.
        mask, lengths, zero_output_for_mask, time_major, return_sequences, return_cache: as in `simple_rnn`.

    Returns:
        `(y, h)`: `y` is `(N, T, 2U)`, and `h`, `(N, 2U)`, the states after each direction's last
        step; with `return_cache`, `(y, h, cache)`.

    Raises:
        ValueError: as `simple_rnn`, or when one direction alone has a bias.

    Example:
        >>> import numpy as np
        >>> weights = np.ones((8, 16)), np.ones((16, 16)), np.zeros(16)
        >>> y, *states = bidirectional_simple_rnn(np.ones((2, 5, 8)), *weights, *weights)
        >>> y.shape, states[0].shape
        ((2, 5, 32), (2, 32))
    """
    return forward(simple_rnn, locals())


def bidirectional_simple_rnn_backward(
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
    activation: str = "tanh",
    dh: Array | None = None,
    initial_h: Array | None = None,
    mask: Array | None = None,
    lengths: Array | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    need_dx: bool = True,
) -> BidirectionalGradients:
    """The gradients of `sum(dy * y) + sum(dh * h)` of `bidirectional_simple_rnn`.

    Args:
        dy: `(N, T, 2U)`; may be `None` (zeros) when another gradient is given.
        x, kernel, recurrent_kernel, bias: what `bidirectional_simple_rnn` was given.
        reverse_kernel, reverse_recurrent_kernel, reverse_bias: likewise.
        y, cache: what it returned.
        activation: `"tanh"` or `"relu"`.
        dh: of the last states, `(N, 2U)`, or `None` for zeros.
        initial_h, mask, lengths, zero_output_for_mask, time_major: what it was given.
        need_dx: whether to return `dx`.

    Returns:
        `BidirectionalGradients`.

    Raises:
        ValueError: as `simple_rnn_backward`.

    Example:
        >>> import numpy as np
        >>> x, weights = np.ones((2, 5, 3)), (np.ones((3, 4)), np.ones((4, 4)), None)
        >>> y, *_, cache = bidirectional_simple_rnn(x, *weights, *weights, return_cache=True)
        >>> bidirectional_simple_rnn_backward(y, x, *weights, *weights, y, cache).dinitial_h.shape
        (2, 8)
    """
    return backward(simple_rnn_backward, locals())
