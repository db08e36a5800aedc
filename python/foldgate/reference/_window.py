"""The geometry of a window that slides over the spatial axes: shared by conv, im2col and pool.

An axis of extent `in` is padded to `before + in + after`. A window of `k` taps, `d` apart, covers
`(k - 1) d + 1` positions (the effective size) and moves by the stride `s`, so that tap `j` of output `p`
reads

    x[p s + j d - before]          (padding where that is outside of the image)

and there are  out = floor((before + in + after - effective) / s) + 1  outputs. Everything here is
channels-last, `(N, *spatial, C)`; channels-first arrays are moved there and back at the door.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from foldgate.reference._types import Array, Ints, Padding

__all__ = [
    "Axis",
    "from_channels_last",
    "make_axes",
    "out_shape",
    "pad",
    "tap_slices",
    "to_channels_last",
    "unpad",
]


class Axis(NamedTuple):
    """One spatial axis under a sliding window."""

    extent: int
    taps: int
    stride: int
    dilation: int
    before: int
    after: int
    out: int

    @property
    def effective(self) -> int:
        """How many positions the window covers, first tap to last."""
        return (self.taps - 1) * self.dilation + 1


def make_axes(
    op: str,
    spatial: Sequence[int],
    size: Ints,
    strides: Ints,
    padding: Padding,
    dilation_rate: Ints,
    ceil_mode: bool = False,
) -> tuple[Axis, ...]:
    """Turn the arguments of an op into numbers, one `Axis` per spatial axis."""
    rank = len(spatial)
    if padding == "causal" and rank != 1:
        raise ValueError(f"{op}: padding is 'causal' with {rank} spatial axes; expected 1")
    if padding == "same" and ceil_mode:
        raise ValueError(f"{op}: ceil_mode is True with padding 'same'; expected False")
    sizes = _per_axis(op, "kernel_size", size, rank)
    steps = _per_axis(op, "strides", strides, rank)
    dilations = _per_axis(op, "dilation_rate", dilation_rate, rank)
    axes = []
    for i in range(rank):
        before, after = _pads(op, padding, i, rank, spatial[i], sizes[i], steps[i], dilations[i])
        axis = Axis(spatial[i], sizes[i], steps[i], dilations[i], before, after, 0)
        axes.append(axis._replace(out=_out_extent(op, axis, ceil_mode)))
    return tuple(axes)


def _per_axis(op: str, name: str, value: Ints, rank: int) -> tuple[int, ...]:
    values = tuple(value) if isinstance(value, Sequence) else (value,) * rank
    if len(values) != rank or min(values) < 1:
        raise ValueError(f"{op}: {name} is {value}; expected one positive int or {rank} of them")
    return values


def _pads(
    op: str, padding: Padding, i: int, rank: int, extent: int, taps: int, stride: int, dilation: int
) -> tuple[int, int]:
    """How much is added before and after axis `i`."""
    effective = (taps - 1) * dilation + 1
    if padding == "valid":
        return 0, 0
    if padding == "causal":  # output t sees nothing later than input t * stride
        return effective - 1, 0
    if padding == "same":  # out = ceil(in / s); where the total is odd, the extra one comes after
        out = -(-extent // stride)
        total = max(0, (out - 1) * stride + effective - extent)
        return total // 2, total - total // 2
    if isinstance(padding, str):
        raise ValueError(f"{op}: padding is {padding!r}; expected 'valid', 'same', 'causal' or ints")
    if not isinstance(padding, int) and len(padding) != rank:
        raise ValueError(
            f"{op}: padding is {padding}; expected one int, or an int or a pair for each of {rank} axes"
        )
    pair = padding if isinstance(padding, int) else padding[i]
    before, after = (pair, pair) if isinstance(pair, int) else pair
    if min(before, after) < 0:
        raise ValueError(f"{op}: padding is {padding}; expected no negative amounts")
    return before, after


def _out_extent(op: str, axis: Axis, ceil_mode: bool) -> int:
    if axis.extent < 1:
        raise ValueError(f"{op}: x has a spatial extent of {axis.extent}; expected at least 1")
    room = axis.before + axis.extent + axis.after - axis.effective
    out = (room + (axis.stride - 1 if ceil_mode else 0)) // axis.stride + 1
    if ceil_mode and (out - 1) * axis.stride >= axis.before + axis.extent:
        out -= 1  # this window would start in the padding after the image
    if out < 1:
        padded = axis.before + axis.extent + axis.after
        raise ValueError(
            f"{op}: the effective kernel size is {axis.effective}; expected at most the padded {padded}"
        )
    return out


def out_shape(axes: Sequence[Axis]) -> tuple[int, ...]:
    """The spatial shape of the output."""
    return tuple(axis.out for axis in axes)


def _edges(axes: Sequence[Axis]) -> list[tuple[int, int]]:
    """(before, after) per axis; `after` grows where ceil_mode lets the last window hang over the edge."""
    ends = [(axis.out - 1) * axis.stride + axis.effective for axis in axes]
    return [(a.before, max(a.after, end - a.before - a.extent)) for a, end in zip(axes, ends, strict=True)]


def pad(x: Array, axes: Sequence[Axis], value: float) -> Array:
    """(N, *spatial, C) -> (N, *padded, C), with `value` around."""
    return np.pad(x, [(0, 0), *_edges(axes), (0, 0)], constant_values=value)


def unpad(padded: Array, axes: Sequence[Axis]) -> Array:
    """The inverse of `pad`: cut the image out of `(N, *padded, C)`."""
    return padded[(slice(None), *(slice(a.before, a.before + a.extent) for a in axes))]


def tap_slices(axes: Sequence[Axis]) -> Iterator[tuple[slice, ...]]:
    """For each tap, row-major, the index that takes what it reads, (N, *out, C), from (N, *padded, C)."""
    for offsets in itertools.product(*(range(axis.taps) for axis in axes)):
        yield (
            slice(None),
            *(
                slice(j * a.dilation, j * a.dilation + (a.out - 1) * a.stride + 1, a.stride)
                for j, a in zip(offsets, axes, strict=True)
            ),
        )


def to_channels_last(x: Array, data_format: str) -> Array:
    """(N, C, *spatial) -> (N, *spatial, C) where `data_format` says so."""
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f"data_format is {data_format!r}; expected 'channels_last' or 'channels_first'")
    return x if data_format == "channels_last" else np.moveaxis(x, 1, -1)


def from_channels_last(x: Array, data_format: str) -> Array:
    """The inverse of `to_channels_last`, in memory of its own."""
    return np.ascontiguousarray(x if data_format == "channels_last" else np.moveaxis(x, -1, 1))
