"""Convolution and 2 x 2 max pooling, one after the other: what the fused operation must equal."""

from __future__ import annotations

from typing import Any

from foldgate.gradients import ConvGradients
from foldgate.reference._activation import activation_backward
from foldgate.reference._types import Array, Ints, Padding
from foldgate.reference.conv import conv, conv_backward
from foldgate.reference.pool import max_pool, max_pool_backward

__all__ = ["conv_max_pool", "conv_max_pool_backward"]


def conv_max_pool(
    x: Array,
    kernel: Array,
    bias: Array | None = None,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str | None = None,
    return_taps: bool = False,
) -> Any:
    """`max_pool(conv(x, kernel, bias, ...), 2)`, over two spatial axes.

    Args:
        x, kernel, bias, strides, padding, data_format, dilation_rate, groups, activation, algorithm: as in
            `conv`.
        return_taps: whether to return also the winners' tap numbers, uint8.

    Returns:
        y, or the pair (y, taps).

    Example:
        >>> import numpy as np
        >>> conv_max_pool(np.arange(4.0).reshape(1, 2, 2, 1), np.full((1, 1, 1, 1), 2.0)).ravel()
        array([6.])
    """
    y = conv(
        x,
        kernel,
        bias,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        groups=groups,
        activation=activation,
    )
    return max_pool(y, 2, data_format=data_format, return_indices="taps" if return_taps else False)


def conv_max_pool_backward(
    dy: Array,
    x: Array,
    kernel: Array,
    taps: Array,
    *,
    y: Array | None = None,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str | None = None,
    need_dx: bool = True,
    need_dkernel: bool = True,
    need_dbias: bool = True,
) -> ConvGradients:
    """The gradients of `sum(dy * conv_max_pool(x, kernel, bias, ...))`.

    The convolution's output is wanted for its shape alone: the activation's derivative is a function of `y`.

    Args:
        dy: the gradient of the result.
        x, kernel: what `conv_max_pool` was given.
        taps: what it returned.
        y: what it returned; needed where there is an activation.
        strides, padding, data_format, dilation_rate, groups, activation, algorithm: as in `conv`.
        need_dx, need_dkernel, need_dbias: as in `conv_backward`.

    Returns:
        `ConvGradients(dx, dkernel, dbias)`, `None` where not needed.

    Example:
        >>> import numpy as np
        >>> x, kernel = np.arange(4.0).reshape(1, 2, 2, 1), np.full((1, 1, 1, 1), 2.0)
        >>> y, taps = conv_max_pool(x, kernel, return_taps=True)
        >>> conv_max_pool_backward(np.ones_like(y), x, kernel, taps).dx.ravel()
        array([0., 0., 0., 2.])
    """
    if activation not in (None, "linear"):
        if y is None:
            raise ValueError(
                f"conv_max_pool_backward: y is None with activation {activation!r}; expected what "
                "conv_max_pool returned"
            )
        dy = activation_backward(dy, y, activation)
    options: dict[str, Any] = {
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
        "dilation_rate": dilation_rate,
        "groups": groups,
    }
    shape = conv(x, kernel, **options).shape
    unpooled = max_pool_backward(dy, taps, shape, data_format=data_format)
    options |= {"need_dx": need_dx, "need_dkernel": need_dkernel, "need_dbias": need_dbias}
    return conv_backward(unpooled, x, kernel, **options)
