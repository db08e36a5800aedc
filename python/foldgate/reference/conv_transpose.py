"""Transposed convolution by one matrix product per group and col2im: the adjoint of `conv`, with a bias.

    y[n, q, o] = activation( bias[o] + sum over taps j and positions p with
                             p * strides + j * dilation_rate - before = q,
                             and channels c of x[n, p, c] * kernel[j, o, c] )

The window's axes are those of the convolution from y's images to x's: its `extent` is y's, its `out` is x's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from foldgate.gradients import ConvGradients
from foldgate.reference._activation import activate, activation_backward
from foldgate.reference._groups import join_columns, join_kernel, split_columns, split_kernel
from foldgate.reference._types import Array, Ints, Padding
from foldgate.reference._window import Axis, from_channels_last, to_channels_last
from foldgate.reference.im2col import columns_of, image_of

__all__ = ["conv_transpose", "conv_transpose_backward"]


def conv_transpose(
    x: Array,
    kernel: Array,
    bias: Array | None = None,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    output_padding: Ints | None = None,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str | None = None,
) -> Array:
    """Spread every position of `x` over a window of the output, add `bias`, apply `activation`.

    Args:
        x: `(N, *spatial, Cin)`, or `(N, Cin, *spatial)` with channels first; one to three spatial axes.
        kernel: `(*kernel_size, Cout / groups, Cin)`.
        bias: `(Cout,)` or `None`.
        strides: an int, or one per spatial axis.
        padding: what is cut off the full output: nothing with `"valid"`; with `"same"` so much that
            in * strides positions stay, the odd one cut after; an int; an int per axis; or a (before, after)
            pair per axis.
        output_padding: positions added after: an int, one per axis, or `None`. With `None` `"valid"` adds
            what the stride has over the effective kernel. With a number `"same"` cuts half the effective
            kernel, rounded down, off either end, and then adds.
        data_format: `"channels_last"` or `"channels_first"`, of `x` and of the result.
        dilation_rate: an int, or one per spatial axis.
        groups: into how many independent groups the channels are split.
        activation: `None`, `"linear"`, `"relu"`, `"relu6"`, `"tanh"` or `"sigmoid"`.
        algorithm: named for `foldgate.ops.conv_transpose`'s sake; all algorithms mean this same formula.

    Returns:
        `(N, *out, Cout)`, or `(N, Cout, *out)` with channels first.

    Raises:
        ValueError: when channels and groups disagree, or the padding leaves no output.

    Example:
        >>> import numpy as np
        >>> x, kernel = np.array([1.0, 2.0]), np.array([1.0, 10.0, 100.0])
        >>> conv_transpose(x.reshape(1, 2, 1), kernel.reshape(3, 1, 1), strides=2).ravel()
        array([  1.,  10., 102.,  20., 200.])
    """
    x = to_channels_last(x, data_format)
    axes = _axes("conv_transpose", x, kernel, strides, padding, output_padding, dilation_rate, groups)
    rows = _rows(x, groups)  # (G, rows, Cin/G)
    product = rows @ split_kernel(kernel, groups).transpose(0, 2, 1)  # (G, rows, taps * Cout/G)
    y = image_of(join_columns(product, len(x), axes), axes)
    if bias is not None:
        y = y + bias
    return from_channels_last(activate(y, activation), data_format)


def conv_transpose_backward(
    dy: Array,
    x: Array,
    kernel: Array,
    *,
    y: Array | None = None,
    strides: Ints = 1,
    padding: Padding = "valid",
    output_padding: Ints | None = None,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str | None = None,
    need_dx: bool = True,
    need_dkernel: bool = True,
    need_dbias: bool = True,
) -> ConvGradients:
    """The gradients of `sum(dy * conv_transpose(x, kernel, bias, ...))`.

    With `y = col2im(x @ kernel^T) + bias` per group, and `d` the gradient before the activation:

        dx = im2col(d) @ kernel        dkernel = im2col(d)^T @ x        dbias = sum of d over rows

    Args:
        dy: the gradient of the output, of the output's shape.
        x: what `conv_transpose` was given.
        kernel: what `conv_transpose` was given.
        y: what `conv_transpose` returned; needed where there is an activation.
        strides, padding, output_padding, data_format, dilation_rate, groups, activation, algorithm: as in
            `conv_transpose`.
        need_dx: whether to compute `dx`.
        need_dkernel: whether to compute `dkernel`.
        need_dbias: whether to compute `dbias`.

    Returns:
        `ConvGradients(dx, dkernel, dbias)`, `None` where not needed.

    Raises:
        ValueError: as `conv_transpose`; and when there is an activation and no `y`.

    Example:
        >>> import numpy as np
        >>> x, kernel = np.ones((1, 2, 1)), np.array([1.0, 10.0]).reshape(2, 1, 1)
        >>> dx, dkernel, dbias = conv_transpose_backward(np.ones((1, 3, 1)), x, kernel)
        >>> dx.ravel(), dkernel.ravel(), dbias
        (array([11., 11.]), array([2., 2.]), array([3.]))
    """
    op = "conv_transpose_backward"
    x, dy = to_channels_last(x, data_format), to_channels_last(dy, data_format)
    axes = _axes(op, x, kernel, strides, padding, output_padding, dilation_rate, groups)
    if activation not in (None, "linear"):
        if y is None:
            raise ValueError(
                f"{op}: y is None with activation {activation!r}; expected what conv_transpose gave"
            )
        dy = activation_backward(dy, to_channels_last(y, data_format), activation)
    columns = split_columns(columns_of(dy, axes), axes, groups)  # (G, rows, taps * Cout/G)

    dx = dkernel = dbias = None
    if need_dx:
        drows = columns @ split_kernel(kernel, groups)  # (G, rows, Cin/G)
        dx = from_channels_last(drows.transpose(1, 0, 2).reshape(x.shape), data_format)
    if need_dkernel:
        dkernel = join_kernel(columns.transpose(0, 2, 1) @ _rows(x, groups), kernel)
    if need_dbias:
        dbias = dy.reshape(-1, dy.shape[-1]).sum(axis=0)
    return ConvGradients(dx, dkernel, dbias)


def _rows(x: Array, groups: int) -> Array:
    """(N, *spatial, C) -> (G, rows, C/G)."""
    return x.reshape(math.prod(x.shape[:-1]), groups, x.shape[-1] // groups).transpose(1, 0, 2)


def _axes(
    op: str,
    x: Array,
    kernel: Array,
    strides: Ints,
    padding: Padding,
    output_padding: Ints | None,
    dilation_rate: Ints,
    groups: int,
) -> tuple[Axis, ...]:
    if x.ndim != kernel.ndim:
        raise ValueError(f"{op}: x has {x.ndim} axes; expected {kernel.ndim} as kernel is {kernel.shape}")
    *kernel_size, per_group, channels = kernel.shape
    if x.shape[-1] != channels or channels % groups or not per_group or not channels:
        raise ValueError(
            f"{op}: kernel is {kernel.shape} with {groups} groups; expected (*k, Cout / groups, "
            f"{x.shape[-1]}), a multiple of groups"
        )
    rank = len(kernel_size)
    steps, dilation = _each(strides, rank), _each(dilation_rate, rank)
    added = [None] * rank if output_padding is None else _each(output_padding, rank)
    pads = [padding] * rank if isinstance(padding, (str, int)) else list(padding)
    return tuple(
        _axis(op, *axis)
        for axis in zip(x.shape[1:-1], kernel_size, steps, dilation, pads, added, strict=True)
    )


def _each(value: Ints, rank: int) -> Sequence[int]:
    return [value] * rank if isinstance(value, int) else value


def _axis(
    op: str,
    positions: int,
    taps: int,
    stride: int,
    dilation: int,
    padding: str | int | Sequence[int],
    added: int | None,
) -> Axis:
    """The convolution's axis: as many outputs as `x` has positions, and the extent of `y` as its input."""
    if added is not None and not 0 <= added < max(stride, dilation):
        raise ValueError(f"{op}: output_padding is {added}; expected less than {max(stride, dilation)}")
    effective = (taps - 1) * dilation + 1
    full = (positions - 1) * stride + effective
    if padding == "valid":
        before, extent = 0, full + (max(0, stride - effective) if added is None else added)
    elif padding == "same":
        extent = positions * stride if added is None else full - 2 * (effective // 2) + added
        before = max(0, full - extent) // 2
    elif isinstance(padding, str):
        raise ValueError(f"{op}: padding is {padding!r}; expected 'valid', 'same' or ints")
    else:
        before, after = (padding, padding) if isinstance(padding, int) else padding
        extent = full - before - after + (added or 0)
    if extent < 1:
        raise ValueError(f"{op}: the output has {extent} positions; expected at least 1: less padding")
    return Axis(extent, taps, stride, dilation, before, max(0, full - before - extent), positions)
