"""Recurrent ops with options: gradients against finite differences, and what the options come down to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recurrent_option_cases import FUNCTIONS, LSTM, OPTION_CASES, SMOOTH, OptionCase

from foldgate import reference
from foldgate.reference._gates import gate, gate_slope
from support import check_gradients, steps_arguments

N, T, D, U = 5, 4, 3, 4

each_case = pytest.mark.parametrize("case", OPTION_CASES, ids=lambda case: case.label)


def run(case: OptionCase, operands: dict[str, Any], **arguments: Any) -> Any:
    return getattr(reference, case.op.name)(**operands, **case.arguments, **arguments)


@pytest.mark.parametrize("clip", [None, 0.75])
@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_slopes(function: Any, clip: float | None) -> None:
    x = np.array([-3.1, -1.3, -0.61, -0.1, 0.11, 0.45, 0.7, 1.2, 3.3])  # away from the kinks
    step = 1e-6
    numeric = (gate(x + step, function, clip) - gate(x - step, function, clip)) / (2 * step)
    np.testing.assert_allclose(gate_slope(x, function, clip), numeric, atol=1e-8)


def test_values() -> None:
    x = np.array([-2.0, -0.5, 0.5, 2.0])
    for function, expected in (
        (None, x),
        ("relu", [0, 0, 0.5, 2]),
        (("affine", 2.0, 1.0), [-3, 0, 2, 5]),
        ("leaky_relu", [-0.4, -0.1, 0.5, 2]),
        ("thresholded_relu", [0, 0, 0, 2]),
        (("hard_sigmoid", 0.2, 0.5), [0.1, 0.4, 0.6, 0.9]),
        ("softsign", [-2 / 3, -1 / 3, 1 / 3, 2 / 3]),
        ("elu", [np.exp(-2) - 1, np.exp(-0.5) - 1, 0.5, 2]),
        ("softplus", np.log(1 + np.exp(x))),
    ):
        np.testing.assert_allclose(gate(x, function), expected, atol=1e-15)
    np.testing.assert_array_equal(gate(x, "linear", 1.0), [-1, -0.5, 0.5, 1])


@each_case
@pytest.mark.parametrize("kind", ["none", "every"])
def test_gradients(case: OptionCase, kind: str, rng: np.random.Generator) -> None:
    operands = case.operands(rng, N, T, D, U)
    steps = {"reverse": kind == "every", **steps_arguments(kind, N, T)}
    y, *states, cache = run(case, operands, **steps, return_cache=True)
    assert y.shape == (N, T, case.width(U))
    dy, *dstates = (rng.standard_normal(a.shape) for a in (y, *states))

    def loss(**operands: Any) -> float:
        found = run(case, operands, **steps)
        return float(sum(np.sum(d * a) for d, a in zip((dy, *dstates), found, strict=True)))

    named = {f"d{state}": d for state, d in zip(case.op.states, dstates, strict=True)}
    gradients = getattr(reference, f"{case.op.name}_backward")(
        dy, **operands, y=y, cache=cache, **named, **case.arguments, **steps
    )
    check_gradients(loss, operands, {name: getattr(gradients, f"d{name}") for name in operands}, rng)


@pytest.mark.parametrize("function", SMOOTH, ids=str)
def test_gradients_of_each_function(function: Any, rng: np.random.Generator) -> None:
    options = {"activation": function, "recurrent_activation": function, "output_activation": function}
    test_gradients(OptionCase(LSTM, options), "none", rng)


def test_a_projection_is_a_product(rng: np.random.Generator) -> None:
    """An LSTM whose h is projected back by the identity is the plain one."""
    operands = LSTM.operands(rng, N, T, D, U)
    for a, b in zip(
        reference.lstm(**operands, projection=np.eye(U)), reference.lstm(**operands), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-15)


def test_zero_peepholes_and_a_wide_clip_change_nothing(rng: np.random.Generator) -> None:
    operands = LSTM.operands(rng, N, T, D, U)
    changed = reference.lstm(**operands, peephole=np.zeros((3, U)), clip=1e9)
    for a, b in zip(changed, reference.lstm(**operands), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("activation", ["gelu", ("relu", 1.0), ("elu", 1.0, 2.0)])
def test_unknown_functions(activation: Any) -> None:
    one = np.ones((1, 1))
    with pytest.raises(ValueError, match=r"activation is .*; expected one of linear, relu"):
        reference.simple_rnn(one[None], one, one, activation=activation)
