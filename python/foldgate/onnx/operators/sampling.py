"""AffineGrid and GridSample: positions, and an array at them."""

from __future__ import annotations

from functools import reduce
from itertools import product
from math import prod

import numpy as np

from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import wide
from foldgate.onnx.operators._resize import cubic_share
from foldgate.onnx.registry import Context, Function, operator

_MODES = {
    "bilinear": "linear",
    "linear": "linear",
    "bicubic": "cubic",
    "cubic": "cubic",
    "nearest": "nearest",
}
_BENT = -0.75  # the factor of the cubic that ONNX names


@operator("AffineGrid", attributes="align_corners")
def affine_grid(context: Context) -> Function:
    """A grid (N, places..., axes) of -1 to 1 that theta (N, axes, axes + 1) has moved."""
    align = context.flag("align_corners")

    def call(theta: Array, size: Array) -> Array:
        (n, _, *extents), axes = size.tolist(), len(size) - 2
        if axes not in (2, 3):
            raise ValueError(f"size is {size.tolist()}; expected 4 or 5 extents")
        if theta.shape != (n, axes, axes + 1):
            raise ValueError(f"theta has shape {theta.shape}; expected {(n, axes, axes + 1)}")
        lines = [_centres(extent, align) for extent in extents]
        grid = np.stack([*np.meshgrid(*lines, indexing="ij")[::-1], np.ones(extents)], -1)
        moved = grid.reshape(-1, axes + 1) @ wide(theta).transpose(0, 2, 1)
        return moved.reshape(n, *extents, axes).astype(theta.dtype)

    return call


def _centres(extent: int, align: bool) -> Array:
    """The middles of an axis' values, or from end to end, which of one value is its middle, as in PyTorch."""
    ends = align and extent > 1
    return np.linspace(-1, 1, extent) if ends else (np.arange(extent) * 2 + 1) / extent - 1


@operator("GridSample", attributes="align_corners mode padding_mode")
def grid_sample(context: Context) -> Function:
    """X (N, C, spatial...) at a grid (N, places..., axes) of -1 to 1, the last axis first."""
    mode, padding = context.attr("mode", "linear"), context.attr("padding_mode", "zeros")
    align = context.flag("align_corners")
    if mode not in _MODES:
        raise context.refuse(f"mode is {mode!r}; expected one of {', '.join(sorted(_MODES))}")
    if padding not in ("zeros", "border", "reflection"):
        raise context.refuse(f"padding_mode is {padding!r}; expected zeros, border or reflection")

    def call(x: Array, grid: Array) -> Array:
        extents = x.shape[2:]
        if grid.ndim != x.ndim or grid.shape[-1] != len(extents) or grid.shape[0] != x.shape[0]:
            raise ValueError(f"grid has shape {grid.shape}; expected one for X, which has shape {x.shape}")
        count = prod(grid.shape[1:-1])
        at = wide(grid).reshape(len(x), count, len(extents))[:, :, ::-1]
        axes = [_Axis(at[:, :, i], extent, align, padding) for i, extent in enumerate(extents)]
        rows = x.reshape(*x.shape[:2], prod(extents))
        y = _nearest(rows, axes) if mode == "nearest" else _weighed(rows, axes, _MODES[mode])
        return y.reshape(*x.shape[:2], *grid.shape[1:-1])

    return call


class _Axis:
    """Where a grid looks along one axis."""

    def __init__(self, at: Array, extent: int, align: bool, padding: str) -> None:
        self.extent, self._padding = extent, padding
        self._ends = (0.0, extent - 1.0) if align else (-0.5, extent - 0.5)
        half = at.dtype.type(0.5)
        self._at = (at + 1) * half * (extent - 1) if align else ((at + 1) * extent - 1) * half

    def positions(self, mode: str) -> Array:
        """Positions, brought inside as the padding says; of four values each is brought inside itself."""
        at: Array = np.rint(self._at) if mode == "nearest" else self._at
        if self._padding == "border" and mode != "cubic":
            at = np.clip(at, 0, self.extent - 1)
        elif self._padding == "reflection" and mode != "cubic":
            at = self._reflected(at)
        return at

    def _reflected(self, at: Array) -> Array:
        low, high = self._ends
        if low == high:
            return np.zeros_like(at)
        there = np.mod(at - low, 2 * (high - low))
        folded = low + np.minimum(there, 2 * (high - low) - there)
        found: Array = np.where((at < low) | (at > high), folded, at).astype(at.dtype, copy=False)
        return found

    def places(self, at: Array) -> tuple[Array, Array]:
        """Whole positions that are in the array, and where they were."""
        if self._padding == "reflection":
            at = np.trunc(self._reflected(at))
        inside = (at >= 0) & (at < self.extent) if self._padding == "zeros" else np.ones(at.shape, bool)
        return np.clip(np.nan_to_num(at), 0, self.extent - 1).astype(np.int64), inside


def _taken(rows: Array, places: list[tuple[Array, Array]], axes: list[_Axis]) -> Array:
    """The values at a place along every axis, 0 where one is outside."""
    index, inside = np.zeros_like(places[0][0]), np.ones(places[0][0].shape, bool)
    for (place, there), axis in zip(places, axes, strict=True):
        index, inside = index * axis.extent + place, inside & there
    values = np.take_along_axis(rows, index[:, None], 2)
    return np.where(inside[:, None], values, rows.dtype.type(0))


def _nearest(rows: Array, axes: list[_Axis]) -> Array:
    return _taken(rows, [axis.places(axis.positions("nearest")) for axis in axes], axes)


def _weighed(rows: Array, axes: list[_Axis], mode: str) -> Array:
    """The sum of the values around each position: two along every axis, or four."""
    taps = range(2) if mode == "linear" else range(-1, 3)
    around = []
    for axis in axes:
        at = axis.positions(mode)
        low = np.floor(at)
        shares = [np.abs(at - (low + tap)) for tap in taps]
        shares = [1 - share if mode == "linear" else cubic_share(share, _BENT) for share in shares]
        around.append([(*axis.places(low + tap), share) for tap, share in zip(taps, shares, strict=True)])
    values = wide(rows)
    total = np.zeros((*rows.shape[:2], around[0][0][0].shape[1]), values.dtype)
    for combination in product(*around):
        share: Array = reduce(np.multiply, [tap[2] for tap in combination])
        total += share[:, None].astype(values.dtype, copy=False) * _taken(
            values, [tap[:2] for tap in combination], axes
        )
    return total.astype(rows.dtype, copy=False)
