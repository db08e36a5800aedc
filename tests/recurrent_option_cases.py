"""The recurrent ops with options as a table. Imported as `recurrent_option_cases`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import Array

FUNCTIONS: list[Any] = [
    None,
    "linear",
    "relu",
    "tanh",
    "sigmoid",
    ("affine", 0.5, 0.1),
    ("leaky_relu", 0.3),
    "leaky_relu",
    ("thresholded_relu", 0.2),
    ("scaled_tanh", 0.8, 1.3),
    "hard_sigmoid",
    ("hard_sigmoid", 0.2, 0.5),
    ("elu", 0.7),
    "softsign",
    "softplus",
]
SMOOTH = ["linear", "sigmoid", ("affine", 0.5, 0.1), ("scaled_tanh", 0.8, 1.3), "softsign", "softplus"]

LSTM, GRU, GRU_BEFORE, RNN = RECURRENT_OPS[:4]


class OptionCase(NamedTuple):
    """An op with options; `arrays` names those that are arrays made for the case's sizes."""

    op: RecurrentOp
    options: dict[str, Any]
    arrays: tuple[str, ...] = ()
    outputs: int = 0  # of the projection

    @property
    def label(self) -> str:
        """The test's id."""
        given = [f"{name}={value}" for name, value in self.options.items()]
        return "-".join([self.op.label, *given, *self.arrays])

    def width(self, units: int) -> int:
        """The numbers of h."""
        return self.outputs or units

    def operands(
        self, rng: np.random.Generator, n: int, steps: int, d: int, units: int, dtype: DTypeLike = np.float64
    ) -> dict[str, Array]:
        """As RecurrentOp's, with the arrays of the options."""
        operands = self.op.operands(rng, n, steps, d, units, np.float64)
        if "peephole" in self.arrays:
            operands["peephole"] = rng.standard_normal((3, units)) / 2
        if "projection" in self.arrays:
            p, columns = self.outputs, operands["kernel"].shape[1]
            operands["projection"] = rng.standard_normal((units, p)) / units**0.5
            operands["recurrent_kernel"] = rng.standard_normal((p, columns)) / p**0.5
            operands["initial_h"] = rng.standard_normal((n, p))
        return {name: value.astype(dtype) for name, value in operands.items()}

    @property
    def arguments(self) -> dict[str, Any]:
        """What is not an array."""
        return {**self.op.options, **self.options}


OPTION_CASES = [
    OptionCase(LSTM, {}, ("peephole",)),
    OptionCase(LSTM, {}, ("projection",), 3),
    OptionCase(LSTM, {"coupled": True}),
    OptionCase(LSTM, {"clip": 0.6}),
    OptionCase(LSTM, {"coupled": True, "clip": 0.8}, ("peephole", "projection"), 5),
    OptionCase(LSTM, {"activation": "softsign", "recurrent_activation": "hard_sigmoid"}),
    OptionCase(
        LSTM,
        {
            "activation": ("elu", 0.7),
            "output_activation": ("scaled_tanh", 0.8, 1.3),
            "recurrent_activation": "sigmoid",
        },
        ("peephole",),
    ),
    *(
        OptionCase(op, options)
        for op in (GRU, GRU_BEFORE)
        for options in (
            {"clip": 0.6},
            {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
            {"activation": ("leaky_relu", 0.3), "recurrent_activation": "softsign", "clip": 0.9},
        )
    ),
    OptionCase(RNN._replace(options={}), {"clip": 0.5}),
    OptionCase(RNN._replace(options={}), {"activation": "relu", "clip": 0.9}),
    OptionCase(RNN._replace(options={}), {"activation": "sigmoid"}),
]
