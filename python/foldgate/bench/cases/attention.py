"""Attention of a small transformer: square, causal, across sequences, and of one query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, Array, Arrays, Case, largest, normal


@dataclass(frozen=True, kw_only=True)
class AttentionCase(Case):
    """y (N, heads, T, D) of q and of k, v (N, heads, S, D)."""

    op: str = "attention"
    batch: int
    heads: int
    queries: int
    keys: int
    width: int
    causal: bool = False

    def shapes(self) -> dict[str, tuple[int, ...]]:
        q = (self.batch, self.heads, self.queries, self.width)
        k = (self.batch, self.heads, self.keys, self.width)
        return {"q": q, "k": k, "v": k, "y": q}

    def flops(self, pass_: str) -> int:
        """Two products forward, five more backward; causal ones are counted whole."""
        products = 2 if pass_ == FORWARD else 7
        return 2 * products * self.batch * self.heads * self.queries * self.keys * self.width

    def traffic(self, pass_: str) -> int:
        values = 2 * self.batch * self.heads * (self.queries + self.keys) * self.width
        return (1 if pass_ == FORWARD else 2) * values * self.item_size

    def inputs(self, rng: np.random.Generator) -> Arrays:
        shapes = self.shapes()
        arrays = {name: normal(rng, shapes[name], self.dtype) for name in ("q", "k", "v")}
        return arrays | {"dy": normal(rng, shapes["y"], self.dtype)}

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.attention(arrays["q"], arrays["k"], arrays["v"], causal=self.causal)}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        given = [arrays[name] for name in ("q", "k", "v")]
        y, lse = ops.attention(*given, causal=self.causal, return_statistics=True)
        dq, dk, dv = ops.attention_backward(arrays["dy"], *given, y, lse, causal=self.causal)
        return {"y": y, "dq": dq, "dk": dk, "dv": dv}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        """A score is known to the rounding of a product, and so is its exponential; sums add to it."""
        scores = largest(arrays["q"]) * largest(arrays["k"]) * np.sqrt(self.width)
        return float(8 * np.finfo(self.dtype).eps * (scores + 20) * max(1.0, largest(expected)))


def _attention(name: str, *sets: str, **rest: Any) -> AttentionCase:
    return AttentionCase(name=name, sets=frozenset(sets), **rest)


CASES: tuple[AttentionCase, ...] = (
    _attention("4x8 256 64", DEFAULT, batch=4, heads=8, queries=256, keys=256, width=64),
    _attention("1x8 1024 64", batch=1, heads=8, queries=1024, keys=1024, width=64),
    _attention("1x8 1024 64 causal", batch=1, heads=8, queries=1024, keys=1024, width=64, causal=True),
    _attention("8x4 50 from 200 32", batch=8, heads=4, queries=50, keys=200, width=32),
)
