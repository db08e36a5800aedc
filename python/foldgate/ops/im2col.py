"""Windows laid out as columns of a matrix, and their adjoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray, Ints, Padding
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._window import channels_axis, flat_pads, is_int, per_axis

_Window = tuple[tuple[int, ...], tuple[int, ...], list[int], tuple[int, ...], bool]


def im2col(
    x: FloatArray,
    kernel_size: Ints,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
) -> FloatArray:
    """Lays every window of `x` out as a column of K = prod(kernel_size) * C numbers, in (tap, channel) order.

        columns[n, p, (j, c)] = x[n, p * strides - before + j * dilation_rate, c], 0 in the padding

    so that `columns @ kernel.reshape(K, Cout)` is the convolution.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with channels first; one to three spatial axes.
      kernel_size: an int, or one a spatial axis.
      strides: an int, or one a spatial axis.
      padding: `"valid"`, `"same"`, `"causal"` (one spatial axis), an int, an int an axis, or a pair an axis.
      data_format: `"channels_last"` or `"channels_first"`.
      dilation_rate: an int, or one a spatial axis.

    Returns:
      (N, *out, K), or (N, K, *out) with channels first.

    Raises:
      TypeError: `x` is not a float32 or float64 array; an option is of a wrong kind.
      ValueError: the effective kernel is larger than the padded input, or options do not fit `x`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.im2col(np.arange(4.0).reshape(1, 4, 1), 3)
      array([[[0., 1., 2.],
              [1., 2., 3.]]])
    """
    if any_tensor(x):
        return record(im2col, _recorded, ("x",), locals())
    x = operand("im2col", "x", x)
    return _native.im2col(
        x, *_window("im2col", "x", x.shape, kernel_size, strides, padding, data_format, dilation_rate)
    )


def _recorded(x: FloatArray, **options: Any) -> tuple[FloatArray, Backward]:
    shape = x.shape

    def backward(needs: Needs, dcolumns: FloatArray) -> Sequence[FloatArray]:
        return (col2im(dcolumns, shape, **options),)

    return im2col(x, **options), backward


def col2im(
    columns: FloatArray,
    input_shape: Sequence[int],
    kernel_size: Ints,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
) -> FloatArray:
    """Adds columns back to where `im2col` took them from: its adjoint, <im2col(x), c> = <x, col2im(c)>.

    Args:
      columns: (N, *out, K), or (N, K, *out) with channels first.
      input_shape: the full shape of the image, with batch and channels, in the order of `data_format`.
      kernel_size, strides, padding, data_format, dilation_rate: as in `im2col`.

    Returns:
      The image, of shape `input_shape`; the order of its sums is set by the shapes alone.

    Raises:
      TypeError: `columns` is not a float32 or float64 array; an option is of a wrong kind.
      ValueError: `columns` has not the shape that `im2col` gives for `input_shape`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.col2im(np.ones((1, 2, 3)), (1, 4, 1), 3).ravel()
      array([1., 2., 2., 1.])
    """
    if any_tensor(columns):
        return record(col2im, _recorded_adjoint, ("columns",), locals())
    columns = operand("col2im", "columns", columns)
    shape = _input_shape(input_shape)
    return _native.col2im(
        columns,
        shape,
        *_window("col2im", "input_shape", shape, kernel_size, strides, padding, data_format, dilation_rate),
    )


def _recorded_adjoint(
    columns: FloatArray, input_shape: Sequence[int], **options: Any
) -> tuple[FloatArray, Backward]:
    def backward(needs: Needs, dx: FloatArray) -> Sequence[FloatArray]:
        return (im2col(dx, **options),)

    return col2im(columns, input_shape, **options), backward


def _input_shape(value: object) -> tuple[int, ...]:
    if not isinstance(value, (tuple, list)) or not all(is_int(v) for v in value):
        raise TypeError(f"col2im: input_shape is {value!r}; expected a tuple of ints")
    shape = tuple(int(v) for v in value)
    if any(not 0 <= v < 2**63 for v in shape):
        raise ValueError(f"col2im: input_shape is {shape}; expected none negative and none of 2**63 or more")
    return shape


def _window(
    op: str,
    name: str,
    shape: Sequence[int],
    kernel_size: Ints,
    strides: Ints,
    padding: Padding,
    data_format: str,
    dilation_rate: Ints,
) -> _Window:
    """The window as the native op takes it: one entry an axis, pads as numbers."""
    if not 3 <= len(shape) <= 5:
        raise ValueError(
            f"{op}: {name} has {len(shape)} axes; expected 3, 4 or 5: batch, channels and 1, 2 or 3 spatial"
        )
    rank = len(shape) - 2
    channels_first = channels_axis(op, data_format, len(shape)) == 1
    kernel = per_axis(op, "kernel_size", kernel_size, rank)
    steps = per_axis(op, "strides", strides, rank)
    dilation = per_axis(op, "dilation_rate", dilation_rate, rank)
    spatial = shape[2:] if channels_first else shape[1:-1]
    pads = flat_pads(op, padding, spatial, kernel, steps, dilation, causal=True)
    return kernel, steps, pads, dilation, channels_first
