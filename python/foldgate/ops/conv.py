"""Convolution, one to three spatial axes, forward and backward."""

from __future__ import annotations

from typing import Any

from foldgate import _native, config
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray, Ints, Padding
from foldgate.gradients import ConvGradients
from foldgate.ops._activation import activation_code
from foldgate.ops._record import KnownOp
from foldgate.ops._scalars import check_flags
from foldgate.ops._window import channels_axis, flat_pads, is_int, per_axis

_ALGORITHMS: dict[str | None, int] = {
    None: 0,
    **{name: i + 1 for i, name in enumerate(config.CONV_ALGORITHMS)},
}
# Planning costs more than a small convolution, and models repeat a few shapes.
_calls = _native.Calls(3)
_backward_calls = _native.Calls(4)
_Options = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int, bool, int, int]


@_calls.first  # a call like an earlier one never comes here
def conv(
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
) -> FloatArray:
    """Convolves `x` with `kernel` (the cross-correlation of the field), adds `bias` and applies `activation`.

        y[n, p, o] = activation(bias[o] + sum over taps j and channels c of
                                x[n, p * strides - before + j * dilation_rate, c] * kernel[j, c, o])

    With groups, output channel `o` of group `o // (Cout / groups)` sees only that group's input channels.

    Args:
      x: (N, *spatial, Cin), or (N, Cin, *spatial) with channels first; one to three spatial axes.
      kernel: (*kernel_size, Cin / groups, Cout), in either data format.
      bias: (Cout,) or None.
      strides: an int, or one a spatial axis.
      padding: `"valid"`; `"same"` (ceil(in / strides) outputs, the odd position after); `"causal"` (one
        spatial axis: no output sees a later input); an int; an int an axis; or a (before, after) pair
        an axis.
      data_format: `"channels_last"` or `"channels_first"`, of `x` and of the result.
      dilation_rate: an int, or one a spatial axis.
      groups: a divisor of Cin and Cout.
      activation: None, `"relu"`, `"relu6"`, `"tanh"` or `"sigmoid"`.
      algorithm: None leaves it to `foldgate.set_conv_algorithm` or the shape; `"direct"`, `"im2col"`,
        `"depthwise"` (as many groups as input channels), `"winograd"` (3 x 3 or 5 x 5 taps, 3-D up to 7
        times as many; strides of 1, one dilation_rate of height and width within the outputs, of 1 along
        the depth and with channels first) or `"fft"` (1-D, strides of 1, up to 32768 taps), the last two of
        which the shape chooses where they are faster. The first three give the same sums, rounded in another
        order. Winograd's transforms, of height and width, round on the way: about twice the error, whole
        numbers come out inexact, and an infinity or a NaN reaches all outputs of a tile that sees it, 4 x 4
        or for 5 x 5 taps 2 x 2. So do Fourier transforms, whose infinities and NaNs reach the outputs of a
        block and of the one that is paired with it, in the same image. Name `"direct"` where that matters.

    Returns:
      (N, *out, Cout), or (N, Cout, *out) with channels first, of the dtype of `x`.

    Raises:
      TypeError: an operand is not an array, not float32 or float64, or of another dtype than `x`; an option
        is of a wrong kind.
      ValueError: shapes or options do not fit each other; the effective kernel is larger than the padded
        input.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, kernel = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1.0, 10.0])
      >>> ops.conv(x.reshape(1, 4, 1), kernel.reshape(2, 1, 1)).ravel()
      array([21., 42., 84.])
    """
    options = (strides, padding, data_format, dilation_rate, groups, activation)
    chosen = config.get_conv_algorithm() if algorithm is None else algorithm
    y: FloatArray | None = _op.run(x, kernel, bias, (*options, chosen))
    return _op.drawn(x, kernel, bias, (*options, algorithm)) if y is None else y


def _plan(x: FloatArray, kernel: FloatArray, bias: FloatArray | None, options: tuple[Any, ...]) -> FloatArray:
    """A convolution that is not known, which it is from now on."""
    x = operand("conv", "x", x)
    kernel = operand("conv", "kernel", kernel, x)
    bias = optional("conv", "bias", bias, x)
    plan = _native.ConvPlan(x.shape, kernel.shape, *conv_options("conv", x, kernel, *options))
    _calls.keep(plan, x, kernel, bias, *options)
    return plan(x, kernel, bias)


