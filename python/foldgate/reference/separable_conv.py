"""Separable convolution: a depthwise convolution, then one of a single tap that mixes the channels."""

from __future__ import annotations

from foldgate.gradients import SeparableConvGradients
from foldgate.reference._types import Array, Ints, Padding
from foldgate.reference.conv import conv, conv_backward

__all__ = ["separable_conv", "separable_conv_backward"]


def separable_conv(
    x: Array,
    depthwise_kernel: Array,
    pointwise_kernel: Array,
    bias: Array | None = None,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    activation: str | None = None,
) -> Array:
    """Convolve every channel with kernels of its own, then mix the results pixel by pixel.

    Args:
        x: `(N, *spatial, Cin)`, or `(N, Cin, *spatial)` with channels first.
        depthwise_kernel: `(*kernel_size, Cin, multiplier)`.
        pointwise_kernel: `(1, ..., 1, Cin * multiplier, Cout)`; row `c * multiplier + m` is the m-th of c.
        bias: `(Cout,)` or `None`.
        strides, padding, data_format, dilation_rate: as in `conv`, of the depthwise convolution.
        activation: as in `conv`, of the result.

    Returns:
        `(N, *out, Cout)`, or `(N, Cout, *out)` with channels first.

    Raises:
        ValueError: when shapes do not fit each other.

    Example:
        >>> import numpy as np
        >>> x, each = np.ones((1, 3, 2)), np.ones((2, 2, 1))
        >>> separable_conv(x, each, np.array([[[1.0], [10.0]]])).ravel()
        array([22., 22.])
    """
    hidden = conv(
        x,
        _grouped(depthwise_kernel),
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        groups=depthwise_kernel.shape[-2],
    )
    return conv(hidden, pointwise_kernel, bias, data_format=data_format, activation=activation)


def separable_conv_backward(
    dy: Array,
    x: Array,
    depthwise_kernel: Array,
    pointwise_kernel: Array,
    *,
    y: Array | None = None,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    activation: str | None = None,
    need_dx: bool = True,
    need_ddepthwise_kernel: bool = True,
    need_dpointwise_kernel: bool = True,
    need_dbias: bool = True,
) -> SeparableConvGradients:
    """The gradients of `sum(dy * separable_conv(...))`.

    Args:
        dy: the gradient of the result.
        x, depthwise_kernel, pointwise_kernel: as given to `separable_conv`.
        y: the result; needed with an activation.
        strides, padding, data_format, dilation_rate, activation: as in `separable_conv`.
        need_dx, need_ddepthwise_kernel, need_dpointwise_kernel, need_dbias: which gradients to compute.

    Returns:
        `SeparableConvGradients`, `None` where not needed.

    Raises:
        ValueError: as `separable_conv`.

    Example:
        >>> import numpy as np
        >>> x, each, mix = np.ones((1, 3, 2)), np.ones((2, 2, 1)), np.array([[[1.0], [10.0]]])
        >>> separable_conv_backward(np.ones((1, 2, 1)), x, each, mix).dpointwise_kernel.ravel()
        array([4., 4.])
    """
    options = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate}
    options |= {"data_format": data_format, "groups": depthwise_kernel.shape[-2]}
    kernel = _grouped(depthwise_kernel)
    mixed = conv_backward(
        dy,
        conv(x, kernel, **options),  # type: ignore[arg-type]
        pointwise_kernel,
        y=y,
        data_format=data_format,
        activation=activation,
    )
    assert mixed.dx is not None
    each = conv_backward(mixed.dx, x, kernel, **options)  # type: ignore[arg-type]
    assert each.dkernel is not None
    return SeparableConvGradients(
        each.dx if need_dx else None,
        each.dkernel.reshape(depthwise_kernel.shape) if need_ddepthwise_kernel else None,
        mixed.dkernel if need_dpointwise_kernel else None,
        mixed.dbias if need_dbias else None,
    )


def _grouped(kernel: Array) -> Array:
    """(*k, Cin, multiplier) as a kernel of Cin groups: (*k, 1, Cin * multiplier)."""
    return kernel.reshape(*kernel.shape[:-2], 1, -1)
