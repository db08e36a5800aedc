"""Streaming and separable convolution."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, Array, Arrays, Case, largest, normal, product_bound, uniform


@dataclass(frozen=True, kw_only=True)
class ConvStepCase(Case):
    """One call of conv_step: x (N, T, C), the state of a kernel of k taps, to O channels."""

    passes: tuple[str, ...] = (FORWARD,)
    batch: int
    steps: int
    channels: int
    filters: int
    kernel_size: int

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {
            "x": (self.batch, self.steps, self.channels),
            "state": (self.batch, self.kernel_size - 1, self.channels),
            "kernel": (self.kernel_size, self.channels, self.filters),
            "bias": (self.filters,),
        }

    def flops(self, pass_: str) -> int:
        return 2 * self.batch * self.steps * self.filters * self.kernel_size * self.channels

    def traffic(self, pass_: str) -> int:
        shapes = self.shapes()
        written = self.batch * self.steps * self.filters + prod(shapes["state"])
        return self.item_size * (sum(map(prod, shapes.values())) + written)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return {name: normal(rng, shape, self.dtype) for name, shape in self.shapes().items()}

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        y, state = ops.conv_step(arrays["x"], arrays["state"], arrays["kernel"], arrays["bias"])
        return {"y": y, "next": state}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        if result == "next":
            return 0.0  # copies
        terms = self.kernel_size * self.channels
        seen = np.array([max(largest(arrays["x"]), largest(arrays["state"]))])
        return product_bound(self.dtype, terms, seen, arrays["kernel"])


@dataclass(frozen=True, kw_only=True)
class SeparableConvCase(Case):
    """separable_conv of x (N, H, W, C) with `multiplier` kernels a channel, "same", to O channels."""

    passes: tuple[str, ...] = (FORWARD,)
    batch: int
    channels: int
    size: int
    filters: int
    kernel_size: int
    multiplier: int = 1

    @property
    def hidden(self) -> int:
        return self.channels * self.multiplier

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {
            "x": (self.batch, self.size, self.size, self.channels),
            "depthwise_kernel": (self.kernel_size, self.kernel_size, self.channels, self.multiplier),
            "pointwise_kernel": (1, 1, self.hidden, self.filters),
            "bias": (self.filters,),
        }

    def flops(self, pass_: str) -> int:
        return 2 * self.batch * self.size**2 * self.hidden * (self.kernel_size**2 + self.filters)

    def traffic(self, pass_: str) -> int:
        y = self.batch * self.size**2 * self.filters
        return self.item_size * (sum(map(prod, self.shapes().values())) + y)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        shapes = self.shapes()
        return {
            name: normal(rng, shape, self.dtype) if name == "x" else uniform(rng, shape, self.dtype, 0.5)
            for name, shape in shapes.items()
        }

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.separable_conv(*(arrays[name] for name in self.shapes()), padding="same")}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        taps = self.kernel_size**2
        hidden = np.array([taps * largest(arrays["x"]) * largest(arrays["depthwise_kernel"])])
        return product_bound(self.dtype, taps + self.hidden, hidden, arrays["pointwise_kernel"])


def _step(n: int, t: int, c: int, o: int, k: int, *sets: str) -> ConvStepCase:
    return ConvStepCase(
        op="conv_step",
        name=f"{n}x{t}x{c} -> {o} k{k}",
        sets=frozenset(sets),
        batch=n,
        steps=t,
        channels=c,
        filters=o,
        kernel_size=k,
    )


def _separable(n: int, c: int, size: int, o: int, multiplier: int, *sets: str) -> SeparableConvCase:
    return SeparableConvCase(
        op="separable_conv",
        name=f"{n}x{c}x{size} -> {o} k3 m{multiplier}",
        sets=frozenset(sets),
        batch=n,
        channels=c,
        size=size,
        filters=o,
        kernel_size=3,
        multiplier=multiplier,
    )


CASES: tuple[Case, ...] = (
    _step(1, 1, 64, 64, 3, DEFAULT),
    _step(1, 160, 64, 64, 7),
    _separable(8, 64, 56, 128, 1),
    _separable(4, 32, 28, 64, 2, DEFAULT),
)
