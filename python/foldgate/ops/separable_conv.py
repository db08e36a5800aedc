"""Separable convolution: depthwise, then one tap that mixes the channels; forward and backward."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray, Ints, Padding
from foldgate.gradients import SeparableConvGradients
from foldgate.ops._activation import activation_code
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import check_flags
from foldgate.ops._window import channels_axis, flat_pads, per_axis
from foldgate.ops.conv import conv, conv_backward, is_plain


def separable_conv(
    x: FloatArray,
    depthwise_kernel: FloatArray,
    pointwise_kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    activation: str | None = None,
) -> FloatArray:
    """Convolves every channel with kernels of its own, then mixes the results pixel by pixel.

        h[n, p, c * multiplier + m] = sum over taps j of depthwise_kernel[j, c, m] *
                                      x[n, p * strides - before + j * dilation_rate, c]
        y[n, p, o] = activation(bias[o] + sum over channels i of h[n, p, i] * pointwise_kernel[i, o])

    Args:
      x: (N, *spatial, Cin), or (N, Cin, *spatial) with channels first; one to three spatial axes.
      depthwise_kernel: (*kernel_size, Cin, multiplier), in either data format.
      pointwise_kernel: (1, ..., 1, Cin * multiplier, Cout), as many ones as spatial axes.
      bias: (Cout,) or None.
      strides, padding, data_format, dilation_rate: as in `conv`, of the depthwise convolution.
      activation: as in `conv`, of the result.

    Returns:
      (N, *out, Cout), or (N, Cout, *out) with channels first, of the dtype of `x`.

    Raises:
      TypeError: as `conv`.
      ValueError: as `conv`; the kernels do not fit each other.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, each = np.ones((1, 3, 2)), np.ones((2, 2, 1))
      >>> ops.separable_conv(x, each, np.array([[[1.0], [10.0]]])).ravel()
      array([22., 22.])
    """
    if any_tensor(x, depthwise_kernel, pointwise_kernel, bias):
        return record(
            separable_conv, _recorded, ("x", "depthwise_kernel", "pointwise_kernel", "bias"), locals()
        )
    op = "separable_conv"
    x = operand(op, "x", x)
    depthwise_kernel = operand(op, "depthwise_kernel", depthwise_kernel, x)
    pointwise_kernel = operand(op, "pointwise_kernel", pointwise_kernel, x)
    bias = optional(op, "bias", bias, x)
    options = _options(
        op, x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate, activation
    )
    if bias is not None and bias.shape != pointwise_kernel.shape[-1:]:
        raise ValueError(f"{op}: bias has shape {bias.shape}; expected {pointwise_kernel.shape[-1:]}")
    hidden = conv(x, _grouped(depthwise_kernel), **options)
    return conv(hidden, pointwise_kernel, bias, data_format=data_format, activation=activation)


def _recorded(
    x: FloatArray,
    depthwise_kernel: FloatArray,
    pointwise_kernel: FloatArray,
    bias: FloatArray | None,
    **options: Any,
) -> tuple[FloatArray, Backward]:
    y = separable_conv(x, depthwise_kernel, pointwise_kernel, bias, **options)
    result = None if options["activation"] is None else y  # which the activation's derivative reads

    def backward(needs: Needs, dy: FloatArray) -> SeparableConvGradients:
        dx, ddepthwise, dpointwise, dbias = needs
        return separable_conv_backward(
            dy,
            x,
            depthwise_kernel,
            pointwise_kernel,
            y=result,
            need_dx=dx,
            need_ddepthwise_kernel=ddepthwise,
            need_dpointwise_kernel=dpointwise,
            need_dbias=dbias,
            **options,
        )

    return y, backward


def separable_conv_backward(
    dy: FloatArray,
    x: FloatArray,
    depthwise_kernel: FloatArray,
    pointwise_kernel: FloatArray,
    *,
    y: FloatArray | None = None,
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
    """The gradients of `sum(dy * separable_conv(...))`. The depthwise result is computed again, not kept.

    Args:
      dy: the gradient of the output, of the output's shape.
      x, depthwise_kernel, pointwise_kernel: what `separable_conv` was given.
      y: what `separable_conv` returned; needed where there is an activation.
      strides, padding, data_format, dilation_rate, activation: as in `separable_conv`.
      need_dx: whether to compute `dx`; the first layer of a model does not need it.
      need_ddepthwise_kernel: whether to compute `ddepthwise_kernel`.
      need_dpointwise_kernel: whether to compute `dpointwise_kernel`.
      need_dbias: whether to compute `dbias`.

    Returns:
      `SeparableConvGradients(dx, ddepthwise_kernel, dpointwise_kernel, dbias)`, None where not needed.

    Raises:
      TypeError: as `separable_conv`.
      ValueError: as `separable_conv`; `dy` or `y` has not the output's shape; there is an activation and no
        `y`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, each, mix = np.ones((1, 3, 2)), np.ones((2, 2, 1)), np.array([[[1.0], [10.0]]])
      >>> ops.separable_conv_backward(np.ones((1, 2, 1)), x, each, mix).dpointwise_kernel.ravel()
      array([4., 4.])
    """
    op = "separable_conv_backward"
    check_flags(
        op,
        need_dx=need_dx,
        need_ddepthwise_kernel=need_ddepthwise_kernel,
        need_dpointwise_kernel=need_dpointwise_kernel,
        need_dbias=need_dbias,
    )
    x = operand(op, "x", x)
    depthwise_kernel = operand(op, "depthwise_kernel", depthwise_kernel, x)
    pointwise_kernel = operand(op, "pointwise_kernel", pointwise_kernel, x)
    dy = operand(op, "dy", dy, x)
    y = optional(op, "y", y, x)
    options = _options(
        op, x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate, activation
    )
    if y is None and activation_code(op, activation) != 0:
        raise ValueError(
            f"{op}: y is None with activation {activation!r}; expected what separable_conv returned"
        )
    kernel = _grouped(depthwise_kernel)
    hidden = conv(x, kernel, **options)
    expected = _result_shape(hidden, pointwise_kernel, data_format)
    for name, array in (("dy", dy), ("y", y)):
        if array is not None and array.shape != expected:
            raise ValueError(f"{op}: {name} has shape {array.shape}; expected {expected}")
    mixed = conv_backward(
        dy,
        hidden,
        pointwise_kernel,
        y=y,
        data_format=data_format,
        activation=activation,
        need_dx=need_dx or need_ddepthwise_kernel,
        need_dkernel=need_dpointwise_kernel,
        need_dbias=need_dbias,
    )
    if mixed.dx is None:
        return SeparableConvGradients(None, None, mixed.dkernel, mixed.dbias)
    each = conv_backward(
        mixed.dx,
        x,
        kernel,
        **options,
        need_dx=need_dx,
        need_dkernel=need_ddepthwise_kernel,
        need_dbias=False,
    )
    ddepthwise = None if each.dkernel is None else each.dkernel.reshape(depthwise_kernel.shape)
    return SeparableConvGradients(each.dx, ddepthwise, mixed.dkernel, mixed.dbias)


def _grouped(kernel: FloatArray) -> FloatArray:
    """(*k, Cin, multiplier) as a kernel of Cin groups: (*k, 1, Cin * multiplier)."""
    return kernel.reshape(*kernel.shape[:-2], 1, kernel.shape[-2] * kernel.shape[-1])


def _result_shape(hidden: FloatArray, pointwise_kernel: FloatArray, data_format: str) -> tuple[int, ...]:
    shape = list(hidden.shape)
    shape[1 if data_format == "channels_first" else -1] = pointwise_kernel.shape[-1]
    return tuple(shape)


def _options(
    op: str,
    x: FloatArray,
    depthwise_kernel: FloatArray,
    pointwise_kernel: FloatArray,
    strides: Ints,
    padding: Padding,
    data_format: str,
    dilation_rate: Ints,
    activation: str | None,
) -> dict[str, Any]:
    """The options of the depthwise convolution, looked at once where they are plain: see `conv`."""
    plain = is_plain(strides, padding, data_format, dilation_rate, 1, activation, None)
    check = _known_checked if plain else _checked
    return check(
        op,
        x.shape,
        depthwise_kernel.shape,
        pointwise_kernel.shape,
        strides,
        padding,
        data_format,
        dilation_rate,
        activation,
    )


def _checked(
    op: str,
    x: tuple[int, ...],
    depthwise_kernel: tuple[int, ...],
    pointwise_kernel: tuple[int, ...],
    strides: Ints,
    padding: Padding,
    data_format: str,
    dilation_rate: Ints,
    activation: str | None,
) -> dict[str, Any]:
    """The options of the depthwise convolution, of operands whose shapes fit each other."""
    rank = len(depthwise_kernel) - 2
    if not 1 <= rank <= 3:
        raise ValueError(
            f"{op}: depthwise_kernel has shape {depthwise_kernel}; expected (*kernel_size, "
            "Cin, multiplier) with 1, 2 or 3 spatial axes"
        )
    if len(x) != rank + 2:
        raise ValueError(f"{op}: x has {len(x)} axes; expected {rank + 2} as depthwise_kernel has")
    first = channels_axis(op, data_format, len(x)) == 1
    channels, spatial = (x[1], x[2:]) if first else (x[-1], x[1:-1])
    if depthwise_kernel[-2] != channels or 0 in depthwise_kernel:
        raise ValueError(
            f"{op}: depthwise_kernel has shape {depthwise_kernel}; expected (*kernel_size, {channels}, "
            "multiplier), no extent 0"
        )
    expected = (*[1] * rank, channels * depthwise_kernel[-1])
    if pointwise_kernel[:-1] != expected or pointwise_kernel[-1] < 1:
        raise ValueError(f"{op}: pointwise_kernel has shape {pointwise_kernel}; expected {expected} and Cout")
    activation_code(op, activation)
    steps = per_axis(op, "strides", strides, rank)
    rates = per_axis(op, "dilation_rate", dilation_rate, rank)
    size = depthwise_kernel[:-2]
    pads = flat_pads(op, padding, spatial, size, steps, rates, causal=True)
    for axis, extent in enumerate(spatial):
        covered, needed = extent + sum(pads[2 * axis : 2 * axis + 2]), (size[axis] - 1) * rates[axis] + 1
        if extent < 1 or covered < needed or max(covered, needed, steps[axis]) >= 2**40:
            raise ValueError(
                f"{op}: the effective kernel size {needed} does not fit the padded input of {covered} along "
                f"spatial axis {axis}"
            )
    padded = [extent + sum(pads[2 * axis : 2 * axis + 2]) for axis, extent in enumerate(spatial)]
    if prod((*padded, x[0], expected[-1], pointwise_kernel[-1])) >= 2**63:
        raise ValueError(f"{op}: padding is {padding!r}; expected fewer than 2**63 padded values")
    return {
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
        "dilation_rate": dilation_rate,
        "groups": channels,
    }


_known_checked = lru_cache(maxsize=1024)(_checked)
