"""Arithmetic, comparison and logic of values, with NumPy's broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from foldgate import ops
from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import in_floats, is_native
from foldgate.onnx.operators.activation import over
from foldgate.onnx.registry import Context, Function, operator

_OLD = "axis broadcast consumed_inputs"  # how addends broadcast before opset 7


def _divide(a: Array, b: Array) -> Array:
    """Integers are cut towards 0."""
    if a.dtype.kind not in "iu":
        return np.asarray(np.divide(a, b))
    if a.dtype.kind == "u":
        return np.asarray(np.floor_divide(a, b))
    quotient: Array = np.floor_divide(a, b)
    inexact: Array = (quotient < 0) & (quotient * b != a)
    return np.asarray(quotient + inexact.astype(a.dtype))


def _power(a: Array, b: Array) -> Array:
    return np.asarray(np.power(a, b)).astype(a.dtype, copy=False)


_BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": _divide,
    "Pow": _power,
    "Equal": np.equal,
    "Greater": np.greater,
    "Less": np.less,
    "GreaterOrEqual": np.greater_equal,
    "LessOrEqual": np.less_equal,
    "And": np.logical_and,
    "Or": np.logical_or,
    "Xor": np.logical_xor,
    "BitwiseAnd": np.bitwise_and,
    "BitwiseOr": np.bitwise_or,
    "BitwiseXor": np.bitwise_xor,
}


@operator(*_BINARY, attributes=_OLD)
def binary(context: Context) -> Function:
    """Two operands that broadcast; before opset 7 only where the node says so, from an axis on."""
    function = _BINARY[context.op]
    activation = context.attr("_activation")
    if context.opset < 7 and context.flag("broadcast"):
        return _old_broadcast(function, context.attr("axis"))
    if activation == "relu" and context.op == "Add":
        return _joined
    if activation is not None:
        then = getattr(ops, activation)
        return lambda a, b: then(function(a, b))
    place = context.attr("_over")
    if place is not None and isinstance(function, np.ufunc):
        return _over(function, place)
    return function


def _over(function: np.ufunc, place: int) -> Function:
    """The function, which writes over one of its operands where that has the result's shape."""

    def call(a: Array, b: Array) -> Any:
        own, other = (a, b) if place == 0 else (b, a)
        same = own.shape == other.shape or (other.ndim <= own.ndim and other.size == 1)
        if same and own.dtype == other.dtype and own.flags.writeable:
            return function(a, b, out=own)
        return function(a, b)

    return call


def _joined(a: Array, b: Array) -> Array:
    """The join of a residual block."""
    if a.shape == b.shape and is_native(a.dtype):
        return ops.add_relu(a, b)
    total = np.add(a, b)
    return np.maximum(total, 0, out=total)


def _old_broadcast(function: Callable[[Array, Array], Array], axis: int | None) -> Function:
    def call(a: Array, b: Array) -> Array:
        first = a.ndim - b.ndim if axis is None else axis
        return function(a, b.reshape((*b.shape, *[1] * (a.ndim - first - b.ndim))))

    return call


@operator("BitShift", attributes="direction")
def bit_shift(context: Context) -> Function:
    """Left or right."""
    direction = context.attr("direction")
    if direction not in ("LEFT", "RIGHT"):
        raise context.refuse(f"direction is {direction!r}; expected 'LEFT' or 'RIGHT'")
    return np.left_shift if direction == "LEFT" else np.right_shift


@operator("Mod", attributes="fmod")
def mod(context: Context) -> Function:
    """The remainder, of the divisor's sign, or with fmod of the dividend's."""
    return np.fmod if context.flag("fmod") else np.mod


_UNARY: dict[str, Callable[[Array], Array]] = {
    "Abs": np.abs,
    "Acos": np.arccos,
    "Acosh": np.arccosh,
    "Asin": np.arcsin,
    "Asinh": np.arcsinh,
    "Atan": np.arctan,
    "Atanh": np.arctanh,
    "BitwiseNot": np.bitwise_not,
    "Ceil": np.ceil,
    "Cos": np.cos,
    "Cosh": np.cosh,
    "Floor": np.floor,
    "IsNaN": np.isnan,
    "Neg": np.negative,
    "Not": np.logical_not,
    "Reciprocal": np.reciprocal,
    "Round": np.rint,
    "Sign": np.sign,
    "Sin": np.sin,
    "Sinh": np.sinh,
    "Sqrt": np.sqrt,
    "Tan": np.tan,
}


