"""Functions of every value, and the softmaxes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from foldgate import ops
from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import in_floats
from foldgate.onnx.operators.shapes import axis_of
from foldgate.onnx.registry import Context, Function, operator

_KERNELS: dict[str, Callable[[Array], Array]] = {
    "Erf": ops.erf,
    "Exp": ops.exp,
    "HardSwish": ops.hard_silu,
    "Log": ops.log,
    "Mish": ops.mish,
    "Sigmoid": ops.sigmoid,
    "Softplus": ops.softplus,
    "Softsign": ops.softsign,
    "Tanh": ops.tanh,
}


def over(function: Callable[..., Array], context: Context) -> Function:
    """The function, which writes over its operand where the node may."""
    if context.attr("_over") is None:
        return function
    return lambda x: function(x, out=x) if x.flags.c_contiguous and x.flags.writeable else function(x)


@operator(
    "Erf",
    "Exp",
    "HardSwish",
    "Log",
    "Mish",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Tanh",
    attributes="consumed_inputs",
)
def plain(context: Context) -> Function:
    """Functions that the kernels have under the same definition."""
    return in_floats(over(_KERNELS[context.op], context))


@operator("Relu", attributes="consumed_inputs")
def relu(context: Context) -> Function:
    """max(x, 0), of integers too."""
    floats = in_floats(over(ops.relu, context))
    return lambda x: np.maximum(x, 0) if x.dtype.kind in "iu" else floats(x)


@operator("LeakyRelu", attributes="alpha consumed_inputs")
def leaky_relu(context: Context) -> Function:
    """x or alpha x."""
    alpha = context.attr("alpha", 0.01)
    if alpha < 0:
        return in_floats(lambda x: np.where(x > 0, x, x * x.dtype.type(alpha)))
    return in_floats(lambda x: ops.leaky_relu(x, alpha))


@operator("PRelu", attributes="consumed_inputs")
def prelu(context: Context) -> Function:
    """x or slope x; the slope broadcasts to x."""
    old = context.opset < 7

    def call(x: Array, slope: Array) -> Array:
        if old and slope.ndim == 1 and x.ndim > 2:
            slope = slope.reshape(-1, *[1] * (x.ndim - 2))
        return np.where(x >= 0, x, x * slope).astype(x.dtype, copy=False)

    return in_floats(call) if context.dtype(0) in (np.float16,) else call


@operator("Elu", attributes="alpha consumed_inputs")
def elu(context: Context) -> Function:
    """x or alpha (e^x - 1)."""
    alpha = context.attr("alpha", 1.0)
    return in_floats(lambda x: _elu(x, alpha))


def _elu(x: Array, alpha: float) -> Array:
    """By the kernels, which have no negative alpha."""
    if alpha >= 0:
        return ops.elu(x, alpha=alpha)
    return np.where(x > 0, x, x.dtype.type(alpha) * np.expm1(np.minimum(x, 0)))


@operator("Celu", attributes="alpha")
def celu(context: Context) -> Function:
    """max(0, x) + min(0, alpha (e^(x / alpha) - 1))."""
    alpha = context.attr("alpha", 1.0)

    def call(x: Array) -> Array:
        scale = x.dtype.type(alpha)
        return np.asarray(np.maximum(x, 0) + np.minimum(scale * np.expm1(x / scale), 0))

    return in_floats(call)


@operator("Selu", attributes="alpha gamma consumed_inputs")
def selu(context: Context) -> Function:
    """gamma x or gamma alpha (e^x - 1)."""
    old = context.opset < 6
    alpha = context.attr("alpha", 1.6732 if old else 1.6732631921768188)
    gamma = context.attr("gamma", 1.0507 if old else 1.0507010221481323)
    return in_floats(lambda x: _elu(x, alpha) * x.dtype.type(gamma))


@operator("Gelu", attributes="approximate")
def gelu(context: Context) -> Function:
    """By erf, or by tanh."""
    name = context.attr("approximate", "none")
    if name not in ("none", "tanh"):
        raise context.refuse(f"approximate is {name!r}; expected 'none' or 'tanh'")
    approximate = name == "tanh"
    return in_floats(lambda x: ops.gelu(x, approximate=approximate))


@operator("Swish", attributes="alpha")
def swish(context: Context) -> Function:
    """x sigmoid(alpha x)."""
    alpha = context.attr("alpha", 1.0)
    if alpha == 1:
        return in_floats(over(ops.silu, context))
    return in_floats(lambda x: x * ops.sigmoid(np.asarray(x * x.dtype.type(alpha))))


@operator("HardSigmoid", attributes="alpha beta consumed_inputs")
def hard_sigmoid(context: Context) -> Function:
    """alpha x + beta within [0, 1]."""
    alpha, beta = context.attr("alpha", 0.2), context.attr("beta", 0.5)

    def call(x: Array) -> Array:
        y: Array = np.clip(x * x.dtype.type(alpha) + x.dtype.type(beta), 0, 1)
        return y

    return in_floats(call)


@operator("ThresholdedRelu", attributes="alpha")
def thresholded_relu(context: Context) -> Function:
    """x where it exceeds alpha, else 0."""
    alpha = context.attr("alpha", 1.0)
    return in_floats(lambda x: np.where(x > alpha, x, x.dtype.type(0)))


@operator("Shrink", attributes="bias lambd")
def shrink(context: Context) -> Function:
    """Towards 0 by bias, 0 within lambd of it."""
    bias, bound = context.attr("bias", 0.0), context.attr("lambd", 0.5)

    def call(x: Array) -> Array:
        y: Array = np.where(x < -bound, x + bias, np.where(x > bound, x - bias, 0))
        return y.astype(x.dtype, copy=False)

    return call


@operator("Softmax", "LogSoftmax", "Hardmax", attributes="axis")
def softmax(context: Context) -> Function:
    """Along an axis; before opset 13 over all axes from there on."""
    old = context.opset < 13
    axis = context.attr("axis", 1 if old else -1)
    function = {"Softmax": ops.softmax, "LogSoftmax": ops.log_softmax, "Hardmax": _hardmax}[context.op]

    def rows(x: Array) -> Array:
        first = axis_of(axis, x, x.ndim - 1)
        flat = x.reshape(prod(x.shape[:first]), prod(x.shape[first:]))
        y: Array = function(flat, axis=-1)
        return y.reshape(x.shape)

    def call(x: Array) -> Array:
        return function(x, axis=axis)

    floats = in_floats(rows if old else call)
    if context.op == "Softmax" and not old:
        return lambda x: _half_softmax(x, axis) if x.dtype == np.float16 else floats(x)
    return floats


def _half_softmax(x: Array, axis: int) -> Array:
    """In halves, every stage rounded: what the standard's definition of the operator in others gives."""
    e = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(e / e.sum(axis, keepdims=True))


def _hardmax(x: Array, *, axis: int) -> Array:
    y = np.zeros_like(x)
    if x.size:
        np.put_along_axis(y, np.expand_dims(np.argmax(x, axis=axis), axis), 1, axis=axis)
    return y
