"""Recurrent layers in both directions: the op of one direction twice, its outputs side by side.

    y = [forward y, reverse y]    h = [forward h, reverse h]    (concatenated along the last axis)

The gradient of x is the sum of the directions'; everything else has its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate.gradients import BidirectionalGradients
from foldgate.reference._types import Array
from foldgate.reference.gru import gru, gru_backward
from foldgate.reference.lstm import lstm, lstm_backward
from foldgate.reference.simple_rnn import simple_rnn, simple_rnn_backward

__all__ = [
    "bidirectional_gru",
    "bidirectional_gru_backward",
    "bidirectional_lstm",
    "bidirectional_lstm_backward",
    "bidirectional_simple_rnn",
    "bidirectional_simple_rnn_backward",
]

_STATES = ("initial_h", "initial_c", "dh", "dc")


def _halves(array: Array | None) -> tuple[Any, Any]:
    """What the directions have of an array `(..., 2U)`."""
    if array is None:
        return None, None
    forward, reverse = np.split(array, 2, axis=-1)
    return forward, reverse


def _of_direction(options: dict[str, Any], direction: int) -> dict[str, Any]:
    """The options of one direction: its half of every state."""
    named = {name: _halves(v)[direction] if name in _STATES else v for name, v in options.items()}
    return {**named, "reverse": direction == 1}


def _forward(
    op: Callable[..., tuple[Any, ...]], x: Array, weights: tuple[Any, ...], return_cache: bool, **options: Any
) -> tuple[Any, ...]:
    if (weights[2] is None) != (weights[5] is None):
        raise ValueError(f"bidirectional_{op.__name__}: one of bias and reverse_bias is None; expected both")
    both = [
        op(x, *weights[3 * d : 3 * d + 3], return_cache=return_cache, **_of_direction(options, d))
        for d in range(2)
    ]
    parts = list(zip(*both, strict=True))
    caches = [np.stack(parts.pop())] if return_cache else []
    return (*(None if part[0] is None else np.concatenate(part, axis=-1) for part in parts), *caches)


def _backward(
    op: Callable[..., Any],
    dy: Array | None,
    x: Array,
    weights: tuple[Any, ...],
    y: Array,
    cache: Array,
    **options: Any,
) -> BidirectionalGradients:
    forward, reverse = (
        op(
            _halves(dy)[d],
            x,
            *weights[3 * d : 3 * d + 3],
            _halves(y)[d],
            cache[d],
            **_of_direction(options, d),
        )
        for d in range(2)
    )
    dinitial_c = None
    if hasattr(forward, "dinitial_c"):
        dinitial_c = np.concatenate([forward.dinitial_c, reverse.dinitial_c], axis=-1)
    return BidirectionalGradients(
        None if forward.dx is None else forward.dx + reverse.dx,
        forward.dkernel,
        forward.drecurrent_kernel,
        forward.dbias,
        reverse.dkernel,
        reverse.drecurrent_kernel,
        reverse.dbias,
        np.concatenate([forward.dinitial_h, reverse.dinitial_h], axis=-1),
        dinitial_c,
    )


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
    return_sequences: bool = True,
    return_cache: bool = False,
) -> tuple[Any, ...]:
    """Both directions of `lstm`, side by side.

    Args:
        x: `(N, T, D)`.
        kernel, recurrent_kernel, bias: `(D, 4U)`, `(U, 4U)` and `(4U,)` or `None`, of the forward direction.
        reverse_kernel, reverse_recurrent_kernel, reverse_bias: the same of the other direction.
        initial_h, initial_c: `(N, 2U)`, or `None` for zeros.
        mask, lengths, zero_output_for_mask, return_sequences, return_cache: as in `lstm`.

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
    return _forward(
        lstm,
        x,
        (kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias),
        return_cache,
        initial_h=initial_h,
        initial_c=initial_c,
        mask=mask,
        lengths=lengths,
        zero_output_for_mask=zero_output_for_mask,
        return_sequences=return_sequences,
    )


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
    need_dx: bool = True,
) -> BidirectionalGradients:
    """The gradients of `sum(dy * y) + sum(dh * h) + sum(dc * c)` of `bidirectional_lstm`.

    Args:
        dy: `(N, T, 2U)`; may be `None` (zeros) when another gradient is given.
        x, kernel, recurrent_kernel, bias: what `bidirectional_lstm` was given.
        reverse_kernel, reverse_recurrent_kernel, reverse_bias: likewise.
        y, cache: what it returned.
        dh, dc: of the last states, `(N, 2U)`, or `None` for zeros.
        initial_h, initial_c, mask, lengths, zero_output_for_mask: what it was given.
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
    return _backward(
        lstm_backward,
        dy,
        x,
        (kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias),
        y,
        cache,
        dh=dh,
        dc=dc,
        initial_h=initial_h,
        initial_c=initial_c,
        mask=mask,
        lengths=lengths,
        zero_output_for_mask=zero_output_for_mask,
        need_dx=need_dx,
    )


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
        mask, lengths, zero_output_for_mask, return_sequences, return_cache: as in `gru`.

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
    return _forward(
        gru,
        x,
        (kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias),
        return_cache,
        reset_after=reset_after,
        initial_h=initial_h,
        mask=mask,
        lengths=lengths,
        zero_output_for_mask=zero_output_for_mask,
        return_sequences=return_sequences,
    )


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
        initial_h, mask, lengths, zero_output_for_mask: what it was given.
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
    return _backward(
        gru_backward,
        dy,
        x,
        (kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias),
        y,
        cache,
        reset_after=reset_after,
        dh=dh,
        initial_h=initial_h,
        mask=mask,
        lengths=lengths,
        zero_output_for_mask=zero_output_for_mask,
        need_dx=need_dx,
    )


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
        mask, lengths, zero_output_for_mask, return_sequences, return_cache: as in `simple_rnn`.

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
    return _forward(
        simple_rnn,
        x,
        (kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias),
        return_cache,
        activation=activation,
        initial_h=initial_h,
        mask=mask,
        lengths=lengths,
        zero_output_for_mask=zero_output_for_mask,
        return_sequences=return_sequences,
    )


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
        initial_h, mask, lengths, zero_output_for_mask: what it was given.
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
    return _backward(
        simple_rnn_backward,
        dy,
        x,
        (kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias),
        y,
        cache,
        activation=activation,
        dh=dh,
        initial_h=initial_h,
        mask=mask,
        lengths=lengths,
        zero_output_for_mask=zero_output_for_mask,
        need_dx=need_dx,
    )
