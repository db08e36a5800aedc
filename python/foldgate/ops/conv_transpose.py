"""Transposed convolution, one to three spatial axes, forward and backward."""

from __future__ import annotations

from typing import Any

from foldgate import _native, config
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray, Ints, Padding
from foldgate.gradients import ConvGradients
from foldgate.ops._conv_transpose import transposed_options
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import check_flags

_calls = _native.Calls(3, 128)

_backward_calls = _native.Calls(4, 128)


@_calls.first  # a call like an earlier one never comes here
def conv_transpose(
    x: FloatArray,
    kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    output_padding: Ints | None = None,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str | None = None,
) -> FloatArray:
    """Spreads every position of `x` over a window of the output: the adjoint of `conv`, with a bias.

        y[n, q, o] = activation(bias[o] + sum over taps j and positions p with
                                p * strides + j * dilation_rate - before = q, and channels c, of
                                x[n, p, c] * kernel[j, o, c])

    With groups, output channel `o` of group `o // (Cout / groups)` sees only that group's input channels.

    Args:
      x: (N, *spatial, Cin), or (N, Cin, *spatial) with channels first; one to three spatial axes.
      kernel: (*kernel_size, Cout / groups, Cin), in either data format.
      bias: (Cout,) or None.
      strides: an int, or one a spatial axis.
      padding: what is cut off the full output of (in - 1) * strides + (kernel_size - 1) * dilation_rate + 1
        positions. `"valid"`: nothing; `"same"`: so much that in * strides stay, the odd position cut after;
        an int; an int an axis; or a (before, after) pair an axis.
      output_padding: positions added after, below the stride or the dilation rate; an int, one an axis, or
        None. With None `"valid"` adds what the stride has over the effective kernel. With a number
        `"same"` cuts half the effective kernel, rounded down, off either end, and then adds.
      data_format: `"channels_last"` or `"channels_first"`, of `x` and of the result.
      dilation_rate: an int, or one a spatial axis.
      groups: a divisor of Cin.
      activation: None, `"relu"`, `"relu6"`, `"tanh"` or `"sigmoid"`.
      algorithm: of the convolution that this is the adjoint of; see `conv`.

    Returns:
      (N, *out, Cout), or (N, Cout, *out) with channels first, of the dtype of `x`.

    Raises:
      TypeError: an operand is not an array, not float32 or float64, or of another dtype than `x`; an option
        is of a wrong kind.
      ValueError: shapes or options do not fit each other; the padding leaves no output.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, kernel = np.array([1.0, 2.0]), np.array([1.0, 10.0, 100.0])
      >>> ops.conv_transpose(x.reshape(1, 2, 1), kernel.reshape(3, 1, 1), strides=2).ravel()
      array([  1.,  10., 102.,  20., 200.])
    """
    if any_tensor(x, kernel, bias):
        return record(conv_transpose, _recorded, ("x", "kernel", "bias"), locals())
    algorithm = config.get_conv_algorithm() if algorithm is None else algorithm
    call = tuple(locals().values())
    op = "conv_transpose"
    x = operand(op, "x", x)
    kernel = operand(op, "kernel", kernel, x)
    options = transposed_options(
        op,
        x,
        kernel,
        strides,
        padding,
        output_padding,
        data_format,
        dilation_rate,
        groups,
        activation,
        algorithm,
    )
    bias = optional(op, "bias", bias, x)
    plan = _native.ConvTransposePlan(x.shape, kernel.shape, *options)
    _calls.keep(plan, *call)
    return plan(x, kernel, bias)


def _recorded(
    x: FloatArray, kernel: FloatArray, bias: FloatArray | None, **options: Any
) -> tuple[FloatArray, Backward]:
    y = conv_transpose(x, kernel, bias, **options)
    result = None if options["activation"] is None else y  # which the activation's derivative reads

    def backward(needs: Needs, dy: FloatArray) -> ConvGradients:
        dx, dkernel, dbias = needs
        return conv_transpose_backward(
            dy, x, kernel, y=result, need_dx=dx, need_dkernel=dkernel, need_dbias=dbias, **options
        )

    return y, backward


@_backward_calls.first  # a call like an earlier one never comes here
def conv_transpose_backward(
    dy: FloatArray,
    x: FloatArray,
    kernel: FloatArray,
    *,
    y: FloatArray | None = None,
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

    Args:
      dy: the gradient of the output, of the output's shape.
      x: what `conv_transpose` was given.
      kernel: what `conv_transpose` was given.
      y: what `conv_transpose` returned; needed where there is an activation, whose derivative is a function
        of it.
      strides, padding, output_padding, data_format, dilation_rate, groups, activation, algorithm: as in
        `conv_transpose`.
      need_dx: whether to compute `dx`.
      need_dkernel: whether to compute `dkernel`.
      need_dbias: whether to compute `dbias`.

    Returns:
      `ConvGradients(dx, dkernel, dbias)`, None where not needed.

    Raises:
      TypeError: as `conv_transpose`.
      ValueError: as `conv_transpose`; `dy` or `y` has not the output's shape; there is an activation and no
        `y`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, kernel = np.ones((1, 2, 1)), np.array([1.0, 10.0]).reshape(2, 1, 1)
      >>> dx, dkernel, dbias = ops.conv_transpose_backward(np.ones((1, 3, 1)), x, kernel)
      >>> dx.ravel(), dkernel.ravel(), dbias
      (array([11., 11.]), array([2., 2.]), array([3.]))
    """
    algorithm = config.get_conv_algorithm() if algorithm is None else algorithm
    call = tuple(locals().values())
    op = "conv_transpose_backward"
    x = operand(op, "x", x)
    kernel = operand(op, "kernel", kernel, x)
    dy = operand(op, "dy", dy, x)
    y = optional(op, "y", y, x)
    options = transposed_options(
        op,
        x,
        kernel,
        strides,
        padding,
        output_padding,
        data_format,
        dilation_rate,
        groups,
        activation,
        algorithm,
    )
    if y is None and options[6] != 0:
        raise ValueError(
            f"{op}: y is None with activation {activation!r}; expected what conv_transpose returned"
        )
    check_flags(op, need_dx=need_dx, need_dkernel=need_dkernel, need_dbias=need_dbias)
    needs = (bool(need_dx), bool(need_dkernel), bool(need_dbias))
    arguments = (dy, x, kernel, y, *options, *needs)
    return _backward_calls.learn(ConvGradients._make, _native.conv_transpose_backward, arguments, *call)
