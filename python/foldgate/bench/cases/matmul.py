"""Matrix products: the square one of every benchmark, a dense layer's, and a vector by a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, QUICK, Array, Arrays, Case, normal, product_bound


@dataclass(frozen=True, kw_only=True)
class MatmulCase(Case):
    """c (M, N) = a (M, K) b (K, N) + bias."""

    op: str = "matmul"
    passes: tuple[str, ...] = (FORWARD,)
    rows: int
    depth: int
    columns: int

    def shapes(self) -> dict[str, tuple[int, ...]]:
        m, k, n = self.rows, self.depth, self.columns
        return {"a": (m, k), "b": (k, n), "bias": (n,), "c": (m, n)}

    def flops(self, pass_: str) -> int:
        return 2 * self.rows * self.depth * self.columns

    def traffic(self, pass_: str) -> int:
        m, k, n = self.rows, self.depth, self.columns
        return self.item_size * (m * k + k * n + m * n)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return {name: normal(rng, shape, self.dtype) for name, shape in self.shapes().items() if name != "c"}

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"c": ops.matmul(arrays["a"], arrays["b"], arrays["bias"])}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        return product_bound(self.dtype, self.depth, arrays["a"], arrays["b"])


def _matmul(m: int, k: int, n: int, *sets: str, dtype: str = "float32") -> MatmulCase:
    label, group = (" float64", "matmul float64") if dtype == "float64" else ("", "")
    return MatmulCase(
        name=f"{m} {k} {n}{label}", group=group, sets=frozenset(sets), rows=m, depth=k, columns=n, dtype=dtype
    )


CASES: tuple[MatmulCase, ...] = (
    _matmul(512, 512, 512, DEFAULT, QUICK),
    _matmul(1024, 1024, 1024),
    _matmul(128, 3136, 128, DEFAULT),
    _matmul(1, 1024, 1024, DEFAULT),
    _matmul(512, 512, 512, dtype="float64"),
)
