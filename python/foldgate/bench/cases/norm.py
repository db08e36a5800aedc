"""Normalisations: of a ResNet's and a U-Net's images in both layouts, of a transformer's rows."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, QUICK, Array, Arrays, Case, largest, normal


@dataclass(frozen=True, kw_only=True)
class NormCase(Case):
    """y of x; channels at `axis`."""

    shape: tuple[int, ...]
    axis: int = -1
    groups: int = 0

    @property
    def weights_shape(self) -> tuple[int, ...]:
        return (self.shape[self.axis],)

    @property
    def has_beta(self) -> bool:
        return self.op != "rms_norm"

    def shapes(self) -> dict[str, tuple[int, ...]]:
        weights = dict.fromkeys(("gamma", "beta", "mean", "variance"), self.weights_shape)
        return {"x": self.shape, "y": self.shape, **weights}

    def flops(self, pass_: str) -> int:
        return 0

    def traffic(self, pass_: str) -> int:
        once = prod(self.shape) * self.item_size
        return 2 * once if pass_ == FORWARD else 4 * once  # x, y; dy, dx

    def inputs(self, rng: np.random.Generator) -> Arrays:
        names = ("gamma", "beta", "mean") if self.has_beta else ("gamma",)
        arrays = {name: normal(rng, self.weights_shape, self.dtype) for name in names}
        arrays |= {name: normal(rng, self.shape, self.dtype) for name in ("x", "dy")}
        return arrays | {"variance": rng.uniform(0.5, 2, self.weights_shape).astype(self.dtype)}

    @property
    def options(self) -> dict[str, Any]:
        return {"axis": self.axis, "groups": self.groups} if self.groups else {"axis": self.axis}

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        x, gamma = arrays["x"], arrays["gamma"]
        weights = (gamma, arrays["beta"]) if self.has_beta else (gamma,)
        given = (arrays["mean"], arrays["variance"]) if self.op == "batch_norm_inference" else ()
        y = getattr(ops, self.op)(x, *given, *weights, **self.options)
        return {"y": y.y if self.op == "batch_norm" else y}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        x, dy, gamma = arrays["x"], arrays["dy"], arrays["gamma"]
        norm, backward = getattr(ops, self.op), getattr(ops, f"{self.op}_backward")
        weights = (gamma, arrays["beta"]) if self.has_beta else (gamma,)
        wanted = {} if self.op == "batch_norm" else {"return_statistics": True}
        y, *statistics = norm(x, *weights, **self.options, **wanted)
        given = [value for value in statistics if value is not None]
        dx, dgamma, dbeta = backward(dy, x, *given, gamma, **self.options)
        gradients = {"y": y, "dx": dx, "dgamma": dgamma}
        return gradients | {"dbeta": dbeta} if self.has_beta else gradients

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        eps = float(np.finfo(self.dtype).eps)
        if result in ("dgamma", "dbeta"):
            return 2 * eps * (prod(self.shape) / prod(self.weights_shape) + 10) * largest(arrays["dy"])
        return 100 * eps * largest(expected)


def _norm(op: str, name: str, *sets: str, **rest: Any) -> NormCase:
    return NormCase(op=op, group="norm", name=name, sets=frozenset(sets), **rest)


CASES: tuple[NormCase, ...] = (
    _norm("batch_norm", "16x64x56", DEFAULT, QUICK, shape=(16, 56, 56, 64)),
    _norm("batch_norm", "16x64x56 NCHW", shape=(16, 64, 56, 56), axis=1),
    _norm("batch_norm", "32x512x7", shape=(32, 7, 7, 512)),
    _norm("batch_norm", "32x512x7 NCHW", shape=(32, 512, 7, 7), axis=1),
    _norm("batch_norm", "4096x256", shape=(4096, 256)),
    _norm("batch_norm_inference", "16x64x56", shape=(16, 56, 56, 64), passes=(FORWARD,)),
    _norm("batch_norm_inference", "32x512x7 NCHW", shape=(32, 512, 7, 7), axis=1, passes=(FORWARD,)),
    _norm("group_norm", "8x64x56 32 groups", DEFAULT, shape=(8, 56, 56, 64), groups=32),
    _norm("group_norm", "8x64x56 32 groups NCHW", shape=(8, 64, 56, 56), axis=1, groups=32),
    _norm("instance_norm", "4x32x128", shape=(4, 128, 128, 32)),
    _norm("instance_norm", "4x32x128 NCHW", shape=(4, 32, 128, 128), axis=1),
    _norm("layer_norm", "4096x768", DEFAULT, QUICK, shape=(4096, 768)),
    _norm("layer_norm", "16384x64", shape=(16384, 64)),
    _norm("layer_norm", "32x128", shape=(32, 128)),
    _norm("rms_norm", "4096x768", DEFAULT, shape=(4096, 768)),
    _norm("rms_norm", "16384x64", shape=(16384, 64)),
)
