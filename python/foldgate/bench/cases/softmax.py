"""softmax along the last and an inner axis, and its cross-entropy with classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, QUICK, Array, Arrays, Case, normal


@dataclass(frozen=True, kw_only=True)
class SoftmaxCase(Case):
    """y = softmax(x), or the loss of rows with classes and its gradient."""

    op: str = "softmax"
    shape: tuple[int, ...]
    axis: int = -1
    loss: bool = False

    def shapes(self) -> dict[str, tuple[int, ...]]:
        lead = self.shape[:-1]
        return (
            {"x": self.shape, "loss": lead, "dloss": lead}
            if self.loss
            else {"x": self.shape, "y": self.shape}
        )

    def flops(self, pass_: str) -> int:
        return 0

    def traffic(self, pass_: str) -> int:
        arrays = (1 if pass_ == FORWARD else 3) if self.loss else (2 if pass_ == FORWARD else 5)
        return self.item_size * prod(self.shape) * arrays

    def inputs(self, rng: np.random.Generator) -> Arrays:
        names = {"x": self.shape} | ({"dloss": self.shape[:-1]} if self.loss else {"dy": self.shape})
        return {name: normal(rng, shape, self.dtype) for name, shape in names.items()}

    def labels(self) -> Array:
        return _labels(self.shape)

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        if self.loss:
            return {"loss": ops.softmax_cross_entropy(arrays["x"], self.labels())[0]}
        return {"y": ops.softmax(arrays["x"], axis=self.axis)}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        x = arrays["x"]
        if self.loss:
            loss, log_sum_exp = ops.softmax_cross_entropy(x, self.labels())
            dx = ops.softmax_cross_entropy_backward(arrays["dloss"], x, self.labels(), log_sum_exp)
            return {"loss": loss, "dx": dx}
        y = ops.softmax(x, axis=self.axis)
        return {"y": y, "dx": ops.softmax_backward(arrays["dy"], y, axis=self.axis)}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        # sums of powers that are right to an ulp or two, in another order
        terms = 16 + 2 * np.sqrt(self.shape[self.axis])
        return float(terms * np.finfo(self.dtype).eps * np.max(np.abs(expected)))


@cache  # no part of what is timed
def _labels(shape: tuple[int, ...]) -> Array:
    return np.arange(prod(shape[:-1])).reshape(shape[:-1]) * 7 % shape[-1]


def _case(name: str, *sets: str, shape: tuple[int, ...], **rest: Any) -> SoftmaxCase:
    return SoftmaxCase(name=name, sets=frozenset(sets), shape=shape, **rest)


CASES: tuple[SoftmaxCase, ...] = (
    _case("128x1000", DEFAULT, QUICK, shape=(128, 1000)),
    _case("4096x128", shape=(4096, 128)),
    _case("4096x10", shape=(4096, 10)),
    _case("8x21x128x128 axis 1", shape=(8, 21, 128, 128), axis=1),
    _case("128x1000 loss", DEFAULT, shape=(128, 1000), loss=True),
    _case("2500x65 loss", shape=(2500, 65), loss=True),
    _case("32x10 loss", shape=(32, 10), loss=True),
)
