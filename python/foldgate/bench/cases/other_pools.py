"""Pooling besides windows' maxima and means: Lp norms, adaptive maxima, whole planes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .base import DEFAULT, Array, Arrays
from .pool import PoolCase


@dataclass(frozen=True, kw_only=True)
class LpPoolCase(PoolCase):
    """y = (sum over windows of |x|^2)^(1/2)."""

    op: str = "lp_pool"

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.lp_pool(arrays["x"], **self.arguments)}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        y = ops.lp_pool(arrays["x"], **self.arguments)
        return {"y": y, "dx": ops.lp_pool_backward(arrays["dy"], arrays["x"], y, **self.arguments)}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        # a sum of squares loses nothing to cancellation: as many roundings as terms, and a few more
        terms = prod(self.pool_size) + 8
        return 4.0 * float(np.finfo(self.dtype).eps) * terms * float(np.max(np.abs(expected)))


@dataclass(frozen=True, kw_only=True)
class AdaptiveMaxPoolCase(PoolCase):
    """y = max over `pool_size` parts of each axis, which need not be of one size."""

    op: str = "adaptive_max_pool"
    strides: int = 1

    @property
    def output_spatial(self) -> tuple[int, ...]:
        return self.pool_size

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.adaptive_max_pool(arrays["x"], self.pool_size, data_format=self.data_format)}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        layout = {"data_format": self.data_format}
        y, indices = ops.adaptive_max_pool(arrays["x"], self.pool_size, return_indices=True, **layout)
        dx = ops.adaptive_max_pool_backward(arrays["dy"], indices, self.x_shape, **layout)
        return {"y": y, "dx": dx}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        overlap = 2 ** len(self.pool_size)  # parts that share a pixel
        eps = float(np.finfo(self.dtype).eps)
        return 0.0 if result == "y" else 2.0 * eps * overlap * float(np.max(np.abs(expected)))


@dataclass(frozen=True, kw_only=True)
class GlobalPoolCase(PoolCase):
    """y (N, C) of whole planes: `op` says which of the three."""

    pool_size: tuple[int, ...] = ()
    strides: int = 1

    @property
    def output_spatial(self) -> tuple[int, ...]:
        return (1,) * len(self.spatial)

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        pool = getattr(ops, self.op)
        return {"y": pool(arrays["x"], data_format=self.data_format, keepdims=True)}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        pool, backward = getattr(ops, self.op), getattr(ops, f"{self.op}_backward")
        x, dy, layout = arrays["x"], arrays["dy"], {"data_format": self.data_format}
        if self.op == "global_max_pool":
            y, indices = pool(x, keepdims=True, return_indices=True, **layout)
            return {"y": y, "dx": backward(dy, indices, self.x_shape, **layout)}
        y = pool(x, keepdims=True, **layout)
        given = (self.x_shape,) if self.op == "global_average_pool" else (x, y)
        return {"y": y, "dx": backward(dy, *given, **layout)}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        eps, largest = float(np.finfo(self.dtype).eps), float(np.max(np.abs(arrays["x"])))
        if result == "dx":
            largest = float(np.max(np.abs(arrays["dy"])))
        return 4.0 * eps * (prod(self.spatial) + 8) * largest


def _global(op: str, layout: str = "channels_last") -> GlobalPoolCase:
    name = "32x1024x7" + (" NCHW" if layout == "channels_first" else "")
    shown = op == "global_average_pool" and layout == "channels_last"
    return GlobalPoolCase(
        op=op,
        name=name,
        sets=frozenset({DEFAULT} if shown else ()),
        batch=32,
        channels=1024,
        spatial=(7, 7),
        data_format=layout,
    )


CASES: tuple[PoolCase, ...] = (
    LpPoolCase(
        name="8x64x112 2x2 s2",
        batch=8,
        channels=64,
        spatial=(112, 112),
        pool_size=(2, 2),
        strides=2,
    ),
    AdaptiveMaxPoolCase(
        name="8x256x13 -> 6",
        batch=8,
        channels=256,
        spatial=(13, 13),
        pool_size=(6, 6),
    ),
    _global("global_average_pool"),
    _global("global_average_pool", "channels_first"),
    _global("global_max_pool"),
    _global("global_max_pool", "channels_first"),
    _global("global_lp_pool"),
)
