"""The stacked reference: gradients against finite differences, and that the second layer reads the first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import reference
from support import check_gradients

N, T, D, U, L = 3, 4, 2, 3, 2
GATES = {"lstm": 4, "gru": 3, "gru_reset_before": 3, "tanh_rnn": 1, "relu_rnn": 1}
each_cell = pytest.mark.parametrize("cell", GATES)


def _flat(cell: str, directions: int, rng: np.random.Generator) -> dict[str, Any]:
    """All operands by a name of their own."""
    columns = GATES[cell] * U
    bias = (2, columns) if cell == "gru" else (columns,)
    named = {"x": rng.standard_normal((N, T, D)), "initial_h": rng.standard_normal((L, N, directions * U))}
    if cell == "lstm":
        named["initial_c"] = rng.standard_normal((L, N, directions * U))
    for layer in range(L):
        for k in range(directions):
            inputs = directions * U if layer else D
            for i, shape in enumerate(((inputs, columns), (U, columns), bias)):
                named[f"weight {layer} {3 * k + i}"] = 0.6 * rng.standard_normal(shape)
    return named


def _arguments(flat: dict[str, Any], directions: int) -> dict[str, Any]:
    layers = [tuple(flat[f"weight {layer} {i}"] for i in range(3 * directions)) for layer in range(L)]
    return {"layers": layers, **{name: a for name, a in flat.items() if not name.startswith("weight")}}


@each_cell
@pytest.mark.parametrize("directions", [1, 2])
def test_gradients(cell: str, directions: int, rng: np.random.Generator) -> None:
    operands = _flat(cell, directions, rng)
    options: dict[str, Any] = {"cell": cell, "lengths": np.array([T, 1, 3])}
    *results, cache = reference.stacked_rnn(**_arguments(operands, directions), **options, return_cache=True)
    results = [a for a in results if a is not None]
    upstream = [rng.standard_normal(a.shape) for a in results]

    def loss(**operands: Any) -> float:
        found = reference.stacked_rnn(**_arguments(operands, directions), **options)
        return float(sum(np.sum(d * a) for d, a in zip(upstream, found, strict=False)))

    named = dict(zip(("dy", "dh", "dc"), upstream, strict=False))
    d = reference.stacked_rnn_backward(**named, **_arguments(operands, directions), cache=cache, **options)
    gradients = {"x": d.dx, "initial_h": d.dinitial_h, "initial_c": d.dinitial_c}
    for layer in range(L):
        gradients |= {f"weight {layer} {i}": w for i, w in enumerate(d.dlayers[layer])}
    check_gradients(loss, operands, gradients, rng)


@each_cell
def test_one_layer_is_its_op(cell: str, rng: np.random.Generator) -> None:
    arguments = _arguments(_flat(cell, 1, rng), 1)
    first, second = arguments.pop("layers")
    first_states = {name: a[:1] for name, a in arguments.items() if name != "x"}
    second_states = {name: a[1:] for name, a in arguments.items() if name != "x"}
    y, h, _ = reference.stacked_rnn(arguments["x"], [first], cell=cell, **first_states)
    np.testing.assert_array_equal(y[:, -1], h[0])
    above, *_ = reference.stacked_rnn(y, [second], cell=cell, **second_states)
    np.testing.assert_array_equal(
        reference.stacked_rnn(**arguments, layers=[first, second], cell=cell)[0], above
    )
