"""Recurrent ops with options against the reference: sizes, masks, threads, tiers, steps, NaN, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recurrent_checks import awkward, in_float64, lanes
from recurrent_option_cases import FUNCTIONS, GRU, LSTM, OPTION_CASES, RNN, OptionCase

from foldgate import ops, reference
from support import (
    MASK_KINDS,
    Array,
    assert_close,
    recurrent_bound,
    same_on_threads,
    steps_arguments,
)

each_case = pytest.mark.parametrize("case", OPTION_CASES, ids=lambda case: case.label)


def _run(module: Any, case: OptionCase, operands: dict[str, Any], given: Any, **steps: Any) -> list[Array]:
    """All outputs and all gradients."""
    named = {**case.arguments, **steps}
    *outputs, cache = getattr(module, case.op.name)(**operands, **named, return_cache=True)
    backward = getattr(module, f"{case.op.name}_backward")
    return [*outputs, *backward(**given, **operands, y=outputs[0], cache=cache, **named)]


def _given(case: OptionCase, rng: Any, n: int, steps: int, u: int, dtype: Any) -> dict[str, Array]:
    p = case.width(u)
    shapes = {"dy": (n, steps, p), "dh": (n, p)} | ({"dc": (n, u)} if case.op.name == "lstm" else {})
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def _check(case: OptionCase, rng: Any, sizes: tuple[int, int, int, int], dtype: Any, **steps: Any) -> None:
    n, t, d, u = sizes
    operands, given = case.operands(rng, n, t, d, u, dtype), _given(case, rng, n, t, u, dtype)
    expected = _run(reference, case, in_float64(operands), in_float64(given), **steps)
    actual = _run(ops, case, operands, given, **steps)
    atol = recurrent_bound(dtype, t, d + u, operands["x"], operands["recurrent_kernel"])
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        if e is None:
            assert a is None
            continue
        assert_close(a, e.astype(dtype), atol * (1 + float(np.abs(e).max(initial=0))), f"result {i}")


@each_case
def test_sizes(case: OptionCase, dtype: Any, isa: str, rng: Any) -> None:
    lane = lanes(dtype)
    for sizes in (
        (1, 3, 2, 1),
        (9, 3, 5, lane + 1),
        (17, 2, 3, 2 * lane),
        (0, 3, 2, 4),
        (3, 0, 2, 4),
        (2, 2, 0, 3),
    ):
        _check(case, rng, sizes, dtype)


@each_case
@pytest.mark.parametrize("kind", MASK_KINDS)
def test_masks(case: OptionCase, kind: str, dtype: Any, rng: Any) -> None:
    for n, reverse, zero in ((5, False, False), (13, True, True), (11, True, False)):
        steps = {"reverse": reverse, "zero_output_for_mask": zero, **steps_arguments(kind, n, 6)}
        _check(case, rng, (n, 6, 3, 7), dtype, **steps)


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_every_function(function: Any, dtype: Any, isa: str, rng: Any) -> None:
    _check(OptionCase(RNN._replace(options={}), {"activation": function}), rng, (3, 3, 4, 19), dtype)
    gates = {"activation": function, "recurrent_activation": function}
    _check(OptionCase(LSTM, gates), rng, (3, 3, 4, 19), dtype)


@each_case
def test_chunks_of_many_rows(case: OptionCase, rng: Any) -> None:
    """More rows than are projected, and summed up for the weights, at once."""
    _check(case, rng, (150, 8, 3, 5), np.float64)


@each_case
def test_threads(case: OptionCase, rng: Any) -> None:
    n, t, d, u = 70, 4, 60, 96
    operands, given = case.operands(rng, n, t, d, u, np.float32), _given(case, rng, n, t, u, np.float32)
    same_on_threads(lambda: _run(ops, case, operands, given, **steps_arguments("lengths", n, t)))


@each_case
def test_steps_are_sequences_of_one(case: OptionCase, dtype: Any, rng: Any) -> None:
    operands = case.operands(rng, 6, 1, 3, 9, dtype)
    given = _given(case, rng, 6, 1, 9, dtype)
    del given["dy"]
    sequence = _run(ops, case, operands, {"dy": None, **given})
    states = {name: operands[f"initial_{name}"] for name in case.op.states}
    rest = {name: a for name, a in operands.items() if not name.startswith("initial") and name != "x"}
    step, backward = getattr(ops, f"{case.op.name}_step"), getattr(ops, f"{case.op.name}_step_backward")
    x = operands["x"][:, 0]
    *found, cache = step(x, **states, **rest, **case.arguments, return_cache=True)
    plain = step(x, **states, **rest, **case.arguments)
    gradients = backward(**given, x=x, **states, **rest, cache=cache, **case.arguments)
    count = len(case.op.states)
    expected_states, expected = sequence[1 : 1 + count], sequence[1 + count :]
    for a, b in zip(found, expected_states, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(plain[0] if count == 2 else plain, found[0])
    np.testing.assert_array_equal(gradients.dx, expected[0][:, 0])
    for a, b in zip(gradients[1:], expected[1:], strict=True):
        np.testing.assert_array_equal(a, b)


@each_case
def test_masked_values_are_not_read(case: OptionCase, dtype: Any, rng: Any) -> None:
    n, t = 9, 6
    operands, given = case.operands(rng, n, t, 5, 11, dtype), _given(case, rng, n, t, 11, dtype)
    mask = steps_arguments("every", n, t)["mask"]
    poisoned = {**operands, "x": np.where(mask[:, :, None], operands["x"], dtype(np.nan))}
    for a, b in zip(
        _run(ops, case, operands, given, mask=mask), _run(ops, case, poisoned, given, mask=mask), strict=True
    ):
        np.testing.assert_array_equal(a, b)


@each_case
def test_any_memory(case: OptionCase, dtype: Any, rng: Any) -> None:
    operands, given = case.operands(rng, 5, 3, 3, 7, dtype), _given(case, rng, 5, 3, 7, dtype)
    expected = _run(ops, case, operands, given)
    variants = {name: awkward(a) for name, a in {**operands, **given}.items()}
    for kind in variants["x"]:
        changed = {name: variants[name][kind] for name in operands}
        for a, b in zip(
            _run(ops, case, changed, {name: variants[name][kind] for name in given}), expected, strict=True
        ):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_nan_goes_through(function: Any, dtype: Any, isa: str) -> None:
    x = np.array([np.nan, 1.0], dtype).reshape(1, 2, 1)
    one = np.ones((1, 1), dtype)
    y, _ = ops.simple_rnn(x[:, ::-1], one, 0 * one, activation=function, clip=4.0)
    assert np.isnan(y[0, 1, 0]) and not np.isnan(y[0, 0, 0])


def test_defaults_spelled_out_are_the_fused_cells(rng: Any) -> None:
    operands = LSTM.operands(rng, 3, 4, 5, 6, np.float32)
    spelled = ops.lstm(
        **operands, activation=("tanh",), recurrent_activation="sigmoid", output_activation="tanh", clip=None
    )
    for a, b in zip(spelled, ops.lstm(**operands), strict=True):
        np.testing.assert_array_equal(a, b)


@each_case
def test_caches_of_other_cells_are_refused(case: OptionCase, rng: Any) -> None:
    operands = case.operands(rng, 3, 2, 4, 5, np.float32)
    y, *_, cache = getattr(ops, case.op.name)(**operands, **case.arguments, return_cache=True)
    cache[1] += 1
    with pytest.raises(ValueError, match="cache was made by another op or with other options"):
        getattr(ops, f"{case.op.name}_backward")(dy=y, **operands, y=y, cache=cache, **case.arguments)


LSTM_REFUSALS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"activation": "gelu"}, ValueError, "activation is 'gelu'; expected one of linear, relu"),
    ({"activation": 1}, TypeError, "activation is 1; expected a name"),
    ({"activation": ()}, ValueError, r"activation is \(\); expected one of"),
    ({"activation": ("relu", 1.0)}, ValueError, "expected at most 0 parameters for relu"),
    ({"recurrent_activation": ("elu", "1")}, TypeError, "recurrent_activation is .* expected numbers"),
    ({"recurrent_activation": ("elu", True)}, TypeError, "expected numbers as parameters of elu"),
    ({"output_activation": ("elu", np.nan)}, ValueError, "output_activation is .* expected finite"),
    ({"output_activation": ("elu", 1e300)}, ValueError, "expected finite parameters of elu"),
    ({"clip": 0}, ValueError, "clip is 0; expected more than 0"),
    ({"clip": -1.0}, ValueError, "clip is -1.0; expected more than 0"),
    ({"clip": np.nan}, ValueError, "clip is nan; expected more than 0"),
    ({"clip": "1"}, TypeError, "clip is '1'; expected a number or None"),
    ({"coupled": 1}, TypeError, "coupled is 1; expected a bool"),
    ({"peephole": np.ones((4, 6))}, ValueError, r"peephole has shape \(4, 6\); expected \(3, 6\)"),
    ({"peephole": [1.0]}, TypeError, "peephole is a list; expected a numpy.ndarray"),
    ({"peephole": np.ones((3, 6), np.float32)}, TypeError, "peephole has dtype float32 but x has"),
    ({"projection": np.ones((5, 2))}, ValueError, r"projection has shape \(5, 2\); expected \(6, outputs\)"),
    ({"projection": np.ones((6, 0))}, ValueError, "with at least one output"),
    ({"projection": np.ones(6)}, ValueError, r"projection has shape \(6,\)"),
    ({"projection": np.array(1.0)}, ValueError, r"projection has shape \(\)"),
    (
        {"projection": np.ones((6, 2))},
        ValueError,
        r"recurrent_kernel has shape \(6, 24\); expected \(2, 24\)",
    ),
]


@pytest.mark.parametrize("changed, error, words", LSTM_REFUSALS, ids=[row[2] for row in LSTM_REFUSALS])
def test_refusals(changed: dict[str, Any], error: type[Exception], words: str, rng: Any) -> None:
    operands = LSTM.operands(rng, 3, 4, 5, 6)
    with pytest.raises(error, match=f"^lstm: .*{words}"):
        ops.lstm(**operands, **changed)


def test_refusals_of_shapes_with_options(rng: Any) -> None:
    operands = GRU.operands(rng, 3, 4, 5, 6)
    for changed, words in (
        ({"x": operands["x"][0]}, "x has shape"),
        ({"kernel": operands["kernel"][0]}, "kernel has shape"),
        ({"kernel": operands["kernel"][:, :0]}, "kernel has 0 columns"),
        ({"recurrent_kernel": operands["recurrent_kernel"][1:]}, "recurrent_kernel has shape"),
        ({"bias": operands["bias"][0]}, "bias has shape"),
        ({"initial_h": operands["initial_h"][1:]}, "initial_h has shape"),
        ({"lengths": np.array([1, 2, 9])}, r"lengths\[2\] is 9"),
        ({"return_sequences": False, "return_cache": True}, "return_sequences is False"),
    ):
        with pytest.raises(ValueError, match=f"^gru: {words}"):
            ops.gru(**{**operands, **changed}, clip=1.0)
