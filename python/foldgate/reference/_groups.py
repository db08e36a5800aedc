"""Columns and kernels are (tap, channel)-major, groups side by side; products want the group first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from foldgate.reference._types import Array
from foldgate.reference._window import Axis, out_shape

__all__ = ["join_columns", "join_kernel", "split_columns", "split_kernel"]


def split_columns(columns: Array, axes: Sequence[Axis], groups: int) -> Array:
    """(N, *out, taps * C) -> (G, rows, taps * C/G)."""
    rows = math.prod(columns.shape[:-1])
    taps = math.prod(axis.taps for axis in axes)
    k = columns.shape[-1] // groups
    return columns.reshape(rows, taps, groups, k // taps).transpose(2, 0, 1, 3).reshape(groups, rows, k)


def join_columns(columns: Array, batch: int, axes: Sequence[Axis]) -> Array:
    """(G, rows, taps * C/G) -> (N, *out, taps * C)."""
    groups, rows, k = columns.shape
    taps = math.prod(axis.taps for axis in axes)
    by_row = columns.reshape(groups, rows, taps, k // taps).transpose(1, 2, 0, 3)
    return by_row.reshape(batch, *out_shape(axes), groups * k)


def split_kernel(kernel: Array, groups: int) -> Array:
    """(*k, C/G, O) -> (G, taps * C/G, O/G)."""
    k, out_channels = math.prod(kernel.shape[:-1]), kernel.shape[-1]
    return kernel.reshape(k, groups, out_channels // groups).transpose(1, 0, 2)


def join_kernel(split: Array, kernel: Array) -> Array:
    """(G, taps * C/G, O/G) -> the shape of `kernel`."""
    return split.transpose(1, 0, 2).reshape(kernel.shape)
