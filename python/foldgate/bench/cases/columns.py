"""The explicit folds: im2col writes every window as a row, col2im adds them back."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, QUICK, Array, Arrays, Case, largest, normal


@dataclass(frozen=True, kw_only=True)
class ColumnsCase(Case):
    """im2col of x (N, H, W, C) to columns (N, H, W, taps C), stride 1 and "same", or its adjoint col2im."""

    passes: tuple[str, ...] = (FORWARD,)
    batch: int
    channels: int
    size: int
    kernel_size: int

    @property
    def x_shape(self) -> tuple[int, ...]:
        return (self.batch, self.size, self.size, self.channels)

    @property
    def columns_shape(self) -> tuple[int, ...]:
        return (self.batch, self.size, self.size, self.kernel_size**2 * self.channels)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"x": self.x_shape, "columns": self.columns_shape}

    def flops(self, pass_: str) -> int:
        return 0

    def traffic(self, pass_: str) -> int:
        return self.item_size * (prod(self.x_shape) + prod(self.columns_shape))

    def inputs(self, rng: np.random.Generator) -> Arrays:
        name = "x" if self.op == "im2col" else "columns"
        return {name: normal(rng, self.shapes()[name], self.dtype)}

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        k, pad = self.kernel_size, self.kernel_size // 2
        if self.op == "im2col":
            return {"columns": ops.im2col(arrays["x"], (k, k), padding=pad)}
        return {"x": ops.col2im(arrays["columns"], self.x_shape, (k, k), padding=pad)}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        if result == "columns":
            return 0.0  # copies
        taps = self.kernel_size**2
        return 2.0 * float(np.finfo(self.dtype).eps) * taps * taps * largest(arrays["columns"])


def _columns(op: str, n: int, c: int, size: int, *sets: str) -> ColumnsCase:
    return ColumnsCase(
        op=op, name=f"{n}x{c}x{size} k3", sets=frozenset(sets), batch=n, channels=c, size=size, kernel_size=3
    )


CASES: tuple[ColumnsCase, ...] = tuple(
    _columns(op, *shape)
    for op in ("im2col", "col2im")
    for shape in ((1, 64, 56, DEFAULT, QUICK), (64, 1, 28, DEFAULT), (8, 64, 56))
)
