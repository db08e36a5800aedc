"""Convolution and 2 x 2 max pooling as one operation: the convolution's output is never stored."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray, IntArray, Ints, Padding
from foldgate.gradients import ConvGradients
from foldgate.ops._activation import activation_backward
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import check_flags
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
    shape = _convolved(op, x, kernel, options)
    _check_taps(op, taps, dy, shape, options[4])
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
    unpooled = max_pool_backward(dy, taps, shape, data_format=data_format)
    return conv_backward(unpooled, x, kernel, **convolution)


def _convolved(op: str, x: FloatArray, kernel: FloatArray, options: Any) -> tuple[int, ...]:
    """The shape of the convolution's result, of operands that fit each other."""
    if kernel.ndim != 4:
        raise ValueError(f"{op}: kernel has shape {kernel.shape}; expected (H, W, Cin / groups, Cout)")
    steps, pads, dilation, groups, channels_first, *_ = options
    inputs, outputs = x.shape[1 if channels_first else -1], kernel.shape[-1]
    if inputs % groups or outputs % groups:
        raise ValueError(
            f"{op}: groups is {groups}; expected a divisor of x's {inputs} channels and of kernel's {outputs}"
        )
    if kernel.shape[-2] * groups != inputs:
        raise ValueError(
            f"{op}: kernel has shape {kernel.shape}; expected (*kernel_size, {inputs // groups}, Cout)"
        )
    spatial = x.shape[2:] if channels_first else x.shape[1:-1]
    positions = tuple(
        (size + before + after - (extent - 1) * d - 1) // step + 1
        for size, before, after, extent, d, step in zip(
            spatial, pads[::2], pads[1::2], kernel.shape[:2], dilation, steps, strict=True
        )
    )
    if min(positions) < 2:
        raise ValueError(
            f"{op}: the convolution has {positions} positions; expected at least 2 along each axis"
        )
    return (len(x), outputs, *positions) if channels_first else (len(x), *positions, outputs)


def _check_taps(
    op: str, taps: IntArray, dy: FloatArray, convolved: tuple[int, ...], channels_first: bool
) -> None:
    first = 2 if channels_first else 1
    pooled = tuple(
        extent // 2 if first <= axis < first + 2 else extent for axis, extent in enumerate(convolved)
    )
    if not isinstance(taps, np.ndarray):
        raise TypeError(f"{op}: taps is a {type(taps).__name__}; expected a numpy.ndarray of uint8")
    if taps.dtype != np.uint8:
        raise TypeError(f"{op}: taps has dtype {taps.dtype}; expected uint8")
    for name, array in (("dy", dy), ("taps", taps)):
        if array.shape != pooled:
            raise ValueError(f"{op}: {name} has shape {array.shape}; expected {pooled}")
    highest = taps.view(np.ndarray).max(initial=0)
    if highest > 3:
        raise IndexError(f"{op}: taps hold {highest}; expected 0 to 3")
