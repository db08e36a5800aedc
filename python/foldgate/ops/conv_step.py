"""Causal 1-D convolution of a sequence that comes in pieces."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray
from foldgate.gradients import ConvStep
from foldgate.ops._activation import activation_code
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._window import per_axis
from foldgate.ops.conv import checked_groups, conv, conv_backward

_OP = "conv_step"


def conv_step(
    x: FloatArray,
    state: FloatArray | None,
    kernel: FloatArray,
    bias: FloatArray | None = None,
    *,
    dilation_rate: int = 1,
    groups: int = 1,
    activation: str | None = None,
) -> ConvStep:
    """The next outputs of `conv(..., padding="causal")` along a sequence that comes in pieces.

    However the sequence is cut, the outputs are those of one call on the whole, to rounding. Nothing is kept
    between calls: the state is an argument and a result. On a tape both results are differentiable.

    Args:
      x: (N, T, Cin), the next T time steps, at least one.
      state: (N, (k - 1) * dilation_rate, Cin), the inputs before `x`: what the call before returned; None
        for zeros, at the beginning.
      kernel: (k, Cin / groups, Cout).
      bias: (Cout,) or None.
      dilation_rate, groups, activation: as in `conv`.

    Returns:
      `ConvStep(y, state)`: y (N, T, Cout), and the state for the next call, an array of its own.

    Raises:
      TypeError: as `conv`.
      ValueError: as `conv`; `x` has no time step; `state` has another shape.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> kernel = np.array([1.0, 10.0]).reshape(2, 1, 1)
      >>> y, state = ops.conv_step(np.ones((1, 2, 1)), None, kernel)
      >>> y.ravel(), state.ravel()
      (array([10., 11.]), array([1.]))
    """
    if any_tensor(x, state, kernel, bias):
        return record(conv_step, _recorded, ("x", "state", "kernel", "bias"), locals())
    x = operand(_OP, "x", x)
    kernel = operand(_OP, "kernel", kernel, x)
    state = optional(_OP, "state", state, x)
    bias = optional(_OP, "bias", bias, x)
    before = _checked(x, kernel, bias, dilation_rate, groups, activation)
    shape = (x.shape[0], before, x.shape[2])
    if state is not None and state.shape != shape:
        raise ValueError(
            f"{_OP}: state has shape {state.shape}; expected {shape}: (kernel_size - 1) * dilation_rate steps"
        )
    seen = _seen(x, state, before)
    y = conv(seen, kernel, bias, dilation_rate=dilation_rate, groups=groups, activation=activation)
    return ConvStep(y, seen[:, x.shape[1] :].copy())


def _seen(x: FloatArray, state: FloatArray | None, before: int) -> FloatArray:
    """x behind the inputs before it."""
    if state is None:
        state = np.zeros((x.shape[0], before, x.shape[2]), x.dtype)
    return np.concatenate([state, x], axis=1)


def _recorded(
    x: FloatArray, state: FloatArray | None, kernel: FloatArray, bias: FloatArray | None, **options: Any
) -> tuple[ConvStep, Backward]:
    result = conv_step(x, state, kernel, bias, **options)
    before = result.state.shape[1]
    y = None if options["activation"] is None else result.y  # which the activation's derivative reads
    shape = result.y.shape

    def backward(
        needs: Needs, dy: FloatArray | None, dstate: FloatArray | None
    ) -> tuple[FloatArray | None, ...]:
        need_dx, need_dstate, need_dkernel, need_dbias = needs
        dseen, dkernel, dbias = conv_backward(
            np.zeros(shape, x.dtype) if dy is None else dy,
            _seen(x, state, before),
            kernel,
            y=y,
            need_dx=need_dx or need_dstate,
            need_dkernel=need_dkernel,
            need_dbias=need_dbias,
            **options,
        )
        if dseen is None:
            return None, None, dkernel, dbias
        if dstate is not None:
            dseen[:, x.shape[1] :] += dstate
        return dseen[:, before:].copy(), dseen[:, :before].copy(), dkernel, dbias

    return result, backward


def _checked(
    x: FloatArray,
    kernel: FloatArray,
    bias: FloatArray | None,
    dilation_rate: int,
    groups: int,
    activation: str | None,
) -> int:
    """The steps of the state, of arguments that fit each other."""
    if x.ndim != 3:
        raise ValueError(f"{_OP}: x has {x.ndim} axes; expected 3: (N, T, Cin)")
    if x.shape[1] < 1:
        raise ValueError(f"{_OP}: x has {x.shape[1]} time steps; expected at least 1")
    if kernel.ndim != 3:
        raise ValueError(f"{_OP}: kernel has {kernel.ndim} axes; expected 3: (k, Cin / groups, Cout)")
    (rate,) = per_axis(_OP, "dilation_rate", dilation_rate, 1)
    parts = checked_groups(_OP, groups)
    size, per_group, out = kernel.shape
    channels = x.shape[2]
    if channels % parts or out % parts:
        raise ValueError(
            f"{_OP}: groups is {parts}; expected a divisor of x's {channels} and kernel's {out} channels"
        )
    if size < 1 or out < 1 or per_group < 1 or per_group != channels // parts:
        raise ValueError(
            f"{_OP}: kernel has shape {kernel.shape}; expected (k, {channels // parts}, Cout), no extent 0"
        )
    if bias is not None and bias.shape != (out,):
        raise ValueError(f"{_OP}: bias has shape {bias.shape}; expected ({out},)")
    activation_code(_OP, activation)
    before = int((size - 1) * rate)
    if before >= 2**40:
        raise ValueError(f"{_OP}: dilation_rate is {rate}; expected a state of fewer than 2**40 steps")
    return before
