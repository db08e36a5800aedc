"""Pooling cases: 2x2 windows as in most models, the overlapping 3x3 stride 2 of ResNet's stem, means."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, QUICK, TABLES, Array, Arrays, Case, normal


@dataclass(frozen=True, kw_only=True)
class PoolCase(Case):
    """y = max over windows of x (N, *spatial, C) or (N, C, *spatial); train keeps compact tap indices."""

    op: str = "max_pool"
    batch: int
    channels: int
    spatial: tuple[int, ...]
    pool_size: tuple[int, ...]
    strides: int
    padding: int = 0
    data_format: str = "channels_last"

    @property
    def output_spatial(self) -> tuple[int, ...]:
        extents = zip(self.spatial, self.pool_size, strict=True)
        return tuple((size + 2 * self.padding - k) // self.strides + 1 for size, k in extents)

    @property
    def x_shape(self) -> tuple[int, ...]:
        return self._image(self.spatial)

    @property
    def y_shape(self) -> tuple[int, ...]:
        return self._image(self.output_spatial)

    def _image(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        if self.data_format == "channels_last":
            return (self.batch, *spatial, self.channels)
        return (self.batch, self.channels, *spatial)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"x": self.x_shape, "y": self.y_shape}

    def flops(self, pass_: str) -> int:
        return 0

    def traffic(self, pass_: str) -> int:
        x, y = prod(self.x_shape) * self.item_size, prod(self.y_shape) * self.item_size
        # train writes and reads one tap byte per output besides y, dy and dx
        return x + y if pass_ == FORWARD else 2 * (x + y) + 2 * prod(self.y_shape)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return {"x": normal(rng, self.x_shape, self.dtype), "dy": normal(rng, self.y_shape, self.dtype)}

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.max_pool(arrays["x"], **self.arguments)}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        y, taps = ops.max_pool(arrays["x"], return_indices="taps", **self.arguments)
        dx = ops.max_pool_backward(arrays["dy"], taps, self.x_shape, **self.arguments)
        return {"y": y, "dx": dx}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        if result == "y":
            return 0.0  # a maximum is one of its inputs
        overlap = prod(-(-k // self.strides) for k in self.pool_size)  # windows that share a pixel
        return 2.0 * float(np.finfo(self.dtype).eps) * (overlap - 1) * float(np.max(np.abs(expected)))


@dataclass(frozen=True, kw_only=True)
class AveragePoolCase(PoolCase):
    """y = mean over windows of x; the shares need nothing kept."""

    op: str = "average_pool"

    def traffic(self, pass_: str) -> int:
        once = (prod(self.x_shape) + prod(self.y_shape)) * self.item_size
        return once if pass_ == FORWARD else 2 * once

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.average_pool(arrays["x"], **self.arguments)}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        dx = ops.average_pool_backward(arrays["dy"], self.x_shape, **self.arguments)
        return self.forward(ops, arrays) | {"dx": dx}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        largest = float(np.max(np.abs(arrays["x" if result == "y" else "dy"])))
        return 2.0 * float(np.finfo(self.dtype).eps) * (prod(self.pool_size) + 2) * largest


def _pool(name: str, *sets: str, n: int, c: int, size: int, k: int, **rest: Any) -> PoolCase:
    return PoolCase(
        name=name,
        sets=frozenset(sets),
        batch=n,
        channels=c,
        spatial=(size, size),
        pool_size=(k, k),
        strides=2,
        **rest,
    )


def _average(name: str, n: int, c: int, size: int, k: int, *sets: str, **rest: Any) -> AveragePoolCase:
    return AveragePoolCase(
        name=name,
        sets=frozenset(sets),
        batch=n,
        channels=c,
        spatial=(size, size),
        pool_size=(k, k),
        strides=2,
        **rest,
    )


CASES: tuple[PoolCase, ...] = (
    _pool("8x64x112 2x2 s2", TABLES, DEFAULT, n=8, c=64, size=112, k=2),
    _pool("8x64x112 2x2 s2 NCHW", TABLES, n=8, c=64, size=112, k=2, data_format="channels_first"),
    _pool("64x32x28 2x2 s2", DEFAULT, QUICK, n=64, c=32, size=28, k=2),
    _pool("4x64x112 3x3 s2", DEFAULT, n=4, c=64, size=112, k=3, padding=1),
    PoolCase(name="32x64x4096 2 s2 1-D", batch=32, channels=64, spatial=(4096,), pool_size=(2,), strides=2),
    _average("8x64x112 2x2 s2", 8, 64, 112, 2, DEFAULT, QUICK),
    _average("8x64x112 2x2 s2 NCHW", 8, 64, 112, 2, data_format="channels_first"),
    _average("4x64x112 3x3 s2", 4, 64, 112, 3, padding=1),
    _average("32x1024x7 global", 32, 1024, 7, 7),
    _average("32x1024x7 global NCHW", 32, 1024, 7, 7, data_format="channels_first"),
)
