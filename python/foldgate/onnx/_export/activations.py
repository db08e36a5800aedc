"""Activations, as functions in layers and as layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate import activations
from foldgate.layers import Layer
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer

Form = Callable[[Writer, str, str], str]  # of the tensor's name and its dtype


def _node(kind: str, **attributes: Any) -> Form:
    return lambda w, x, dtype: w.op(kind, x, **attributes)


def _clipped(low: float, high: float) -> Form:
    return lambda w, x, dtype: w.op("Clip", x, w.constant(low, dtype), w.constant(high, dtype))


def _gelu(w: Writer, x: str, dtype: str) -> str:
    """x (1 + erf(x / sqrt(2))) / 2."""
    share = w.op("Erf", w.op("Mul", x, w.constant(math.sqrt(0.5), dtype)))
    one, half = w.constant(1, dtype), w.constant(0.5, dtype)
    return w.op("Mul", w.op("Mul", x, w.op("Add", share, one)), half)


def _silu(w: Writer, x: str, dtype: str) -> str:
    return w.op("Mul", x, w.op("Sigmoid", x))


def _log_sigmoid(w: Writer, x: str, dtype: str) -> str:
    return w.op("Neg", w.op("Softplus", w.op("Neg", x)))


def _tanh_shrink(w: Writer, x: str, dtype: str) -> str:
    return w.op("Sub", x, w.op("Tanh", x))


def _squareplus(w: Writer, x: str, dtype: str) -> str:
    root = w.op("Sqrt", w.op("Add", w.op("Mul", x, x), w.constant(4, dtype)))
    return w.op("Mul", w.op("Add", x, root), w.constant(0.5, dtype))


_SIXTH = 1 / 6
_FORMS: dict[Any, Form] = {
    activations.relu: _node("Relu"),
    activations.relu6: _clipped(0, 6),
    activations.leaky_relu: _node("LeakyRelu", alpha=0.2),
    activations.elu: _node("Elu", alpha=1.0),
    activations.celu: _node("Elu", alpha=1.0),
    activations.selu: _node("Selu", alpha=1.6732632423543772, gamma=1.0507009873554805),
    activations.gelu: _gelu,
    activations.silu: _silu,
    activations.mish: _node("Mish"),
    activations.softplus: _node("Softplus"),
    activations.softsign: _node("Softsign"),
    activations.tanh: _node("Tanh"),
    activations.sigmoid: _node("Sigmoid"),
    activations.hard_sigmoid: _node("HardSigmoid", alpha=_SIXTH, beta=0.5),
    activations.hard_silu: _node("HardSwish"),
    activations.hard_tanh: _clipped(-1, 1),
    activations.hard_shrink: _node("Shrink", lambd=0.5, bias=0.0),
    activations.soft_shrink: _node("Shrink", lambd=0.5, bias=0.5),
    activations.tanh_shrink: _tanh_shrink,
    activations.exponential: _node("Exp"),
    activations.log_sigmoid: _log_sigmoid,
    activations.squareplus: _squareplus,
}
_ALONG = {activations.softmax: "Softmax", activations.log_softmax: "LogSoftmax"}


def activate(w: Writer, value: Value, function: Any) -> Value:
    """A value through the activation of a layer."""
    if function is activations.linear or function is None:
        return value
    if isinstance(function, Layer):
        return w.inner(function, value, value.shape)
    if function in _ALONG:
        return along(w, value, _ALONG[function], -1)
    form = _FORMS.get(function)
    if form is None:
        raise w.refuse(f"its activation {getattr(function, '__name__', function)!r} has no ONNX form here")
    return w.same(value, form(w, value.name, value.dtype))


def along(w: Writer, value: Value, kind: str, axis: int) -> Value:
    """Softmax and its like."""
    return w.same(value, w.op(kind, value.name, axis=value.place(axis)))


def _first(w: Writer, layer: Any, given: dict[str, Any]) -> Value:
    return w.floats(next(iter(given.values())), layer.compute_dtype)


def activation(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Activation."""
    return activate(w, _first(w, layer, given), layer.activation)


def relu(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """ReLU with its slope, its threshold and its greatest value."""
    value = _first(w, layer, given)
    slope, top, threshold = float(layer.negative_slope), layer.max_value, float(layer.threshold)
    x, dtype = value.name, value.dtype
    if threshold == 0:
        if top is not None:
            positive = w.op("Clip", x, w.constant(0, dtype), w.constant(top, dtype))
        elif slope == 0:
            return w.same(value, w.op("Relu", x))
        else:
            return w.same(value, w.op("LeakyRelu", x, alpha=slope))
    else:
        above = w.op("Greater", x, w.constant(threshold, dtype))
        positive = w.op("Where", above, x, w.constant(0, dtype))
        if top is not None:
            positive = w.op("Clip", positive, w.constant(0, dtype), w.constant(top, dtype))
    if slope == 0:
        return w.same(value, positive)
    below = w.op("Relu", w.op("Sub", w.constant(threshold, dtype), x))
    return w.same(value, w.op("Sub", positive, w.op("Mul", below, w.constant(slope, dtype))))


def leaky_relu(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """LeakyReLU."""
    value = _first(w, layer, given)
    return w.same(value, w.op("LeakyRelu", value.name, alpha=float(layer.negative_slope)))


def elu(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """ELU."""
    value = _first(w, layer, given)
    return w.same(value, w.op("Elu", value.name, alpha=float(layer.alpha)))


def prelu(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """PReLU, whose slope takes the order of axes that its input has."""
    value = _first(w, layer, given)
    if value.layout == "time":
        value = w.laid(value, "plain")
    order = value.stored

    def form(alpha: Any) -> Any:
        return np.transpose(alpha[None], order)

    return w.same(value, w.op("PRelu", value.name, w.weight(layer.alpha, form, f"alpha_{value.layout}")))


def softmax(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Softmax along one axis."""
    if given.get("mask") is not None or _first(w, layer, given).mask is not None:
        raise w.refuse("a mask of Softmax has no ONNX form here")
    axis = layer.axis
    if not isinstance(axis, int):
        if len(axis) != 1:
            raise w.refuse(f"axis is {axis}; expected one axis")
        axis = axis[0]
    return along(w, _first(w, layer, given), "Softmax", axis)


def identity(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """What does nothing outside of training."""
    value: Value = next(iter(given.values()))
    return value


HANDLERS = {
    "Activation": activation,
    "ReLU": relu,
    "LeakyReLU": leaky_relu,
    "ELU": elu,
    "PReLU": prelu,
    "Softmax": softmax,
    "Identity": identity,
    "Dropout": identity,
    "SpatialDropout1D": identity,
    "SpatialDropout2D": identity,
    "SpatialDropout3D": identity,
    "GaussianDropout": identity,
    "GaussianNoise": identity,
    "AlphaDropout": identity,
    "ActivityRegularization": identity,
}
