"""What stands around products: dropout, rows by ids, biases."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, Array, Arrays, Case, largest, normal


@dataclass(frozen=True, kw_only=True)
class DropoutCase(Case):
    """y = dropout(x), by the same mask in both passes; no peer has this mask, so none is compared."""

    op: str = "dropout"
    shape: tuple[int, ...]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"x": self.shape, "y": self.shape}

    def flops(self, pass_: str) -> int:
        return 0

    def traffic(self, pass_: str) -> int:
        return self.item_size * prod(self.shape) * (2 if pass_ == FORWARD else 4)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return {name: normal(rng, self.shape, self.dtype) for name in ("x", "dy")}

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.dropout(arrays["x"], 0.3, seed=7)}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        return self.forward(ops, arrays) | {"dx": ops.dropout_backward(arrays["dy"], 0.3, seed=7)}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        return 2 * float(np.finfo(self.dtype).eps) * largest(expected)


@dataclass(frozen=True, kw_only=True)
class EmbeddingCase(Case):
    """y = table[ids]; train sums the gradients of every row."""

    op: str = "embedding"
    ids_shape: tuple[int, ...]
    rows: int
    width: int

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"table": (self.rows, self.width), "y": (*self.ids_shape, self.width)}

    def flops(self, pass_: str) -> int:
        return 0

    def traffic(self, pass_: str) -> int:
        y, table = prod(self.ids_shape) * self.width, self.rows * self.width
        return self.item_size * (2 * y if pass_ == FORWARD else 3 * y + table)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        shapes = self.shapes()
        return {"table": normal(rng, shapes["table"], self.dtype), "dy": normal(rng, shapes["y"], self.dtype)}

    def ids(self) -> Array:
        return _ids(self.ids_shape, self.rows)

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return {"y": ops.embedding(self.ids(), arrays["table"])}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        dtable = ops.embedding_backward(arrays["dy"], self.ids(), self.rows)
        return self.forward(ops, arrays) | {"dtable": dtable}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        if result == "y":
            return 0.0
        most = int(np.bincount(self.ids().ravel()).max())
        return 2 * float(np.finfo(self.dtype).eps) * most * largest(expected)


@cache  # no part of what is timed
def _ids(shape: tuple[int, ...], rows: int) -> Array:
    return np.random.default_rng(0).integers(0, rows, shape)


@dataclass(frozen=True, kw_only=True)
class BiasCase(Case):
    """y = relu(x + bias) of rows or planes."""

    op: str = "bias_add"
    shape: tuple[int, ...]
    data_format: str = "channels_last"

    @property
    def channels(self) -> int:
        return self.shape[-1] if self.data_format == "channels_last" else self.shape[1]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"x": self.shape, "bias": (self.channels,), "y": self.shape}

    def flops(self, pass_: str) -> int:
        return 0

    def traffic(self, pass_: str) -> int:
        return self.item_size * prod(self.shape) * (2 if pass_ == FORWARD else 5)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        shapes = {"x": self.shape, "bias": (self.channels,), "dy": self.shape}
        return {name: normal(rng, shape, self.dtype) for name, shape in shapes.items()}

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        options = {"data_format": self.data_format, "activation": "relu"}
        return {"y": ops.bias_add(arrays["x"], arrays["bias"], **options)}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        y = self.forward(ops, arrays)["y"]
        options = {"data_format": self.data_format, "activation": "relu"}
        dx, dbias = ops.bias_add_backward(arrays["dy"], y, **options)
        return {"y": y, "dx": dx, "dbias": dbias}

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        terms = prod(self.shape) // self.channels if result == "dbias" else 1
        magnitude = max(map(largest, arrays.values()))
        return float(4 * np.finfo(self.dtype).eps * (np.sqrt(terms) * 4 + 2)) * magnitude


CASES: tuple[Case, ...] = (
    DropoutCase(name="16x56x56x64", sets=frozenset({DEFAULT}), shape=(16, 56, 56, 64)),
    DropoutCase(name="128x256", shape=(128, 256)),
    EmbeddingCase(
        name="128x256 of 10000x32",
        sets=frozenset({DEFAULT}),
        ids_shape=(128, 256),
        rows=10000,
        width=32,
    ),
    EmbeddingCase(name="50x50 of 65x128", ids_shape=(50, 50), rows=65, width=128),
    BiasCase(name="16x56x56x64", sets=frozenset({DEFAULT}), shape=(16, 56, 56, 64)),
    BiasCase(name="16x64x56x56 NCHW", shape=(16, 64, 56, 56), data_format="channels_first"),
    BiasCase(name="128x256", shape=(128, 256)),
)
