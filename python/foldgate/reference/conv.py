"""Convolution (the cross-correlation of the field) by explicit im2col and one matrix product per group.

    y[n, p, o] = activation( bias[o] + sum over taps j and channels c of
                             x[n, p * strides + j * dilation_rate - before, c] * kernel[j, c, o] )

With groups, output channel `o` of group `g = o // (Cout / groups)` sees only the input channels of group `g`.
One, two and three spatial axes go the same way: p and j are multi-indices.
"""

from __future__ import annotations

import math

from foldgate.gradients import ConvGradients
from foldgate.reference._activation import activate, activation_backward
from foldgate.reference._groups import join_columns, join_kernel, split_columns, split_kernel
from foldgate.reference._types import Array, Ints, Padding
from foldgate.reference._window import Axis, from_channels_last, make_axes, out_shape, to_channels_last
from foldgate.reference.im2col import columns_of, image_of

__all__ = ["conv", "conv_backward"]


def conv(
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
) -> Array:
    """Convolve `x` with `kernel`, add `bias`, apply `activation`.

    Args:
        x: `(N, *spatial, Cin)`, or `(N, Cin, *spatial)` with channels first; one to three spatial axes.
        kernel: `(*kernel_size, Cin / groups, Cout)`.
        bias: `(Cout,)` or `None`.
        strides: an int, or one per spatial axis.
        padding: `"valid"`; `"same"` (out = ceil(in / strides), the extra after); `"causal"` (one axis only:
            output t sees nothing later than input t); an int; an int per axis; or a (before, after) pair
            per axis.
        data_format: `"channels_last"` or `"channels_first"`, of `x` and of the result.
        dilation_rate: an int, or one per spatial axis.
        groups: into how many independent groups the channels are split.
        activation: `None`, `"linear"`, `"relu"`, `"relu6"`, `"tanh"` or `"sigmoid"`.
        algorithm: named for `foldgate.ops.conv`'s sake; all algorithms mean this same formula.

    Returns:
        `(N, *out, Cout)`, or `(N, Cout, *out)` with channels first.

    Raises:
        ValueError: when channels and groups disagree, or the kernel is larger than the padded input.

    Example:
        >>> import numpy as np
        >>> x, kernel = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1.0, 10.0])
        >>> conv(x.reshape(1, 4, 1), kernel.reshape(2, 1, 1)).ravel()
        array([21., 42., 84.])
    """
    x = to_channels_last(x, data_format)
    axes = _conv_axes("conv", x, kernel, strides, padding, dilation_rate, groups)
    columns = split_columns(columns_of(x, axes), axes, groups)  # (G, rows, taps * C/G)
    product = columns @ split_kernel(kernel, groups)  # (G, rows, O/G)
    y = product.transpose(1, 0, 2).reshape(x.shape[0], *out_shape(axes), kernel.shape[-1])
    if bias is not None:
        y = y + bias
    return from_channels_last(activate(y, activation), data_format)


def conv_backward(
    dy: Array,
    x: Array,
    kernel: Array,
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
    """The gradients of `sum(dy * conv(x, kernel, bias, ...))`.

    With `y = columns @ kernel + bias` per group, and `d` the gradient before the activation:

        dx = col2im(d @ kernel^T)        dkernel = columns^T @ d        dbias = sum of d over rows

    Args:
        dy: the gradient of the output, of the output's shape.
        x: what `conv` was given.
        kernel: what `conv` was given.
        y: what `conv` returned; needed where there is an activation, whose derivative is a function of it.
        strides, padding, data_format, dilation_rate, groups, activation, algorithm: as in `conv`.
        need_dx: whether to compute `dx`.
        need_dkernel: whether to compute `dkernel`.
        need_dbias: whether to compute `dbias`.

    Returns:
        `ConvGradients(dx, dkernel, dbias)`, `None` where not needed.

    Raises:
        ValueError: as `conv`; and when there is an activation and no `y`.

    Example:
        >>> import numpy as np
        >>> x, kernel = np.ones((1, 4, 1)), np.array([1.0, 10.0]).reshape(2, 1, 1)
        >>> dx, dkernel, dbias = conv_backward(np.ones((1, 3, 1)), x, kernel)
        >>> dx.ravel(), dkernel.ravel(), dbias
        (array([ 1., 11., 11., 10.]), array([3., 3.]), array([3.]))
    """
    x, dy = to_channels_last(x, data_format), to_channels_last(dy, data_format)
    axes = _conv_axes("conv_backward", x, kernel, strides, padding, dilation_rate, groups)
    if activation not in (None, "linear"):
        if y is None:
            raise ValueError(
                f"conv_backward: y is None with activation {activation!r}; expected what conv gave"
            )
        dy = activation_backward(dy, to_channels_last(y, data_format), activation)
    out_channels = kernel.shape[-1]
    rows = x.shape[0] * math.prod(out_shape(axes))
    d = dy.reshape(rows, groups, out_channels // groups).transpose(1, 0, 2)  # (G, rows, O/G)

    dx = dkernel = dbias = None
    if need_dx:
        dcolumns = d @ split_kernel(kernel, groups).transpose(0, 2, 1)  # (G, rows, taps * C/G)
        dx = from_channels_last(image_of(join_columns(dcolumns, len(x), axes), axes), data_format)
    if need_dkernel:
        columns = split_columns(columns_of(x, axes), axes, groups)
        dkernel = join_kernel(columns.transpose(0, 2, 1) @ d, kernel)  # (G, taps * C/G, O/G) before the join
    if need_dbias:
        dbias = dy.reshape(rows, out_channels).sum(axis=0)
    return ConvGradients(dx, dkernel, dbias)


def _conv_axes(
    op: str, x: Array, kernel: Array, strides: Ints, padding: Padding, dilation_rate: Ints, groups: int
) -> tuple[Axis, ...]:
    if x.ndim != kernel.ndim:
        raise ValueError(f"{op}: x has {x.ndim} axes; expected {kernel.ndim} as kernel is {kernel.shape}")
    *kernel_size, per_group, out_channels = kernel.shape
    if x.shape[-1] != per_group * groups or out_channels % groups or not per_group or not out_channels:
        raise ValueError(
            f"{op}: kernel is {kernel.shape} with {groups} groups; expected (*k, {x.shape[-1]} / groups, "
            "a multiple of groups)"
        )
    return make_axes(op, x.shape[1:-1], kernel_size, strides, padding, dilation_rate)
