"""DeformConv, CausalConvWithState and Col2Im."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np

from foldgate import ops
from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import in_floats
from foldgate.onnx.operators._window import Window, window_of
from foldgate.onnx.registry import Context, Function, operator


@operator("DeformConv", attributes="dilations group kernel_shape offset_group pads strides")
def deform_conv(context: Context) -> Function:
    """Every tap reads where its offset says, between pixels linearly; outside is zero."""
    groups, offset_groups = context.attr("group", 1), context.attr("offset_group", 1)

    def call(x: Array, w: Array, offset: Array, b: Array | None = None, mask: Array | None = None) -> Array:
        window = window_of(context, w.shape[2:])
        n, channels = x.shape[:2]
        taps, out = prod(window.size), offset.shape[2:]
        shifts = offset.reshape(n, offset_groups, taps, len(out), *out)
        at = _tap_positions(window, out)[None, None] + shifts  # (N, groups, taps, axes, *out)
        images = x.reshape(n, offset_groups, channels // offset_groups, *x.shape[2:])
        columns = _linear(images, np.moveaxis(at, 3, 0))  # (N, groups, C / groups, taps, *out)
        if mask is not None:
            columns = columns * mask.reshape(n, offset_groups, 1, taps, *out)
        columns = columns.reshape(n, groups, channels // groups * taps, prod(out))
        kernel = w.reshape(groups, w.shape[0] // groups, -1)
        y: Array = np.matmul(kernel[None], columns).reshape(n, w.shape[0], *out)
        return y if b is None else np.asarray(y + b.reshape(1, -1, *[1] * len(out)))

    return in_floats(call)


def _tap_positions(window: Window, out: tuple[int, ...]) -> Array:
    """(taps, axes, *out): where every tap reads without its offset."""
    grids = np.indices(out).astype(np.float64)
    positions = []
    for tap in product(*[range(size) for size in window.size]):
        rows = [
            grids[i] * window.strides[i] + tap[i] * window.dilation[i] - window.pads[i][0]
            for i in range(len(out))
        ]
        positions.append(np.stack(rows))
    return np.stack(positions)


def _linear(images: Array, at: Array) -> Array:
    """(N, G, C, *spatial) read at (axes, N, G, taps, *out)."""
    low = np.floor(at)
    share = at - low
    low = low.astype(np.int64)
    spatial = images.shape[3:]
    n, g = (np.arange(extent) for extent in images.shape[:2])
    tail = (1,) * (at.ndim - 3)
    lead: tuple[Any, ...] = (n.reshape(-1, 1, *tail), g.reshape(1, -1, *tail))
    total: Any = 0.0
    for corner in product((0, 1), repeat=len(spatial)):
        place = [low[i] + corner[i] for i in range(len(spatial))]
        inside = np.ones(place[0].shape, bool)
        weight = np.ones(place[0].shape)
        for i, extent in enumerate(spatial):
            inside &= (place[i] >= 0) & (place[i] < extent)
            weight = weight * (share[i] if corner[i] else 1 - share[i])
        index = [np.clip(p, 0, extent - 1) for p, extent in zip(place, spatial, strict=True)]
        values = np.moveaxis(np.moveaxis(images, 2, -1)[(*lead, *index)], -1, 2)
        total = total + values * np.where(inside, weight, 0)[:, :, None]
    return np.asarray(total).astype(images.dtype, copy=False)


@operator("CausalConvWithState", attributes="activation")
def causal_conv_with_state(context: Context) -> Function:
    """Depthwise along time: weights (C, 1, k), the state the last k - 1 inputs."""
    name = context.attr("activation", "none")
    if name not in ("none", "silu", "swish"):
        raise context.refuse(f"activation is {name!r}; expected 'none', 'silu' or 'swish'")

    def call(x: Array, w: Array, bias: Array | None = None, state: Array | None = None) -> Any:
        before = w.shape[2] - 1
        past = np.zeros((*x.shape[:2], before), x.dtype) if state is None else state
        seen = np.concatenate([past, x], axis=2)
        kernel = np.ascontiguousarray(w.transpose(2, 1, 0))
        y = ops.conv(seen, kernel, bias, groups=x.shape[1], data_format="channels_first")
        y = y if name == "none" else ops.silu(y)
        return (y, seen[:, :, seen.shape[2] - before :]) if context.outputs > 1 else y

    return in_floats(call)


@operator("Col2Im", attributes="dilations pads strides")
def col2im(context: Context) -> Function:
    """Blocks (N, C taps, positions) added up into an image."""

    def call(x: Array, image: Array, block: Array) -> Array:
        window = window_of(context, block.tolist())
        extents = image.tolist()
        n, taps = x.shape[0], prod(window.size)
        spans = zip(extents, window.pads, window.size, window.dilation, window.strides, strict=True)
        out = [
            (extent + sum(pads) - (size - 1) * step - 1) // stride + 1
            for extent, pads, size, step, stride in spans
        ]
        columns = x.reshape(n, -1, *window.size, *out)
        y = np.zeros(
            (n, x.shape[1] // taps, *(e + sum(p) for e, p in zip(extents, window.pads, strict=True))), x.dtype
        )
        for tap in product(*[range(size) for size in window.size]):
            index = tuple(
                slice(t * step, t * step + (count - 1) * stride + 1, stride)
                for t, step, stride, count in zip(tap, window.dilation, window.strides, out, strict=True)
            )
            place: Any = (slice(None), slice(None), *tap)
            y[(slice(None), slice(None), *index)] += columns[place]
        inner = tuple(slice(a, a + e) for (a, _), e in zip(window.pads, extents, strict=True))
        return y[(slice(None), slice(None), *inner)]

    return call
