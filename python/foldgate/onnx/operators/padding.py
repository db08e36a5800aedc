"""Pad, Resize and Upsample."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.onnx.graph import Array
from foldgate.onnx.operators._resize import OLD_NEAREST, Sampling, resized
from foldgate.onnx.registry import Context, Function, operator

_MODES = {"constant": "constant", "reflect": "reflect", "edge": "edge", "wrap": "wrap"}


@operator("Pad", attributes="mode paddings pads value")
def pad(context: Context) -> Function:
    """Negative pads cut. Attributes before opset 11, inputs from there on."""
    mode = _MODES.get(context.attr("mode", "constant"))
    if mode is None:
        raise context.refuse(f"mode is {context.attr('mode')!r}; expected one of {', '.join(_MODES)}")
    if context.opset < 11:
        said = context.attr("pads", context.attr("paddings"))
        fill = context.attr("value", 0.0)
        return lambda x: _padded(x, said, range(x.ndim), mode, fill)

    def call(x: Array, pads: Array, value: Array | None = None, axes: Array | None = None) -> Array:
        fill = 0 if value is None or value.size == 0 else value.reshape(-1)[0]
        which = range(x.ndim) if axes is None else [int(axis) % x.ndim for axis in axes]
        return _padded(x, pads.tolist(), which, mode, fill)

    return call


def _padded(x: Array, pads: Any, axes: Any, mode: str, fill: Any) -> Array:
    if len(pads) != 2 * len(axes):
        raise ValueError(f"pads has {len(pads)} values; expected {2 * len(axes)}")
    ends = [(0, 0)] * x.ndim
    for i, axis in enumerate(axes):
        ends[axis] = (int(pads[i]), int(pads[i + len(axes)]))
    more = [(max(a, 0), max(b, 0)) for a, b in ends]
    cut = tuple(slice(max(-a, 0), -max(-b, 0) or None) for a, b in ends)
    if mode == "constant":
        return np.pad(x, more, constant_values=fill)[cut]
    return np.pad(x[cut], more, mode)  # type: ignore[call-overload, no-any-return]  # on from what is left


@operator("Upsample", attributes="height_scale mode scales width_scale")
def upsample(context: Context) -> Function:
    """Resize of older opsets: asymmetric, by the position below."""
    said = context.attr("scales")
    if said is None and context.attr("height_scale") is not None:
        said = [1.0, 1.0, context.attr("height_scale"), context.attr("width_scale")]
    mode = context.attr("mode", "nearest")
    how = Sampling("linear" if mode in ("linear", "bilinear") else "nearest", "asymmetric", "floor")

    def call(x: Array, scales: Array | None = None) -> Array:
        factors = said if scales is None else scales.tolist()
        return resized(x, how, range(x.ndim), factors, None, None)

    return call


_RESIZE = "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value "
_RESIZE += "keep_aspect_ratio_policy mode nearest_mode"


@operator("Resize", attributes=_RESIZE)
def resize(context: Context) -> Function:
    """By scales or to sizes."""
    old = context.opset < 11
    how = Sampling(
        context.attr("mode", "nearest"),
        context.attr("coordinate_transformation_mode", "asymmetric" if old else "half_pixel"),
        context.attr("nearest_mode", "round_prefer_floor"),
        context.attr("cubic_coeff_a", -0.75),
        context.flag("exclude_outside"),
        context.flag("antialias"),
        context.attr("extrapolation_value", 0.0),
        context.attr("keep_aspect_ratio_policy", "stretch"),
    )
    fault = how.fault()
    if fault:
        raise context.refuse(fault)
    if old:
        how = how._replace(nearest=OLD_NEAREST)
    said = context.attr("axes")
    last = context.flag("_last")

    def call(
        x: Array, roi: Array | None = None, scales: Array | None = None, sizes: Array | None = None
    ) -> Array:
        axes = range(x.ndim) if said is None else [axis % x.ndim for axis in said]
        if last:  # as the node says of (N, C, ...)
            axes = [(0, x.ndim - 1, *range(1, x.ndim - 1))[axis] for axis in axes]
        factors = None if scales is None or scales.size == 0 else scales.tolist()
        wanted = None if sizes is None or sizes.size == 0 else sizes.tolist()
        area = None if roi is None or roi.size == 0 else roi.tolist()
        if (factors is None) == (wanted is None) or len(factors or wanted or ()) != len(axes):
            raise ValueError(
                f"scales is {factors}, sizes {wanted}; expected one of them, {len(axes)} numbers"
            )
        return resized(x, how, axes, factors, wanted, area)

    if old:
        return lambda x, scales: call(x, None, scales)
    return call
