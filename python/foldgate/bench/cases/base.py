"""What a benchmark case knows: its shapes, its cost, its inputs, and how to run it on any `ops` module."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

FORWARD = "forward"
PACKED = "packed"  # forward by a handle, whose weights were packed at set-up
TRAIN = "train"  # forward + backward to every input
QUICK, DEFAULT, TABLES, BEYOND = "quick", "default", "tables", "beyond"


@dataclass(frozen=True, kw_only=True)
class Case(ABC):
    """One problem. `forward` and `train` take the ops module: foldgate and its reference run the same lines.

    Args:
        op: The family that `--ops` selects by.
        name: Unique within its op.
        sets: Which selections hold the case: "quick", "default", "tables", "beyond"; every case is in "all".
        group: The family that the summary averages over; `op` unless given.
        dtype: "float32" or "float64".
        passes: What is timed, of "forward", "packed" and "train"; the last one yields every result.
    """

    op: str
    name: str
    sets: frozenset[str] = frozenset()
    group: str = ""
    dtype: str = "float32"
    passes: tuple[str, ...] = (FORWARD, TRAIN)

    @property
    def family(self) -> str:
        return self.group or self.op

    @property
    def item_size(self) -> int:
        return np.dtype(self.dtype).itemsize

    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The operands' shapes by name, for the report."""

    @abstractmethod
    def flops(self, pass_: str) -> int:
        """Multiplications and additions; 0 where the work is not arithmetic."""

    @abstractmethod
    def traffic(self, pass_: str) -> int:
        """Bytes that memory must move at least: each operand and each result once."""

    @abstractmethod
    def inputs(self, rng: np.random.Generator) -> Arrays:
        """Fresh operands, among them the output gradient `dy` where there is a train pass."""

    @abstractmethod
    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        """The inference call; results by name."""

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        """Forward, then backward to every input; results by name, the forward's among them."""
        raise NotImplementedError(f"{self.op} has no backward function")

    @abstractmethod
    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        """The largest absolute error that rounding explains in `result`."""

    def run(self, pass_: str, ops: Any, arrays: Arrays) -> Arrays:
        return self.prepared(pass_, ops, arrays)()

    def prepared(self, pass_: str, ops: Any, arrays: Arrays) -> Callable[[], Arrays]:
        """The call that is timed; what a user does once for many calls is done here."""
        if pass_ == PACKED:
            return self.packed(ops, arrays)
        return lambda: self.forward(ops, arrays) if pass_ == FORWARD else self.train(ops, arrays)

    def packed(self, ops: Any, arrays: Arrays) -> Callable[[], Arrays]:
        """`forward` by a handle that holds the weights."""
        raise NotImplementedError(f"{self.op} has no handle of packed weights")


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, scale: float = 1.0) -> Array:
    """Normal values: never constant, so that neither wrong order nor wrong position goes unseen."""
    return (rng.standard_normal(shape, dtype=np.float64) * scale).astype(dtype)


def uniform(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, limit: float) -> Array:
    """Weights in [-limit, limit]."""
    return rng.uniform(-limit, limit, shape).astype(dtype)


def largest(array: Array) -> float:
    return float(np.max(np.abs(array))) if array.size else 0.0


def product_bound(dtype: str, terms: int, a: Array, b: Array) -> float:
    """Error bound of a sum of `terms` products, twice over since both sides round: 2 eps K max|a| max|b|."""
    return 2.0 * float(np.finfo(dtype).eps) * (terms + 2) * largest(a) * largest(b)
