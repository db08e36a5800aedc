"""Convolution and 2 x 2 max pooling as one operation: the convolution's output is never stored."""

from __future__ import annotations

from typing import Any, Literal, overload

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray, IntArray, Ints, Padding
from foldgate.gradients import ConvGradients
from foldgate.ops._activation import activation_backward
from foldgate.ops._flags import check_flags
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops.conv import conv_backward, conv_options
from foldgate.ops.pool import max_pool_backward


@overload
def conv_max_pool(
    x: FloatArray,
    kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str | None = None,
    return_taps: Literal[False] = False,
) -> FloatArray: ...
@overload
def conv_max_pool(
    x: FloatArray,
    kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str | None = None,
    return_taps: Literal[True],
) -> tuple[FloatArray, IntArray]: ...
def conv_max_pool(
    x: FloatArray,
    kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str | None = None,
    return_taps: bool = False,
) -> FloatArray | tuple[FloatArray, IntArray]:
    """The same as `max_pool(conv(x, kernel, bias, ...), 2)`, over two spatial axes.

    Where Winograd's algorithm computes a channels_last convolution with no activation, `"relu"` or `"relu6"`,
    the maxima are taken in its output transform, and the convolution's output, four times the result, is
    never stored.

    Args:
      x: (N, H, W, Cin), or (N, Cin, H, W) with channels first.
      kernel: (height, width, Cin / groups, Cout).
      bias: (Cout,) or None.
      strides, padding, data_format, dilation_rate, groups, activation, algorithm: as in `conv`.
      return_taps: whether to return also which of the four outputs won each window, which
        `conv_max_pool_backward` takes.

    Returns:
      y: (N, OH // 2, OW // 2, Cout), or (N, Cout, OH // 2, OW // 2) with channels first, with `conv`'s output
        extents OH and OW; with `return_taps` the pair (y, taps), taps uint8 of the same shape.

    Raises:
      TypeError: as `conv`; `return_taps` is not a bool.
      ValueError: as `conv`; the kernel has not four axes; the convolution has fewer than 2 outputs an axis.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
      >>> ops.conv_max_pool(x, np.full((1, 1, 1, 1), 2.0)).reshape(2, 2)
      array([[10., 14.],
             [26., 30.]])
    """
    if any_tensor(x, kernel, bias):
        return record(conv_max_pool, _recorded, ("x", "kernel", "bias"), locals())
    op = "conv_max_pool"
    x = operand(op, "x", x)
    kernel = operand(op, "kernel", kernel, x)
    bias = optional(op, "bias", bias, x)
    check_flags(op, return_taps=return_taps)
    options = conv_options(
        op, x, kernel, strides, padding, data_format, dilation_rate, groups, activation, algorithm
    )
    y, taps = _native.conv_max_pool(x, kernel, bias, *options, return_taps)
    return y if taps is None else (y, taps)


def _recorded(
    x: FloatArray, kernel: FloatArray, bias: FloatArray | None, *, return_taps: bool, **options: Any
) -> tuple[Any, Backward]:
    y, taps = conv_max_pool(x, kernel, bias, return_taps=True, **options)

    def backward(needs: Needs, dy: FloatArray, dtaps: None = None) -> ConvGradients:
        dx, dkernel, dbias = needs
        return conv_max_pool_backward(
            dy, x, kernel, taps, y=y, need_dx=dx, need_dkernel=dkernel, need_dbias=dbias, **options
        )

    return ((y, taps) if return_taps else y), backward


def conv_max_pool_backward(
    dy: FloatArray,
    x: FloatArray,
    kernel: FloatArray,
    taps: IntArray,
    *,
    y: FloatArray | None = None,
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

    An activation that rises everywhere gives its winner the derivative of the winner's own value.

    Args:
      dy: the gradient of the result, of the result's shape.
      x: what `conv_max_pool` was given.
      kernel: what `conv_max_pool` was given.
      taps: what `conv_max_pool` returned.
      y: what `conv_max_pool` returned; needed where there is an activation.
      strides, padding, data_format, dilation_rate, groups, activation, algorithm: as in `conv`.
      need_dx, need_dkernel, need_dbias: as in `conv_backward`.

    Returns:
      `ConvGradients(dx, dkernel, dbias)`, None where not needed.

    Raises:
      TypeError: as `conv_backward`.
      ValueError: as `conv_backward`; the shapes disagree.
      IndexError: a tap is above 3.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, kernel = np.arange(4.0).reshape(1, 2, 2, 1), np.full((1, 1, 1, 1), 2.0)
      >>> y, taps = ops.conv_max_pool(x, kernel, return_taps=True)
      >>> dx, dkernel, dbias = ops.conv_max_pool_backward(np.ones_like(y), x, kernel, taps)
      >>> dx.ravel(), dkernel.ravel(), dbias
      (array([0., 0., 0., 2.]), array([3.]), array([1.]))
    """
    op = "conv_max_pool_backward"
    check_flags(op, need_dx=need_dx, need_dkernel=need_dkernel, need_dbias=need_dbias)
    x = operand(op, "x", x)
    kernel = operand(op, "kernel", kernel, x)
    dy = operand(op, "dy", dy, x)
    y = optional(op, "y", y, x)
    options = conv_options(
        op, x, kernel, strides, padding, data_format, dilation_rate, groups, activation, algorithm
    )
    if activation not in (None, "linear"):
        if y is None:
            raise ValueError(
                f"{op}: y is None with activation {activation!r}; expected what conv_max_pool returned"
            )
        if y.shape != dy.shape:
            raise ValueError(f"{op}: y has shape {y.shape}; expected dy's, {dy.shape}")
        dy = activation_backward(activation, dy, y)
    steps, pads, dilation, _, channels_first, _, _ = options
    convolution: dict[str, Any] = {
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
        "dilation_rate": dilation_rate,
        "groups": groups,
        "algorithm": algorithm,
        "need_dx": need_dx,
        "need_dkernel": need_dkernel,
        "need_dbias": need_dbias,
    }
    spatial = x.shape[2:] if channels_first else x.shape[1:-1]
    outputs = tuple(
        (size + before + after - (extent - 1) * d - 1) // step + 1
        for size, before, after, extent, d, step in zip(
            spatial, pads[::2], pads[1::2], kernel.shape[:2], dilation, steps, strict=True
        )
    )
    channels = kernel.shape[-1]
    shape = (len(x), channels, *outputs) if channels_first else (len(x), *outputs, channels)
    unpooled = max_pool_backward(dy, taps, shape, data_format=data_format)
    return conv_backward(unpooled, x, kernel, **convolution)
