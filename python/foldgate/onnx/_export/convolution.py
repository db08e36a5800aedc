"""Convolution, forward and transposed."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._typing import FloatArray
from foldgate.onnx._export.activations import activate
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer, channels_value


def _forward(kernel: FloatArray) -> FloatArray:
    """(*k, C / groups, F) as (F, C / groups, *k)."""
    rank = kernel.ndim - 2
    return np.transpose(kernel, (rank + 1, rank, *range(rank)))


def _depthwise(kernel: FloatArray) -> FloatArray:
    """(*k, C, multiplier) as (C multiplier, 1, *k)."""
    return _forward(kernel.reshape(*kernel.shape[:-2], 1, -1))


def _as_it_is(array: FloatArray) -> FloatArray:
    return array


def windows(layer: Any) -> dict[str, Any]:
    """Strides, dilation and padding of a layer as attributes.

    With strides above 1 the padding of "same" follows the input's size, which may not be known: SAME_UPPER.
    """
    rates = layer.dilation_rate
    found: dict[str, Any] = {
        "kernel_shape": list(layer.kernel_size),
        "strides": list(layer.strides),
        "dilations": list(rates),
    }
    reach = [(k - 1) * d for k, d in zip(layer.kernel_size, rates, strict=True)]
    if layer.padding == "causal":
        found["pads"] = [reach[0], 0]
    elif layer.padding == "same" and max(layer.strides) > 1:
        found["auto_pad"] = "SAME_UPPER"
    elif layer.padding == "same":
        found["pads"] = [r // 2 for r in reach] + [r - r // 2 for r in reach]
    return found


def _bias(w: Writer, layer: Any) -> str | None:
    return None if layer.bias is None else w.weight(layer.bias, _as_it_is, "bias")


def conv(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Conv1D to Conv3D, and DepthwiseConv."""
    value = w.floats(given["inputs"], layer.compute_dtype)
    depthwise = hasattr(layer, "depth_multiplier")
    kernel = w.weight(layer.kernel, _depthwise if depthwise else _forward, "kernel")
    groups = layer.kernel.shape[-2] if depthwise else layer.groups
    x = w.channels_first(value, layer.data_format)
    y = w.op("Conv", x, kernel, _bias(w, layer), group=groups, **windows(layer))
    return _activated(w, layer, y, shapes[0], value.dtype)


def separable(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """SeparableConv: a depthwise convolution and a 1x1 one."""
    value = w.floats(given["inputs"], layer.compute_dtype)
    depthwise = w.weight(layer.depthwise_kernel, _depthwise, "depthwise_kernel")
    groups = layer.depthwise_kernel.shape[-2]
    x = w.channels_first(value, layer.data_format)
    inner = w.op("Conv", x, depthwise, group=groups, **windows(layer))
    pointwise = w.weight(layer.pointwise_kernel, _forward, "pointwise_kernel")
    ones = [1] * layer.rank
    y = w.op("Conv", inner, pointwise, _bias(w, layer), kernel_shape=ones)
    return _activated(w, layer, y, shapes[0], value.dtype)


def transposed(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Conv1DTranspose to Conv3DTranspose; the kernel (*k, F, C) as (C, F, *k).

    The full output has (n - 1) s + k positions, k being what a window covers; "same" cuts it to n s, with the
    smaller part before.
    """
    value = w.floats(given["inputs"], layer.compute_dtype)
    covered = [(k - 1) * d + 1 for k, d in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
    before, after, added = [], [], []
    for axis, (k, s) in enumerate(zip(covered, layer.strides, strict=True)):
        asked = None if layer.output_padding is None else layer.output_padding[axis]
        if layer.padding == "valid":
            cut = -(max(0, s - k) if asked is None else asked)
        else:  # the full output's positions less those of the layer's
            cut = k - s if asked is None else k // 2 * 2 - asked
        first = max(0, cut) // 2
        before.append(first)
        after.append(max(0, cut) - first)
        added.append(max(0, -cut))
    y = w.op(
        "ConvTranspose",
        w.channels_first(value, layer.data_format),
        w.weight(layer.kernel, _forward, "kernel"),
        _bias(w, layer),
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        pads=before + after,
        output_padding=added,
    )
    return _activated(w, layer, y, shapes[0], value.dtype)


def _activated(w: Writer, layer: Any, y: str, shape: Any, dtype: str) -> Value:
    return activate(w, channels_value(y, shape, dtype, layer.data_format), layer.activation)


HANDLERS = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"), conv),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), separable),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), transposed),
}
