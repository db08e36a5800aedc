"""Functions of every value: on an activation of a ResNet, on one that caches hold, on few values."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, QUICK, Array, Arrays, Case, largest, normal

FROM_RESULT = ("exp", "tanh", "sigmoid", "relu", "elu", "softplus")


@dataclass(frozen=True, kw_only=True)
class ElementwiseCase(Case):
    """y = f(x) of any shape."""

    op: str = "elementwise"
    function: str
    shape: tuple[int, ...]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"x": self.shape, "y": self.shape}

    def flops(self, pass_: str) -> int:
        return 0

    def traffic(self, pass_: str) -> int:
        return self.item_size * prod(self.shape) * (2 if pass_ == FORWARD else 5)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return {name: normal(rng, self.shape, self.dtype) for name in ("x", "dy")}

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": getattr(ops, self.function)(arrays["x"])}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        y = getattr(ops, self.function)(arrays["x"])
        kept = y if self.function in FROM_RESULT else arrays["x"]
        return {"y": y, "dx": getattr(ops, f"{self.function}_backward")(arrays["dy"], kept)}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        scale = 1.0 if result == "y" else largest(arrays["dy"])
        return 16 * float(np.finfo(self.dtype).eps) * scale * max(largest(arrays["x"]), largest(expected), 1)


def _case(
    function: str, *sets: str, shape: tuple[int, ...] = (16, 56, 56, 64), **rest: Any
) -> ElementwiseCase:
    name = f"{function} {'x'.join(map(str, shape))}{' float64' if rest else ''}"
    return ElementwiseCase(name=name, sets=frozenset(sets), function=function, shape=shape, **rest)


CASES: tuple[ElementwiseCase, ...] = (
    _case("relu", DEFAULT),
    _case("exp"),
    _case("tanh"),
    _case("sigmoid"),
    _case("elu"),
    _case("softplus"),
    _case("gelu", DEFAULT, QUICK),
    _case("silu"),
    _case("mish"),
    _case("erf"),
    _case("gelu", dtype="float64"),
    _case("relu", shape=(128, 256)),
    _case("gelu", shape=(128, 256)),
    _case("relu", shape=(32, 10)),
)
