"""Convolution cases; names read N x C x spatial -> O kernel, as in docs/performance.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod, sqrt
from typing import Any

import numpy as np

from .base import (
    DEFAULT,
    FORWARD,
    PACKED,
    QUICK,
    TABLES,
    TRAIN,
    Array,
    Arrays,
    Case,
    normal,
    product_bound,
    uniform,
)


@dataclass(frozen=True, kw_only=True)
class ConvCase(Case):
    """y = conv(x, kernel) + bias with x (N, *spatial, C), or (N, C, *spatial) for channels_first."""

    batch: int
    channels: int
    spatial: tuple[int, ...]
    filters: int
    kernel_size: tuple[int, ...]
    strides: int = 1
    pads: tuple[tuple[int, int], ...]
    dilation_rate: int = 1
    groups: int = 1
    data_format: str = "channels_last"

    @property
    def output_spatial(self) -> tuple[int, ...]:
        extents = zip(self.spatial, self.kernel_size, self.pads, strict=True)
        return tuple(
            (size + sum(pad) - (k - 1) * self.dilation_rate - 1) // self.strides + 1
            for size, k, pad in extents
        )

    @property
    def x_shape(self) -> tuple[int, ...]:
        return self._image(self.channels, self.spatial)

    @property
    def y_shape(self) -> tuple[int, ...]:
        return self._image(self.filters, self.output_spatial)

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        return (*self.kernel_size, self.channels // self.groups, self.filters)

    def _image(self, channels: int, spatial: tuple[int, ...]) -> tuple[int, ...]:
        if self.data_format == "channels_last":
            return (self.batch, *spatial, channels)
        return (self.batch, channels, *spatial)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"x": self.x_shape, "kernel": self.kernel_shape, "bias": (self.filters,), "y": self.y_shape}

    def flops(self, pass_: str) -> int:
        # a multiply and an add per output and tap, padded taps included; each backward product the same
        forward = 2 * prod(self.y_shape) * prod(self.kernel_shape[:-1])
        return 3 * forward if pass_ == TRAIN else forward

    def traffic(self, pass_: str) -> int:
        x, kernel, y = prod(self.x_shape), prod(self.kernel_shape), prod(self.y_shape)
        # forward reads x, kernel and writes y; backward reads dy, x, kernel and writes dx, dkernel
        elements = x + kernel + y
        return self.item_size * (3 * x + 3 * kernel + 2 * y if pass_ == TRAIN else elements)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        fan = prod(self.kernel_shape[:-1]) + prod(self.kernel_size) * self.filters // self.groups
        return {
            "x": normal(rng, self.x_shape, self.dtype),
            "kernel": uniform(rng, self.kernel_shape, self.dtype, sqrt(6.0 / fan)),
            "bias": normal(rng, (self.filters,), self.dtype, 0.1),
            "dy": normal(rng, self.y_shape, self.dtype),
        }

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "strides": self.strides,
            "padding": self.pads,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
        }

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.conv(arrays["x"], arrays["kernel"], arrays["bias"], **self.arguments)}

    def packed(self, ops: Any, arrays: Arrays) -> Callable[[], Arrays]:
        handle = ops.PackedConv(arrays["kernel"], arrays["bias"], **self.arguments)
        return lambda: {"y": handle(arrays["x"])}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        results = self.forward(ops, arrays)
        gradients = ops.conv_backward(arrays["dy"], arrays["x"], arrays["kernel"], **self.arguments)
        return results | {"dx": gradients.dx, "dkernel": gradients.dkernel, "dbias": gradients.dbias}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        taps = prod(self.kernel_size)
        positions = self.batch * prod(self.output_spatial)
        terms, a, b = {
            "y": (taps * self.channels // self.groups, arrays["x"], arrays["kernel"]),
            "dx": (taps * self.filters // self.groups, arrays["dy"], arrays["kernel"]),
            "dkernel": (positions, arrays["dy"], arrays["x"]),
            "dbias": (positions, arrays["dy"], np.ones(1)),
        }[result]
        return product_bound(self.dtype, terms, a, b)


@dataclass(frozen=True, kw_only=True)
class ConvMaxPoolCase(ConvCase):
    """y = the 2 x 2 maxima of a convolution. Forward alone: rounding may move a gradient to another one."""

    op: str = "conv_max_pool"
    passes: tuple[str, ...] = (FORWARD,)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        pooled = tuple(size // 2 for size in self.output_spatial)
        return super().shapes() | {"y": self._image(self.filters, pooled)}

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return {name: array for name, array in super().inputs(rng).items() if name != "dy"}

    def traffic(self, pass_: str) -> int:
        y = prod(self.y_shape)
        return super().traffic(pass_) - (y - y // 4) * self.item_size

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        terms = prod(self.kernel_size) * self.channels // self.groups
        return product_bound(self.dtype, terms, arrays["x"], arrays["kernel"])

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.conv_max_pool(arrays["x"], arrays["kernel"], arrays["bias"], **self.arguments)}


def _image(
    label: str,
    *sets: str,
    n: int,
    c: int,
    size: int,
    o: int,
    k: int,
    pad: int = -1,
    op: str = "conv",
    **rest: Any,
) -> ConvCase:
    """A square 2-D case; `pad` -1 keeps the extent ("same" at stride 1, half the kernel otherwise)."""
    pad = k // 2 if pad < 0 else pad
    passes = (FORWARD, PACKED, TRAIN) if TABLES in sets else (FORWARD, TRAIN)
    winograd = op == "conv" and k == 3 and rest.get("strides", 1) == 1
    return ConvCase(
        op=op,
        name=f"{n}x{c}x{size} -> {o} k{k}{label}",
        sets=frozenset(sets),
        passes=passes,
        group="conv 3x3 s1" if winograd else op,
        batch=n,
        channels=c,
        spatial=(size, size),
        filters=o,
        kernel_size=(k, k),
        pads=((pad, pad), (pad, pad)),
        **rest,
    )


def _depthwise(n: int, c: int, size: int, *sets: str) -> ConvCase:
    return replace(
        _image("", *sets, n=n, c=c, size=size, o=c, k=3, op="depthwise", groups=c), name=f"{n}x{c}x{size} k3"
    )


_DENSE = _image("", TABLES, DEFAULT, n=16, c=64, size=56, o=64, k=3)

CASES: tuple[ConvCase, ...] = (
    _image(" valid", TABLES, DEFAULT, QUICK, n=64, c=1, size=28, o=32, k=3, pad=0),
    _image(" same", TABLES, DEFAULT, n=64, c=32, size=14, o=64, k=3),
    _image(" s2", TABLES, DEFAULT, n=1, c=3, size=224, o=64, k=7, strides=2),
    _image("", TABLES, DEFAULT, QUICK, n=1, c=64, size=56, o=64, k=3),
    _image("", TABLES, DEFAULT, n=1, c=64, size=56, o=256, k=1),
    _image("", TABLES, n=1, c=128, size=28, o=128, k=3),
    _image(" s2", TABLES, DEFAULT, n=1, c=128, size=56, o=128, k=3, strides=2),
    _image("", TABLES, n=1, c=256, size=14, o=256, k=3),
    _image("", TABLES, DEFAULT, n=1, c=1024, size=14, o=256, k=1),
    _image("", TABLES, DEFAULT, n=1, c=512, size=7, o=512, k=3),
    _DENSE,
    _image("", TABLES, n=16, c=256, size=14, o=256, k=3),
    _image("", TABLES, n=4, c=32, size=128, o=32, k=3),
    replace(_DENSE, name="16x64x56 -> 64 k3 NCHW", sets=frozenset(), data_format="channels_first"),
    _image(" dilated 2", n=4, c=64, size=56, o=64, k=3, pad=2, dilation_rate=2),
    _image(" 8 groups", n=4, c=64, size=56, o=64, k=3, groups=8),
    replace(_image(" float64", n=1, c=64, size=56, o=64, k=3, dtype="float64"), group="conv float64"),
    ConvCase(
        op="conv",
        name="32x1x8000 -> 16 k64 s4 1-D",
        sets=frozenset({DEFAULT}),
        batch=32,
        channels=1,
        spatial=(8000,),
        filters=16,
        kernel_size=(64,),
        strides=4,
        pads=((0, 0),),
    ),
    ConvCase(
        op="conv",
        name="8x64x1024 -> 64 k3 causal 1-D",
        batch=8,
        channels=64,
        spatial=(1024,),
        filters=64,
        kernel_size=(3,),
        pads=((2, 0),),
    ),
    ConvCase(
        op="conv",
        name="2x16x16x32x32 -> 32 k3 3-D",
        sets=frozenset({DEFAULT}),
        batch=2,
        channels=16,
        spatial=(16, 32, 32),
        filters=32,
        kernel_size=(3, 3, 3),
        pads=((1, 1), (1, 1), (1, 1)),
    ),
    ConvMaxPoolCase(
        name="16x64x56 -> 64",
        sets=frozenset({DEFAULT}),
        batch=16,
        channels=64,
        spatial=(56, 56),
        filters=64,
        kernel_size=(3, 3),
        pads=((1, 1), (1, 1)),
    ),
    _depthwise(8, 32, 112, TABLES, DEFAULT),
    _depthwise(8, 512, 14, TABLES, DEFAULT, QUICK),
)
