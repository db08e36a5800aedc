"""Single steps, for those who write their own loop; names read N, D, U: batch, input width, units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, PACKED, QUICK, TRAIN, Array, Arrays, Case, largest, normal, uniform
from .recurrent import GATES

HANDLES = {"lstm": "PackedLSTM", "gru": "PackedGRU", "simple_rnn": "PackedSimpleRNN"}


@dataclass(frozen=True, kw_only=True)
class StepCase(Case):
    """(h, c) = step(x (N, D), h (N, U), c (N, U)); only the LSTM has c."""

    passes: tuple[str, ...] = (FORWARD, PACKED, TRAIN)
    batch: int
    width: int
    units: int

    @property
    def cell(self) -> str:
        return self.op.removesuffix("_step")

    @property
    def gates(self) -> int:
        return GATES[self.cell]

    @property
    def states(self) -> tuple[str, ...]:
        return ("h", "c") if self.cell == "lstm" else ("h",)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        columns = self.gates * self.units
        state = (self.batch, self.units)
        shapes: dict[str, tuple[int, ...]] = {
            "x": (self.batch, self.width),
            "kernel": (self.width, columns),
            "recurrent_kernel": (self.units, columns),
            "bias": (2, columns) if self.cell == "gru" else (columns,),
        }
        return shapes | {f"{when}{name}": state for name in self.states for when in ("initial_", "")}

    def flops(self, pass_: str) -> int:
        forward = 2 * self.batch * (self.width + self.units) * self.gates * self.units
        return 3 * forward if pass_ == TRAIN else forward

    def traffic(self, pass_: str) -> int:
        rows = self.batch * (self.width + 2 * len(self.states) * self.units)
        weights = (self.width + self.units) * self.gates * self.units
        return self.item_size * (rows + weights) * (3 if pass_ == TRAIN else 1)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        state = (self.batch, self.units)
        arrays = {f"d{name}": normal(rng, state, self.dtype) for name in self.states}
        for name, shape in self.shapes().items():
            if name in self.states:
                continue
            if name == "x" or name.startswith("initial"):
                arrays[name] = normal(rng, shape, self.dtype, 1.0 if name == "x" else 0.5)
            else:
                arrays[name] = uniform(rng, shape, self.dtype, 1.0 / sqrt(self.units))
        return arrays

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return self._named(getattr(ops, self.op)(*self._operands(arrays)))

    def packed(self, ops: Any, arrays: Arrays) -> Callable[[], Arrays]:
        handle = getattr(ops, HANDLES[self.cell])(
            *(arrays[name] for name in ("kernel", "recurrent_kernel", "bias"))
        )
        operands = [arrays[name] for name in ("x", *(f"initial_{state}" for state in self.states))]
        return lambda: self._named(handle.step(*operands))

    def _named(self, found: Any) -> Arrays:
        return dict(zip(self.states, found if self.cell == "lstm" else (found,), strict=True))

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        operands = self._operands(arrays)
        *found, cache = getattr(ops, self.op)(*operands, return_cache=True)
        upstream = [arrays[f"d{name}"] for name in self.states]
        gradients = getattr(ops, f"{self.op}_backward")(*upstream, *operands, cache)
        named = {name: value for name, value in gradients._asdict().items() if value is not None}
        return dict(zip(self.states, found, strict=True)) | named

    def _operands(self, arrays: Arrays) -> list[Array]:
        names = ["x", *(f"initial_{name}" for name in self.states), "kernel", "recurrent_kernel", "bias"]
        return [arrays[name] for name in names]

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        # as of a sequence of one step: sums over the units and inputs, the gates' columns, or the batch
        terms = self.batch + self.width + self.units + self.gates * self.units
        return 4.0 * float(np.finfo(self.dtype).eps) * terms * largest(expected)


def _step(op: str, n: int, d: int, u: int, *sets: str) -> StepCase:
    return StepCase(op=op, name=f"{n} {d} {u}", sets=frozenset(sets), batch=n, width=d, units=u)


CASES: tuple[StepCase, ...] = tuple(
    _step(f"{cell}_step", *shape) for cell in GATES for shape in ((1, 64, 64, DEFAULT, QUICK), (32, 128, 256))
)