@operator(*_UNARY, attributes="consumed_inputs")
def unary(context: Context) -> Function:
    """Functions that NumPy has under the same definition."""
    function = _UNARY[context.op]

    return lambda x: np.asarray(function(x))


@operator("IsInf", attributes="detect_negative detect_positive")
def is_inf(context: Context) -> Function:
    """Infinities of the signs asked for."""
    negative, positive = context.flag("detect_negative", 1), context.flag("detect_positive", 1)
    return lambda x: np.isinf(x) & ((positive & (x > 0)) | (negative & (x < 0)))


_VARIADIC: dict[str, Callable[[Array, Array], Array]] = {
    "Max": np.maximum,
    "Min": np.minimum,
    "Sum": np.add,
}


@operator("Max", "Min", "Sum", attributes="consumed_inputs")
def variadic(context: Context) -> Function:
    """Of one operand or more."""
    function = _VARIADIC[context.op]
    return lambda *operands: reduce(function, operands)


@operator("Mean", attributes="consumed_inputs")
def mean(context: Context) -> Function:
    """Of one operand or more."""
    return lambda *operands: (reduce(np.add, operands) / len(operands)).astype(operands[0].dtype)


@operator("Clip", attributes="min max consumed_inputs")
def clip(context: Context) -> Function:
    """Within bounds: attributes before opset 11, inputs from there on."""
    if context.opset < 11:
        least, most = context.attr("min"), context.attr("max")
        return in_floats(lambda x: _clipped(x, least, most))
    known = [context.constant(i) for i in (1, 2)]
    if all(value is not None or not context.given(i) for i, value in enumerate(known, 1)):
        bounds = [None if value is None else value.reshape(()) for value in known]
        context.takes(0)
        if [None if bound is None else float(bound) for bound in bounds] == [0.0, 6.0]:
            six = in_floats(over(ops.relu6, context))
            return lambda x: six(x) if x.dtype.kind == "f" else _clipped(x, *bounds)
        return lambda x: _clipped(x, *bounds)
    return lambda x, least=None, most=None: _clipped(x, least, most)


def _clipped(x: Array, least: Any, most: Any) -> Array:
    """The upper bound wins where the two cross; floats without one end where their type does."""
    low, high = (None if end is None else np.asarray(end).astype(x.dtype) for end in (least, most))
    if x.dtype.kind == "f":
        ends = np.finfo(x.dtype)
        return np.asarray(np.clip(x, ends.min if low is None else low, ends.max if high is None else high))
    y = x if low is None else np.maximum(x, low)
    return np.asarray(y if high is None else np.minimum(y, high))


@operator("Where")
def where(context: Context) -> Function:
    """One or the other."""
    return np.where


@operator("CumSum", "CumProd", attributes="exclusive reverse")
def cumulative(context: Context) -> Function:
    """Along an axis; exclusive: without the value itself."""
    function, identity = (np.cumsum, 0) if context.op == "CumSum" else (np.cumprod, 1)
    exclusive, reverse = context.flag("exclusive"), context.flag("reverse")

    def call(x: Array, axis_input: Array) -> Array:
        axis = int(axis_input.reshape(()))
        y = np.flip(x, axis) if reverse else x
        y = function(y, axis=axis, dtype=x.dtype)
        if exclusive:
            y = np.roll(y, 1, axis)
            first: list[Any] = [slice(None)] * x.ndim
            first[axis] = slice(0, 1)
            y[tuple(first)] = identity
        return np.ascontiguousarray(np.flip(y, axis) if reverse else y)

    return call


@operator("Det")
def det(context: Context) -> Function:
    """Of the last two axes."""
    return in_floats(lambda x: np.asarray(np.linalg.det(x)))
