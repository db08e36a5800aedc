"""Conv and ConvTranspose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate import ops
from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import in_floats, wide
from foldgate.onnx.operators._window import Window, brief, data_format, spatial_of, window_of
from foldgate.onnx.registry import Context, Function, operator

_FEW = 4  # channels
_WINDOW = "auto_pad dilations group kernel_shape pads strides"


@operator("Conv", attributes=_WINDOW)
def conv(context: Context) -> Function:
    """W is (O, C / group, *kernel); packed once where it is known, as is the bias."""
    weights, bias = context.constant(1), context.constant(2)
    if weights is None or (context.given(2) and bias is None):
        return _unpacked_conv(context)
    window = window_of(context, _kernel_size(context, weights))
    options = _options(context, window)
    kernel = np.ascontiguousarray(np.moveaxis(wide(weights), (0, 1), (-1, -2)))
    bias = None if bias is None else wide(bias)
    padding = window.padding()
    context.takes(0)
    if padding is not None:
        key = (tuple(context.node.inputs[1:3]), padding, *options.values())
        if key not in context.graph.handles:
            packed = ops.PackedConv(kernel, bias, padding=padding, **options)
            context.graph.handles[key] = _on_whole(packed)
        return in_floats(context.graph.handles[key])
    spatial = spatial_of(options["data_format"])

    def uneven(x: Array) -> Array:
        return ops.conv(x, kernel, bias, padding=window.pads_for(spatial(x.shape)), **options)

    return in_floats(uneven)


def _on_whole(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The function on an array in its own order, into which a view of a turned image is copied first."""

    def call(x: Array) -> Array:
        if x.flags.c_contiguous:
            return function(x)
        if x.shape[-1] > _FEW:
            return function(np.ascontiguousarray(x))
        whole = np.empty(x.shape, x.dtype)
        for channel in range(x.shape[-1]):  # NumPy's own loop would be over the few channels
            whole[..., channel] = x[..., channel]
        return function(whole)

    return call


def _options(context: Context, window: Window) -> dict[str, Any]:
    return {
        "strides": window.strides,
        "dilation_rate": window.dilation,
        "groups": context.attr("group", 1),
        "data_format": data_format(context),
        "activation": context.attr("_activation"),
    }


def _kernel_size(context: Context, weights: Array) -> tuple[int, ...]:
    rank = context.graph.rank(context.node.inputs[0])
    if weights.ndim < 3 or (rank is not None and rank != weights.ndim):
        found = "an unknown number of" if rank is None else rank
        raise context.refuse(f"W has {weights.ndim} axes, X {found}; expected as many, and 3 to 5")
    size: tuple[int, ...] = weights.shape[2:]
    return size


def _unpacked_conv(context: Context) -> Function:
    def call(x: Array, weights: Array, bias: Array | None = None) -> Array:
        window = window_of(context, _kernel_size(context, weights))
        options = _options(context, window)
        kernel = np.moveaxis(weights, (0, 1), (-1, -2))
        padding = window.pads_for(spatial_of(options["data_format"])(x.shape))
        return ops.conv(x, kernel, bias, padding=padding, **options)

    return in_floats(call)


@operator("ConvTranspose", attributes=_WINDOW + " output_padding output_shape")
def conv_transpose(context: Context) -> Function:
    """W is (C, O / group, *kernel)."""
    known = context.constant(1)
    if known is None:
        return in_floats(lambda x, weights, bias=None: _transposed(context, weights)(x, bias))
    context.takes(*(i for i in (0, 2) if i < len(context.node.inputs)))
    return in_floats(_transposed(context, known))


def _transposed(context: Context, weights: Array) -> Callable[..., Array]:
    """What takes x and the bias, with these weights."""
    window = window_of(context, _kernel_size(context, weights))
    kernel = np.ascontiguousarray(np.moveaxis(wide(weights), (0, 1), (-1, -2)))
    options = _options(context, window)
    spatial_in = spatial_of(options["data_format"])
    more = context.attr("output_padding") or [0] * len(window.size)
    limits = [max(stride, step) for stride, step in zip(window.strides, window.dilation, strict=True)]
    short = {name: brief(options[name]) for name in ("strides", "dilation_rate")}

    def call(x: Array, bias: Array | None = None) -> Array:
        taps = kernel.astype(x.dtype, copy=False)
        pads, extra = _cut(context, window, spatial_in(x.shape), more)
        if all(value < limit for value, limit in zip(extra, limits, strict=True)):
            known: Any = {"padding": pads, "output_padding": extra}
            if not any(map(any, pads)) and not any(extra) and window.size == window.strides:
                known = {}  # which the op finds faster among earlier calls
            return ops.conv_transpose(x, taps, bias, **{**options, **short, **known})
        return _beyond_taps(x, taps, bias, pads, extra, options)

    return call


def _beyond_taps(
    x: Array, kernel: Array, bias: Array | None, pads: Any, extra: list[int], options: dict[str, Any]
) -> Array:
    """With positions beyond the reach of any tap: zeros, and the bias."""
    linear = {**options, "activation": None}
    y = ops.conv_transpose(x, kernel, None, padding=pads, output_padding=[0] * len(extra), **linear)
    tail = [(0, value) for value in extra]
    last = options["data_format"] == "channels_last"
    y = np.pad(y, [(0, 0), *tail, (0, 0)] if last else [(0, 0), (0, 0), *tail])
    bias = np.zeros(y.shape[-1 if last else 1], y.dtype) if bias is None else bias
    return ops.bias_add(y, bias, data_format=options["data_format"], activation=options["activation"])


def _cut(
    context: Context, window: Window, spatial: Any, more: list[int]
) -> tuple[tuple[tuple[int, int], ...], list[int]]:
    """What is cut off each end, and what is added after."""
    wanted = context.attr("output_shape")
    same = window.auto_pad in ("SAME_UPPER", "SAME_LOWER")
    if wanted is None and not same:
        return window.pads, list(more)
    if wanted is None:
        wanted = [extent * stride for extent, stride in zip(spatial, window.strides, strict=True)]
    wanted = wanted[-len(window.size) :]
    pads, extra = [], []
    for i, extent in enumerate(spatial):
        reach = (window.size[i] - 1) * window.dilation[i] + 1
        total = (extent - 1) * window.strides[i] + more[i] + reach - wanted[i]
        less, larger = max(total, 0) // 2, max(total, 0) - max(total, 0) // 2
        pads.append((less, larger) if window.auto_pad == "SAME_UPPER" else (larger, less))
        extra.append(more[i] + max(-total, 0))
    return tuple(pads), extra
