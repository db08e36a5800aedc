"""Pools over windows and over whole planes, and MaxUnpool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from foldgate import ops
from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import in_floats
from foldgate.onnx.operators._window import Pairs, Window, brief, data_format, spatial_of, window_of
from foldgate.onnx.registry import Context, Function, operator

_WINDOW = "auto_pad ceil_mode dilations kernel_shape pads strides"


def _pool(context: Context, function: Callable[..., Any], fill: float, **more: Any) -> Function:
    """A pool of `foldgate.ops`; pads that it refuses are filled in before it."""
    window = window_of(context, None)
    layout = data_format(context)
    spatial = spatial_of(layout)
    options = {"data_format": layout, "dilation_rate": brief(window.dilation), **more}
    ceil_mode = context.flag("ceil_mode") and window.auto_pad in ("NOTSET", "VALID")
    padding = window.padding()
    if padding is not None and _is_ordinary(window):
        size, strides = brief(window.size), brief(window.strides)
        one: Any = padding if isinstance(padding, str) else brief([pad for pair in padding for pad in pair])
        padding = padding if isinstance(one, tuple) else one or "valid"
        return lambda x: function(x, size, strides, padding, ceil_mode=ceil_mode, **options)

    def call(x: Array) -> Any:
        pads = window.pads_for(spatial(x.shape))
        if _is_ordinary(window._replace(pads=pads)):
            return function(x, window.size, window.strides, pads, ceil_mode=ceil_mode, **options)
        ends = [(0, 0), *pads, (0, 0)] if layout == "channels_last" else [(0, 0), (0, 0), *pads]
        filled = np.pad(x, ends, constant_values=x.dtype.type(fill))
        done = function(filled, window.size, window.strides, ceil_mode=ceil_mode, **options)
        kept = [slice(None)] * x.ndim
        if ceil_mode:
            for axis, stride in zip(spatial(range(x.ndim)), window.strides, strict=True):
                # no window begins in the padding after the image
                kept[axis] = slice(-(-(ends[axis][0] + x.shape[axis]) // stride))
        if not isinstance(done, tuple):
            return done[tuple(kept)]
        y, indices = (part[tuple(kept)] for part in done)
        return y, _without_pads(indices, spatial(x.shape), pads)

    return call


def _without_pads(indices: Array, spatial: Sequence[int], pads: Pairs) -> Array:
    """Positions in a padded plane as positions in the plane."""
    padded = [extent + sum(pair) for extent, pair in zip(spatial, pads, strict=True)]
    places = np.unravel_index(indices, padded)
    inside = [place - before for place, (before, _) in zip(places, pads, strict=True)]
    return np.ravel_multi_index(inside, spatial, mode="clip")  # where all of a window is padding


def _is_ordinary(window: Window) -> bool:
    """Whether no pad exceeds half the window."""
    reach = [(size - 1) * step + 1 for size, step in zip(window.size, window.dilation, strict=True)]
    return all(2 * max(pair) <= extent for pair, extent in zip(window.pads, reach, strict=True))


@operator("MaxPool", attributes=_WINDOW + " storage_order")
def max_pool(context: Context) -> Function:
    """Integers of 8 bits are pooled as floats, which hold them exactly."""
    if not context.wanted(1):
        pool = _pool(context, ops.max_pool, -np.inf)
        several = context.outputs > 1

        def call(x: Array) -> Any:
            y = pool(x) if x.dtype.kind == "f" else pool(x.astype(np.float32)).astype(x.dtype)
            return (y, None) if several else y

        return in_floats(call) if context.dtype(0) not in (np.int8, np.uint8) else call
    pool = _pool(context, ops.max_pool, -np.inf, return_indices=True)
    column_major = context.flag("storage_order")

    def indexed(x: Array) -> tuple[Array, Array]:
        y, indices = pool(x if x.dtype.kind == "f" and x.dtype.itemsize > 2 else x.astype(np.float32))
        return y.astype(x.dtype, copy=False), _whole_positions(indices, x.shape, column_major)

    return indexed


def _whole_positions(indices: Array, shape: tuple[int, ...], column_major: bool) -> Array:
    """Positions in a plane as positions in the whole tensor."""
    spatial = shape[2:]
    if column_major:
        indices = np.ravel_multi_index(np.unravel_index(indices, spatial), spatial, order="F")
    planes = np.arange(shape[0] * shape[1], dtype=np.int64) * prod(spatial)
    return indices + planes.reshape(shape[0], shape[1], *[1] * len(spatial))


@operator("AveragePool", attributes=_WINDOW + " count_include_pad")
def average_pool(context: Context) -> Function:
    """Padding counts only where `count_include_pad` says so."""
    include = context.flag("count_include_pad")
    window = window_of(context, None)
    pool = _pool(context, ops.average_pool, 0.0, count_include_pad=include)
    if include or _is_ordinary(window):
        return in_floats(pool)
    counts = _pool(context, ops.average_pool, 0.0)  # the share of each window that is not padding

    def call(x: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(pool(x) / counts(np.ones_like(x)))

    return in_floats(call)


@operator("LpPool", attributes=_WINDOW + " p")
def lp_pool(context: Context) -> Function:
    """The p-norm of every window."""
    return in_floats(_pool(context, ops.lp_pool, 0.0, p=context.attr("p", 2)))


@operator("GlobalAveragePool")
def global_average_pool(context: Context) -> Function:
    """(N, C, 1, ...)."""
    layout = data_format(context)
    keepdims = not context.flag("_flat")
    return in_floats(lambda x: ops.global_average_pool(x, data_format=layout, keepdims=keepdims))


@operator("GlobalMaxPool")
def global_max_pool(context: Context) -> Function:
    """(N, C, 1, ...)."""
    layout = data_format(context)
    return in_floats(lambda x: ops.global_max_pool(x, data_format=layout, keepdims=True))


@operator("GlobalLpPool", attributes="p")
def global_lp_pool(context: Context) -> Function:
    """(N, C, 1, ...)."""
    layout, p = data_format(context), context.attr("p", 2)
    return in_floats(lambda x: ops.global_lp_pool(x, p=p, data_format=layout, keepdims=True))


@operator("MaxUnpool", attributes="kernel_shape pads strides")
def max_unpool(context: Context) -> Function:
    """Positions count over the whole tensor that was pooled, of the extents that the window implies."""
    window = window_of(context, None)

    def call(x: Array, indices: Array, wanted: Array | None = None) -> Array:
        spatial = tuple(
            (extent - 1) * stride + size - sum(pads)
            for extent, stride, size, pads in zip(
                x.shape[2:], window.strides, window.size, window.pads, strict=True
            )
        )
        shape = (*x.shape[:2], *spatial)
        planes = np.arange(shape[0] * shape[1], dtype=np.int64) * prod(spatial)
        inside = indices - planes.reshape(*shape[:2], *[1] * len(spatial))
        y = ops.max_unpool(x, inside, shape, data_format="channels_first")
        if wanted is None:
            return y
        if len(wanted) != y.ndim or any(
            have > want for have, want in zip(shape, wanted.tolist(), strict=True)
        ):
            raise ValueError(f"output_shape is {wanted.tolist()}; expected at least {shape}")
        return np.pad(y, [(0, want - have) for have, want in zip(shape, wanted.tolist(), strict=True)])

    return in_indices(call)


def in_indices(function: Function) -> Function:
    """As `in_floats`, with positions that stay integers."""

    def call(x: Array, indices: Array, *rest: Any) -> Any:
        narrow = in_floats(lambda values: function(values, indices, *rest))
        return narrow(x)

    return call
