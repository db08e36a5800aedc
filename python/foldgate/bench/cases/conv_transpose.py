"""Transposed convolution cases; names read N x C x spatial -> O kernel stride."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, QUICK, Array, Arrays, Case, normal, product_bound, uniform


@dataclass(frozen=True, kw_only=True)
class ConvTransposeCase(Case):
    """y = conv_transpose(x, kernel) + bias with x (N, *spatial, C), or (N, C, *spatial)."""

    batch: int
    channels: int
    spatial: tuple[int, ...]
    filters: int
    kernel_size: tuple[int, ...]
    strides: int
    padding: int = 0
    data_format: str = "channels_last"

    @property
    def output_spatial(self) -> tuple[int, ...]:
        extents = zip(self.spatial, self.kernel_size, strict=True)
        return tuple((size - 1) * self.strides + k - 2 * self.padding for size, k in extents)

    @property
    def x_shape(self) -> tuple[int, ...]:
        return self._image(self.channels, self.spatial)

    @property
    def y_shape(self) -> tuple[int, ...]:
        return self._image(self.filters, self.output_spatial)

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        return (*self.kernel_size, self.filters, self.channels)

    def _image(self, channels: int, spatial: tuple[int, ...]) -> tuple[int, ...]:
        if self.data_format == "channels_last":
            return (self.batch, *spatial, channels)
        return (self.batch, channels, *spatial)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"x": self.x_shape, "kernel": self.kernel_shape, "bias": (self.filters,), "y": self.y_shape}

    def flops(self, pass_: str) -> int:
        # a multiply and an add per input and tap, those cut off included; each backward product the same
        forward = 2 * prod(self.x_shape) * prod(self.kernel_shape[:-1])
        return forward if pass_ == FORWARD else 3 * forward

    def traffic(self, pass_: str) -> int:
        x, kernel, y = prod(self.x_shape), prod(self.kernel_shape), prod(self.y_shape)
        # forward reads x, kernel and writes y; backward reads dy, x, kernel and writes dx, dkernel
        elements = x + kernel + y
        return self.item_size * (elements if pass_ == FORWARD else 3 * x + 3 * kernel + 2 * y)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        fan = prod(self.kernel_size) * (self.channels + self.filters)
        return {
            "x": normal(rng, self.x_shape, self.dtype),
            "kernel": uniform(rng, self.kernel_shape, self.dtype, sqrt(6.0 / fan)),
            "bias": normal(rng, (self.filters,), self.dtype, 0.1),
            "dy": normal(rng, self.y_shape, self.dtype),
        }

    @property
    def arguments(self) -> dict[str, Any]:
        return {"strides": self.strides, "padding": self.padding, "data_format": self.data_format}

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.conv_transpose(arrays["x"], arrays["kernel"], arrays["bias"], **self.arguments)}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        results = self.forward(ops, arrays)
        operands = (arrays["dy"], arrays["x"], arrays["kernel"])
        gradients = ops.conv_transpose_backward(*operands, **self.arguments)
        return results | {"dx": gradients.dx, "dkernel": gradients.dkernel, "dbias": gradients.dbias}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        taps = prod(self.kernel_size)
        terms, a, b = {
            "y": (taps * self.channels, arrays["x"], arrays["kernel"]),
            "dx": (taps * self.filters, arrays["dy"], arrays["kernel"]),
            "dkernel": (self.batch * prod(self.spatial), arrays["dy"], arrays["x"]),
            "dbias": (self.batch * prod(self.output_spatial), arrays["dy"], np.ones(1)),
        }[result]
        return product_bound(self.dtype, terms, a, b)


def _image(n: int, c: int, size: int, o: int, k: int, s: int, *sets: str, pad: int = 0) -> ConvTransposeCase:
    return ConvTransposeCase(
        op="conv_transpose",
        name=f"{n}x{c}x{size} -> {o} k{k} s{s}",
        sets=frozenset(sets),
        batch=n,
        channels=c,
        spatial=(size, size),
        filters=o,
        kernel_size=(k, k),
        strides=s,
        padding=pad,
    )


CASES: tuple[ConvTransposeCase, ...] = (
    _image(8, 64, 32, 32, 2, 2, DEFAULT, QUICK),  # a U-Net's way up
    _image(16, 128, 8, 64, 4, 2, pad=1),  # a generator
    _image(4, 64, 28, 64, 3, 2, pad=1),
    ConvTransposeCase(
        op="conv_transpose",
        name="8x32x500 -> 32 k8 s4 1-D",
        batch=8,
        channels=32,
        spatial=(500,),
        filters=32,
        kernel_size=(8,),
        strides=4,
    ),
)
