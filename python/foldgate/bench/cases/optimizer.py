"""Optimizer updates of a variable of a million values, in place, and clipping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, Array, Arrays, Case, largest, normal

# op -> its slots, and the options of the case
_FORMS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "sgd_update": (("momentums",), {"momentum": 0.9}),
    "rmsprop_update": (("velocities",), {}),
    "adam_update": (("momentums", "velocities"), {"step": 100, "weight_decay": 0.01}),
    "nadam_update": (("momentums", "velocities"), {"step": 100, "u_product": 1e-5}),
    "adamax_update": (("momentums", "norms"), {"step": 100}),
    "adagrad_update": (("accumulators",), {}),
    "adadelta_update": (("accumulated_grads", "accumulated_delta_vars"), {}),
    "lion_update": (("momentums",), {}),
}


@dataclass(frozen=True, kw_only=True)
class OptimizerCase(Case):
    """One update of a variable and its slots. In place, so they change from call to call."""

    passes: tuple[str, ...] = (FORWARD,)
    shape: tuple[int, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        return _FORMS[self.op][0]

    @property
    def options(self) -> dict[str, Any]:
        return _FORMS[self.op][1]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(("variable", "gradient", *self.slots), self.shape)

    def flops(self, pass_: str) -> int:
        return 0

    def traffic(self, pass_: str) -> int:
        return (3 + 2 * len(self.slots)) * prod(self.shape) * self.item_size

    def inputs(self, rng: np.random.Generator) -> Arrays:
        arrays = {name: normal(rng, self.shape, self.dtype) for name in ("variable", "gradient")}
        return arrays | {name: rng.uniform(0.5, 2, self.shape).astype(self.dtype) for name in self.slots}

    def prepared(self, pass_: str, ops: Any, arrays: Arrays) -> Callable[[], Arrays]:
        """The copies are made once: the timed call updates them again and again."""
        own = {name: value.copy() for name, value in arrays.items()}
        function, written = getattr(ops, self.op), ("variable", *self.slots)

        def update() -> Arrays:
            function(**own, **self.options)
            return {name: own[name] for name in written}

        return update

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        return self.prepared(FORWARD, ops, arrays)()

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        return 32 * float(np.finfo(self.dtype).eps) * largest(expected)


_SETS = {"adam_update": frozenset({DEFAULT}), "sgd_update": frozenset({DEFAULT})}
CASES: tuple[OptimizerCase, ...] = tuple(
    OptimizerCase(
        op=op, group="optimizer", name="1024x1024", sets=_SETS.get(op, frozenset()), shape=(1024, 1024)
    )
    for op in _FORMS
)
