"""The recurrent ops as a table, for tests that say the same of each. Imported as `recurrent_cases`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from support import Array


class RecurrentOp(NamedTuple):
    """One op with its options: how many gates it has and which states it carries."""

    name: str
    gates: int
    states: tuple[str, ...]
    options: dict[str, Any]

    @property
    def label(self) -> str:
        """The test's id, such as `gru-reset_after=False`."""
        return "-".join([self.name, *(f"{key}={value}" for key, value in self.options.items())])

    def bias_shape(self, units: int) -> tuple[int, ...]:
        """(2, 3U) for a GRU with reset_after, else (GU,)."""
        width = self.gates * units
        return (2, width) if self.options.get("reset_after") else (width,)

    def operands(
        self,
        rng: np.random.Generator,
        n: int,
        steps: int,
        inputs: int,
        units: int,
        dtype: DTypeLike = np.float64,
    ) -> dict[str, Array]:
        """x, weights and initial states, scaled so that gates neither saturate nor vanish."""
        width = self.gates * units
        operands = {
            "x": rng.standard_normal((n, steps, inputs)),
            "kernel": rng.standard_normal((inputs, width)) / max(inputs, 1) ** 0.5,
            "recurrent_kernel": rng.standard_normal((units, width)) / units**0.5,
            "bias": rng.standard_normal(self.bias_shape(units)),
            **{f"initial_{state}": rng.standard_normal((n, units)) for state in self.states},
        }
        return {name: value.astype(dtype) for name, value in operands.items()}


RECURRENT_OPS = [
    RecurrentOp("lstm", 4, ("h", "c"), {}),
    RecurrentOp("gru", 3, ("h",), {"reset_after": True}),
    RecurrentOp("gru", 3, ("h",), {"reset_after": False}),
    RecurrentOp("simple_rnn", 1, ("h",), {"activation": "tanh"}),
    RecurrentOp("simple_rnn", 1, ("h",), {"activation": "relu"}),
]
