"""Sampling an array at other positions, one axis after the other.

Extents and positions are computed in float32, as a scale is given: where they come to whole numbers or to
halves, the rounding decides on the result's shape and on the nearest value.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import floor
from typing import Any, NamedTuple

import numpy as np

from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import wide

_TRANSFORMATIONS = {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"}
_TRANSFORMATIONS |= {"tf_crop_and_resize", "tf_half_pixel_for_nn"}
_NEAREST = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}
OLD_NEAREST = "ceil where an axis shrinks, else floor"
"""What Resize of opset 10 takes, which had no attribute for it."""


class Sampling(NamedTuple):
    """The attributes of Resize."""

    mode: str
    transformation: str
    nearest: str
    cubic: float = -0.75
    exclude_outside: bool = False
    antialias: bool = False
    fill: float = 0.0
    policy: str = "stretch"

    def fault(self) -> str | None:
        """What is wrong with them, in words."""
        for name, value, expected in (
            ("mode", self.mode, {"nearest", "linear", "cubic"}),
            ("coordinate_transformation_mode", self.transformation, _TRANSFORMATIONS),
            ("nearest_mode", self.nearest, _NEAREST),
            ("keep_aspect_ratio_policy", self.policy, {"stretch", "not_larger", "not_smaller"}),
        ):
            if value not in expected:
                return f"{name} is {value!r}; expected one of {', '.join(sorted(expected))}"
        return None


def resized(
    x: Array,
    how: Sampling,
    axes: Sequence[int],
    scales: Sequence[float] | None,
    sizes: Sequence[int] | None,
    roi: Sequence[float] | None,
) -> Array:
    """`x` sampled along `axes`; integers are floats until all axes are done."""
    if x.dtype.kind not in "iu" or how.mode == "nearest":
        return _resized(x, how, axes, scales, sizes, roi)
    y = _resized(wide(x), how, axes, scales, sizes, roi)
    ends = np.iinfo(x.dtype)
    # Scales are float32s: a whole number may lack a bit.
    y = np.rint(y) if how.antialias else np.trunc(np.round(y, 4))
    return np.clip(y, ends.min, ends.max).astype(x.dtype)


def _resized(
    x: Array,
    how: Sampling,
    axes: Sequence[int],
    scales: Sequence[float] | None,
    sizes: Sequence[int] | None,
    roi: Sequence[float] | None,
) -> Array:
    extents = [x.shape[axis] for axis in axes]
    if sizes is not None and how.policy != "stretch":
        ratios = [size / extent for size, extent in zip(sizes, extents, strict=True)]
        scale = min(ratios) if how.policy == "not_larger" else max(ratios)
        scales, sizes = [scale] * len(axes), [floor(scale * extent + 0.5) for extent in extents]
    elif sizes is not None:
        scales = [size / extent for size, extent in zip(sizes, extents, strict=True)]
    else:
        sizes = [floor(np.float32(s) * np.float32(e)) for s, e in zip(scales or (), extents, strict=True)]
    outside = False
    for i, axis in enumerate(axes):
        scale, size, extent = (scales or ())[i], sizes[i], extents[i]
        if scale == 1 and size == extent and how.transformation != "tf_crop_and_resize":
            continue
        area = (0, 1) if roi is None else (roi[i], roi[i + len(axes)])
        at = _positions(size, extent, scale, how.transformation, area)
        beyond = (at < 0) | (at > extent - 1)
        x = _sampled(x, axis, how, at, extent, float(scale))
        if how.transformation == "tf_crop_and_resize" and beyond.any():
            x = np.array(x)
            x[(slice(None),) * axis + (beyond,)] = how.fill
            outside = True
    return np.ascontiguousarray(x) if outside else x


def _positions(size: int, extent: int, scale: float, name: str, roi: tuple[float, float]) -> Array:
    """Where every result looks in the input."""
    i = np.arange(size, dtype=np.float32)
    if name == "align_corners":
        length = np.float32(scale * extent)  # and not `size`: the standard's own cases want the fraction
        return i * (extent - 1) / (length - 1) if length != 1 else np.zeros(size, np.float32)
    if name == "asymmetric":
        return i / scale
    if name == "tf_half_pixel_for_nn":
        return (i + 0.5) / scale
    if name == "tf_crop_and_resize":
        start, end = map(np.float32, roi)
        if size == 1:
            return np.full(1, 0.5 * (start + end) * (extent - 1))
        return start * (extent - 1) + i * (end - start) * (extent - 1) / (size - 1)
    if name == "pytorch_half_pixel" and size == 1:
        return np.zeros(1, np.float32)
    centres = (i + 0.5) / scale - 0.5
    if name == "half_pixel_symmetric":
        centres += extent / 2 * (1 - size / (scale * extent))
    return centres


def _sampled(x: Array, axis: int, how: Sampling, at: Array, extent: int, scale: float) -> Array:
    if how.mode == "nearest":
        nearest = how.nearest
        if nearest == OLD_NEAREST:
            nearest = "ceil" if scale < 1 else "floor"
        if nearest == "round_prefer_floor":
            index = np.ceil(at - 0.5)
        elif nearest == "round_prefer_ceil":
            index = np.floor(np.nextafter(at, np.float32(np.inf)) + 0.5)  # a half may have been rounded down
        else:
            index = np.floor(at) if nearest == "floor" else np.ceil(at)
        return np.take(x, np.clip(index, 0, extent - 1).astype(np.int64), axis)
    weights = _weights(how, tuple(at.tolist()), extent, scale).astype(
        x.dtype if x.dtype.kind == "f" else float
    )
    y = np.moveaxis(np.tensordot(weights, x, axes=(1, axis)), 0, axis)
    return y.astype(x.dtype, copy=False)


@lru_cache(maxsize=64)
def _weights(how: Sampling, at: tuple[float, ...], extent: int, scale: float) -> Array:
    """(results, inputs): what each result takes of each input."""
    narrow = min(scale, 1.0) if how.antialias else 1.0
    reach = 1 if how.mode == "linear" else 2
    start = floor(-reach / narrow) + 1
    taps = np.arange(start, 2 - start)
    low = np.floor(np.array(at))
    ratio = np.array(at) - low
    distance = np.abs(taps[None, :] - ratio[:, None]) * narrow
    share = np.clip(1 - distance, 0, None) if reach == 1 else cubic_share(distance, how.cubic)
    places = low[:, None].astype(np.int64) + taps[None, :]
    if how.exclude_outside:
        share = np.where((places >= 0) & (places < extent), share, 0)
    if how.exclude_outside or narrow != 1:
        share = share / share.sum(1, keepdims=True)
    matrix = np.zeros((len(at), extent))
    rows: Any = np.broadcast_to(np.arange(len(at))[:, None], places.shape)
    np.add.at(matrix, (rows, np.clip(places, 0, extent - 1)), share)
    return matrix


def cubic_share(distance: Array, a: float) -> Array:
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = a * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))