def conv_backward(
    dy: FloatArray,
    x: FloatArray,
    kernel: FloatArray,
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
    """The gradients of `sum(dy * conv(x, kernel, bias, ...))`.

    Args:
      dy: the gradient of the output, of the output's shape.
      x: what `conv` was given.
      kernel: what `conv` was given.
      y: what `conv` returned; needed where there is an activation, whose derivative is a function of it.
      strides, padding, data_format, dilation_rate, groups, activation, algorithm: as in `conv`.
      need_dx: whether to compute `dx`; the first layer of a model does not need it.
      need_dkernel: whether to compute `dkernel`.
      need_dbias: whether to compute `dbias`.

    Returns:
      `ConvGradients(dx, dkernel, dbias)`, None where not needed.

    Raises:
      TypeError: as `conv`.
      ValueError: as `conv`; `dy` or `y` has not the output's shape; there is an activation and no `y`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, kernel = np.ones((1, 4, 1)), np.array([1.0, 10.0]).reshape(2, 1, 1)
      >>> dx, dkernel, dbias = ops.conv_backward(np.ones((1, 3, 1)), x, kernel)
      >>> dx.ravel(), dkernel.ravel(), dbias
      (array([ 1., 11., 11., 10.]), array([3., 3.]), array([3.]))
    """
    if algorithm is None:
        algorithm = config.get_conv_algorithm()
    options = (strides, padding, data_format, dilation_rate, groups, activation, algorithm)
    needs = (need_dx, need_dkernel, need_dbias)
    gradients = _backward_calls.run(dy, x, kernel, y, *options, *needs, False)
    if gradients is None:
        gradients = _plan_backward(dy, x, kernel, y, options, needs, False)
    return tuple.__new__(ConvGradients, gradients)


def _plan_backward(
    dy: FloatArray,
    x: FloatArray,
    kernel: FloatArray,
    y: FloatArray | None,
    options: tuple[Any, ...],
    needs: tuple[bool, bool, bool],
    over_dy: bool,
) -> tuple[FloatArray | None, ...]:
    """`conv_backward` of a call that is not known."""
    op = "conv_backward"
    x = operand(op, "x", x)
    kernel = operand(op, "kernel", kernel, x)
    dy = operand(op, "dy", dy, x)
    y = optional(op, "y", y, x)
    codes = conv_options(op, x, kernel, *options)
    if y is None and codes[5] != 0:
        raise ValueError(f"{op}: y is None with activation {options[5]!r}; expected what conv returned")
    need_dx, need_dkernel, need_dbias = needs
    check_flags(op, need_dx=need_dx, need_dkernel=need_dkernel, need_dbias=need_dbias)
    wanted = bool(need_dx), bool(need_dkernel), bool(need_dbias)
    plan = _native.ConvBackwardPlan(x.shape, kernel.shape, *codes, *wanted, over_dy)
    _backward_calls.keep(plan, dy, x, kernel, y, *options, *needs, over_dy)
    return plan(dy, x, kernel, y)


def conv_options(
    op: str,
    x: FloatArray,
    kernel: FloatArray,
    strides: Ints,
    padding: Padding,
    data_format: str,
    dilation_rate: Ints,
    groups: int,
    activation: str | None,
    algorithm: str | None,
) -> _Options:
    """The options as the native op takes them: all of a kind, one entry an axis, names as codes."""
    rank = kernel.ndim - 2
    if not 1 <= rank <= 3:
        raise ValueError(
            f"{op}: kernel has shape {kernel.shape}; expected (*kernel_size, Cin / groups, Cout) with 1, 2 "
            "or 3 spatial axes"
        )
    if x.ndim != kernel.ndim:
        raise ValueError(
            f"{op}: x has {x.ndim} axes; expected {kernel.ndim} as kernel has shape {kernel.shape}"
        )
    channels_first = channels_axis(op, data_format, x.ndim) == 1
    steps = per_axis(op, "strides", strides, rank)
    dilation = per_axis(op, "dilation_rate", dilation_rate, rank)
    spatial = x.shape[2:] if channels_first else x.shape[1:-1]
    pads = flat_pads(op, padding, spatial, kernel.shape[:-2], steps, dilation, causal=True)
    return (
        steps,
        tuple(pads),
        dilation,
        checked_groups(op, groups),
        channels_first,
        activation_code(op, activation),
        algorithm_code(op, algorithm),
    )


def is_plain(
    strides: Ints,
    padding: Padding,
    data_format: str,
    dilation_rate: Ints,
    groups: int,
    activation: str | None,
    algorithm: str | None,
) -> bool:
    """Whether the options may be keys of what is known: True and 1.0 equal 1 as keys but are no strides."""
    return (
        type(strides) is int
        and type(dilation_rate) is int
        and type(groups) is int
        and type(padding) is str
        and type(data_format) is str
        and (activation is None or type(activation) is str)
        and (algorithm is None or type(algorithm) is str)
    )


def checked_groups(op: str, groups: object) -> int:
    """`groups` as an int of at least 1."""
    if not is_int(groups):
        raise TypeError(f"{op}: groups is {groups!r}; expected an int of at least 1")
    count: int = int(groups)  # type: ignore[call-overload]
    if not 1 <= count < 2**63:
        raise ValueError(f"{op}: groups is {count}; expected at least 1 and a divisor of x's channels")
    return count


def algorithm_code(op: str, algorithm: str | None) -> int:
    """The native code of an algorithm by name, or of the global one."""
    name = config.get_conv_algorithm() if algorithm is None else algorithm
    code = _ALGORITHMS.get(name) if name is None or isinstance(name, str) else None
    if code is None:
        raise ValueError(
            f"{op}: algorithm is {algorithm!r}; expected one of {config.CONV_ALGORITHMS} or None"
        )
    return code


_op = KnownOp(
    conv,
    ("strides", "padding", "data_format", "dilation_rate", "groups", "activation", "algorithm"),
    _calls,
    _plan,
    _backward_calls,
    _plan_backward,
)
