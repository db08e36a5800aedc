"""Quantised values. Products of 8-bit numbers are summed in float64, which holds them exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import ops
from foldgate.onnx.graph import Array
from foldgate.onnx.operators._window import spatial_of, window_of
from foldgate.onnx.operators.shapes import cast_to, dtype_of
from foldgate.onnx.registry import Context, Function, operator


def _along(values: Array, x: Array, axis: int, block: int, name: str = "scale") -> Array:
    """Scales or zero points so that they broadcast to x: one, one a channel, or one a block."""
    if block:
        count = -(-x.shape[axis] // block)
        if values.ndim != x.ndim or values.shape[axis] != count:
            wanted = f"{count} block{'s' * (count != 1)} of {block} along axis {axis} of {x.shape}"
            raise ValueError(f"{name} has shape {values.shape}; expected {wanted}")
        repeated = np.repeat(values, min(block, x.shape[axis]), axis)
        return repeated[tuple(slice(extent) for extent in x.shape)]
    if values.size == 1:
        return values.reshape(())
    if values.ndim == 1:
        shape = [1] * x.ndim
        shape[axis] = -1
        return values.reshape(shape)
    return values


def _limits(dtype: np.dtype[Any]) -> tuple[float, float] | None:
    """The ends of an integer type; None for floats."""
    if "int" not in dtype.name:
        return None
    bits = int(dtype.name.lstrip("uint"))
    return (0, 2**bits - 1) if dtype.name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def quantized(x: Array, scale: Any, zero: Array | None, dtype: np.dtype[Any], saturate: bool = True) -> Array:
    """round(x / scale) + zero, ties to even, held within the type."""
    y: Array = x / scale
    limits = _limits(dtype)
    if limits is None:
        return cast_to(y if zero is None else y + zero.astype(y.dtype), dtype, saturate)
    y = np.rint(y)
    y = y if zero is None else y + zero.astype(np.float32)
    return np.clip(y, *limits).astype(np.int32).astype(dtype)


def _block(context: Context) -> int:
    block: int = context.attr("block_size", 0)
    if block < 0:
        raise context.refuse(f"block_size is {block}; expected 0 or more")
    return block


@operator("QuantizeLinear", attributes="axis block_size output_dtype precision saturate")
def quantize(context: Context) -> Function:
    """To the type of the zero point."""
    axis, block = context.attr("axis", 1), _block(context)
    code, saturate, precision = (
        context.attr("output_dtype", 0),
        context.flag("saturate", 1),
        context.attr("precision", 0),
    )

    def call(x: Array, scale: Array, zero: Array | None = None) -> Array:
        dtype = zero.dtype if zero is not None else dtype_of(code) if code else np.dtype(np.uint8)
        wide = dtype_of(precision) if precision else np.dtype(np.float32 if x.dtype.kind != "f" else x.dtype)
        x, scale = x.astype(wide), _along(scale, x, axis, block).astype(wide)
        if zero is not None:
            zero = _along(zero, x, axis, block, "zero point")
        return quantized(x, scale, zero, dtype, saturate)

    return call


@operator("DequantizeLinear", attributes="axis block_size output_dtype")
def dequantize(context: Context) -> Function:
    """(x - zero) scale."""
    axis, block, code = context.attr("axis", 1), _block(context), context.attr("output_dtype", 0)

    def call(x: Array, scale: Array, zero: Array | None = None) -> Array:
        y = x.astype(np.float32)
        if zero is not None:
            y = y - _along(zero, x, axis, block, "zero point").astype(np.float32)
        y = y * _along(scale, x, axis, block).astype(np.float32)
        return y.astype(dtype_of(code) if code else scale.dtype)

    return call


@operator("DynamicQuantizeLinear")
def dynamic_quantize(context: Context) -> Function:
    """To uint8 by the range of the values, 0 included."""

    def call(x: Array) -> tuple[Array, Array, Array]:
        least, most = x.min(initial=0), x.max(initial=0)
        scale = np.asarray((most - least) / np.float32(255) or 1, np.float32)  # 1 where all are 0
        zero = np.asarray(np.clip(np.rint(-least / scale), 0, 255), np.uint8)
        return quantized(x, scale, zero, np.dtype(np.uint8)), scale, zero

    return call


def _less(x: Array, zero: Array | None, axis: int | None = None) -> Array:
    """x without its zero point, in float64; one a row or channel lies along `axis`."""
    y = x.astype(np.float64)
    if zero is None:
        return y
    if zero.ndim == 1 and zero.size > 1 and axis is not None:
        shape = [1] * x.ndim
        shape[axis] = -1
        zero = zero.reshape(shape)
    return y - (zero.reshape(()) if zero.size == 1 else zero).astype(np.float64)


def _conv(context: Context, x: Array, weights: Array) -> Array:
    """A convolution of whole numbers, exact: direct sums of less than 2**53."""
    window = window_of(context, weights.shape[2:])
    return ops.conv(
        x,
        np.ascontiguousarray(np.moveaxis(weights, (0, 1), (-1, -2))),
        strides=window.strides,
        padding=window.pads_for(spatial_of("channels_first")(x.shape)),
        dilation_rate=window.dilation,
        groups=context.attr("group", 1),
        data_format="channels_first",
        algorithm="direct",
    )


_CONV = "auto_pad dilations group kernel_shape pads strides"


@operator("ConvInteger", attributes=_CONV)
def conv_integer(context: Context) -> Function:
    """To int32, exactly."""

    def call(x: Array, w: Array, x_zero: Array | None = None, w_zero: Array | None = None) -> Array:
        return _as_int32(_conv(context, _less(x, x_zero), _less(w, w_zero, 0)))

    return call


def _as_int32(total: Array) -> Array:
    return total.astype(np.int64).astype(np.int32)


def _ratio(a: Array, b: Array, y: Array) -> Array:
    """What sums of products are to be multiplied with, in float32."""
    return np.asarray(a.astype(np.float32) * b.astype(np.float32) / y.astype(np.float32))


def _scaled(total: Array, scale: Array, zero: Array) -> Array:
    """Sums by a scale, in float32, whose rounding decides on halves."""
    return quantized(total.astype(np.float32) * scale, np.float32(1), zero, zero.dtype)


@operator("QLinearConv", attributes=_CONV)
def qlinear_conv(context: Context) -> Function:
    """Sums of whole numbers, scaled once."""

    def call(
        x: Array,
        xs: Array,
        xz: Array,
        w: Array,
        ws: Array,
        wz: Array,
        ys: Array,
        yz: Array,
        b: Array | None = None,
    ) -> Array:
        total = _conv(context, _less(x, xz), _less(w, wz, 0))
        shape = (1, -1, *[1] * (x.ndim - 2))
        if b is not None:
            total = total + b.reshape(shape)
        scale = _ratio(xs, ws, ys)
        return _scaled(total, scale.reshape(shape) if scale.size > 1 else scale.reshape(()), yz)

    return call


@operator("MatMulInteger")
def matmul_integer(context: Context) -> Function:
    """To int32, exactly."""

    def call(a: Array, b: Array, a_zero: Array | None = None, b_zero: Array | None = None) -> Array:
        return _as_int32(np.matmul(_less(a, a_zero, -2), _less(b, b_zero, -1)))

    return call


@operator("QLinearMatMul")
def qlinear_matmul(context: Context) -> Function:
    """Sums of whole numbers, scaled once."""

    def call(
        a: Array,
        a_scale: Array,
        a_zero: Array,
        b: Array,
        b_scale: Array,
        b_zero: Array,
        y_scale: Array,
        y_zero: Array,
    ) -> Array:
        total = np.matmul(_less(a, a_zero, -2), _less(b, b_zero, -1))
        rows = a_scale.reshape(-1, 1) if a_scale.ndim == 1 and a_scale.size > 1 else a_scale
        return _scaled(total, _ratio(rows, b_scale, y_scale), y_zero)

    return call
