"""The single steps against the reference and against the sequence ops, forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recurrent_checks import awkward, in_float64, lanes

from foldgate import ops, reference
from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import Array, assert_close, recurrent_bound

each_op = pytest.mark.parametrize("op", RECURRENT_OPS, ids=lambda op: op.label)


def _operands(
    op: RecurrentOp, rng: np.random.Generator, n: int, d: int, u: int, dtype: Any
) -> dict[str, Array]:
    operands = op.operands(rng, n, 1, d, u, dtype)
    operands["x"] = operands["x"][:, 0]
    return {name.removeprefix("initial_"): value for name, value in operands.items()}


def _step(module: Any, op: RecurrentOp, operands: dict[str, Any], **arguments: Any) -> tuple[Any, ...]:
    result = getattr(module, f"{op.name}_step")(**operands, **op.options, **arguments)
    return result if isinstance(result, tuple) else (result,)


def _backward(module: Any, op: RecurrentOp, operands: dict[str, Any], cache: Any, **given: Any) -> Any:
    named = {"bias": None, **operands, **given}
    return getattr(module, f"{op.name}_step_backward")(**named, cache=cache, **op.options)


def _check(op: RecurrentOp, rng: np.random.Generator, n: int, d: int, u: int, dtype: Any) -> None:
    operands = _operands(op, rng, n, d, u, dtype)
    exact = in_float64(operands)
    given = {f"d{state}": rng.standard_normal((n, u)).astype(dtype) for state in op.states}
    *expected, expected_cache = _step(reference, op, exact, return_cache=True)
    *actual, cache = _step(ops, op, operands, return_cache=True)
    atol = recurrent_bound(dtype, 1, d + u, operands["x"], operands["recurrent_kernel"])
    for name, a, e in zip(op.states, actual, expected, strict=True):
        assert_close(a, e.astype(dtype), atol, name)
    for a, b in zip(_step(ops, op, operands), actual, strict=True):
        np.testing.assert_array_equal(a, b)
    dexpected = _backward(reference, op, exact, expected_cache, **in_float64(given))
    dactual = _backward(ops, op, operands, cache, **given)
    for name, a, e in zip(dexpected._fields, dactual, dexpected, strict=True):
        if e is None:
            assert a is None
            continue
        assert_close(a, e.astype(dtype), atol * (1 + float(np.abs(e).max(initial=0))), name)


@each_op
def test_sizes(op: RecurrentOp, dtype: Any, isa: str, rng: np.random.Generator) -> None:
    lane = lanes(dtype)
    sizes = [(1, 1, 1), (2, 3, lane - 1), (7, lane, lane), (9, 5, lane + 1), (30, 17, 2 * lane + 1)]
    for n, d, u in [*sizes, (1, 2 * lane, 4 * lane), (0, 2, 3), (3, 0, 4)]:
        _check(op, rng, n, d, max(u, 1), dtype)


@each_op
def test_a_sequence_is_its_steps(op: RecurrentOp, dtype: Any, rng: np.random.Generator) -> None:
    operands = op.operands(rng, 5, 4, 6, 9, dtype)
    y = getattr(ops, op.name)(**operands, **op.options)[0]
    weights = {name: operands[name] for name in ("kernel", "recurrent_kernel", "bias")}
    states = [operands[f"initial_{state}"] for state in op.states]
    for t in range(4):
        named = dict(zip(op.states, states, strict=True))
        states = list(_step(ops, op, {"x": operands["x"][:, t], **named, **weights}))
        assert_close(states[0], y[:, t], recurrent_bound(dtype, 4, 15))


@each_op
def test_threads(op: RecurrentOp, threads: int, rng: np.random.Generator) -> None:
    """The same bits for any number of threads: 3 threads' results against the caller's alone."""
    import foldgate

    operands = _operands(op, rng, 64, 200, 160, np.float32)
    given = {f"d{state}": rng.standard_normal((64, 160)).astype(np.float32) for state in op.states}
    results = []
    for count in (threads, 1):
        foldgate.set_num_threads(count)
        *states, cache = _step(ops, op, operands, return_cache=True)
        results.append([*states, *_backward(ops, op, operands, cache, **given)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


@each_op
def test_without_bias(op: RecurrentOp, dtype: Any, rng: np.random.Generator) -> None:
    operands = _operands(op, rng, 3, 4, 5, dtype)
    zeroed = {**operands, "bias": np.zeros_like(operands["bias"])}
    del operands["bias"]
    *states, cache = _step(ops, op, operands, return_cache=True)
    for a, b in zip(states, _step(ops, op, zeroed), strict=True):
        np.testing.assert_array_equal(a, b)
    given = {f"d{state}": np.ones((3, 5), dtype) for state in op.states}
    gradients = _backward(ops, op, operands, cache, **given)
    assert gradients.dbias is None
    np.testing.assert_array_equal(gradients.dkernel, _backward(ops, op, zeroed, cache, **given).dkernel)


@each_op
def test_layouts(op: RecurrentOp, dtype: Any, rng: np.random.Generator) -> None:
    operands = _operands(op, rng, 5, 3, 7, dtype)
    *expected, cache = _step(ops, op, operands, return_cache=True)
    given = {f"d{state}": rng.standard_normal((5, 7)).astype(dtype) for state in op.states}
    expected += _backward(ops, op, operands, cache, **given)
    variants = {name: awkward(a) for name, a in {**operands, **given, "cache": cache}.items()}
    for kind in variants["x"]:
        changed = {name: variants[name][kind] for name in operands}
        gradients = {name: variants[name][kind] for name in given}
        actual = [
            *_step(ops, op, changed),
            *_backward(ops, op, changed, variants["cache"][kind], **gradients),
        ]
        for a, b in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(a, b)


@each_op
def test_refusals(op: RecurrentOp, rng: np.random.Generator) -> None:
    good = _operands(op, rng, 4, 3, 6, np.float32)
    name, wide = f"{op.name}_step", op.gates * 6
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"x": good["x"].tolist()}, TypeError, "x is a list; expected a numpy.ndarray"),
        ({"x": good["x"][0]}, ValueError, r"x has shape \(3,\); expected \(batch, features\)"),
        ({"x": good["x"].astype(np.int32)}, TypeError, "x has dtype int32; expected float32 or float64"),
        ({"h": good["h"][1:]}, ValueError, r"h has shape \(3, 6\); expected \(4, 6\)"),
        ({"h": good["h"].astype(np.float64)}, TypeError, "h has dtype float64 but x has dtype float32"),
        ({"h": None}, TypeError, "h is a NoneType; expected a numpy.ndarray"),
        ({"kernel": good["kernel"][1:]}, ValueError, rf"kernel has shape \(2, {wide}\)"),
        ({"recurrent_kernel": good["recurrent_kernel"][1:]}, ValueError, "recurrent_kernel has shape"),
        ({"bias": np.zeros(5, np.float32)}, ValueError, r"bias has shape \(5,\)"),
    ]
    if "c" in op.states:
        cases.append(({"c": good["c"][:, 1:]}, ValueError, r"c has shape \(4, 5\); expected \(4, 6\)"))
    for changed, error, words in cases:
        with pytest.raises(error, match=f"^{name}: {words}"):
            _step(ops, op, {**good, **changed})
    *_, cache = _step(ops, op, good, return_cache=True)
    given = {f"d{state}": np.ones((4, 6), np.float32) for state in op.states}
    for changed, words in [
        ({"cache": cache[1:]}, "cache has shape"),
        ({"cache": cache + 1}, "cache was made by another op"),
        ({"dh": given["dh"][1:]}, r"dh has shape \(3, 6\); expected \(4, 6\)"),
    ]:
        with pytest.raises(ValueError, match=f"^{name}_backward: {words}"):
            _backward(ops, op, good, **{"cache": cache, **given, **changed})


def test_lstm_gradients_may_not_both_be_left_out(rng: np.random.Generator) -> None:
    good = _operands(RECURRENT_OPS[0], rng, 4, 3, 6, np.float32)
    *_, cache = _step(ops, RECURRENT_OPS[0], good, return_cache=True)
    with pytest.raises(
        ValueError, match="lstm_step_backward: dh and dc are None; expected at least one of them"
    ):
        _backward(ops, RECURRENT_OPS[0], good, cache, dh=None, dc=None)
