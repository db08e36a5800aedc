"""lstm, gru and simple_rnn: gradients against finite differences; masks, directions and states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import reference
from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import MASK_KINDS, check_gradients, every_mask, steps_arguments

N, T, D, U = 5, 6, 3, 4

each_op = pytest.mark.parametrize("op", RECURRENT_OPS, ids=lambda op: op.label)
each_mask = pytest.mark.parametrize("kind", MASK_KINDS)
each_direction = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def _run(op: RecurrentOp, operands: dict[str, Any], **arguments: Any) -> Any:
    return getattr(reference, op.name)(**operands, **op.options, **arguments)


def _backward(
    op: RecurrentOp, dy: Any, operands: dict[str, Any], y: Any, cache: Any, **arguments: Any
) -> Any:
    named = {"bias": None, **operands}
    return getattr(reference, f"{op.name}_backward")(
        dy=dy, **named, y=y, cache=cache, **op.options, **arguments
    )


def _step(op: RecurrentOp, operands: dict[str, Any], **arguments: Any) -> tuple[Any, ...]:
    """The step op, always as a tuple."""
    result = getattr(reference, f"{op.name}_step")(**operands, **op.options, **arguments)
    return result if isinstance(result, tuple) else (result,)


def _step_operands(op: RecurrentOp, rng: np.random.Generator) -> dict[str, Any]:
    operands = op.operands(rng, N, 1, D, U)
    operands["x"] = operands["x"][:, 0]
    return {name.removeprefix("initial_"): value for name, value in operands.items()}


@each_op
@each_mask
@each_direction
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
def test_gradients(
    op: RecurrentOp, kind: str, reverse: bool, zero_output_for_mask: bool, rng: np.random.Generator
) -> None:
    operands = op.operands(rng, N, T, D, U)
    steps = {"reverse": reverse, "zero_output_for_mask": zero_output_for_mask, **steps_arguments(kind, N, T)}
    y, *states, cache = _run(op, operands, **steps, return_cache=True)
    dy, *dstates = (rng.standard_normal(a.shape) for a in (y, *states))

    def loss(**operands: Any) -> float:
        return float(
            sum(np.sum(d * a) for d, a in zip((dy, *dstates), _run(op, operands, **steps), strict=True))
        )

    named = {f"d{state}": d for state, d in zip(op.states, dstates, strict=True)}
    gradients = _backward(op, dy, operands, y, cache, **named, **steps)
    check_gradients(loss, operands, {name: getattr(gradients, f"d{name}") for name in operands}, rng)


@each_op
def test_gradients_add_up(op: RecurrentOp, rng: np.random.Generator) -> None:
    """The gradient is linear in (dy, dh, dc), any of which may be left out."""
    operands = op.operands(rng, N, T, D, U)
    y, *_, cache = _run(op, operands, return_cache=True)
    dy = rng.standard_normal(y.shape)
    named = {f"d{state}": rng.standard_normal((N, U)) for state in op.states}
    together = _backward(op, dy, operands, y, cache, **named)
    parts = [_backward(op, dy, operands, y, cache)]
    parts += [_backward(op, None, operands, y, cache, **{name: d}) for name, d in named.items()]
    for whole, *pieces in zip(together, *parts, strict=True):
        if whole is None:
            assert pieces == [None] * len(pieces)
            continue
        np.testing.assert_allclose(sum(pieces), whole, atol=1e-12)
    with pytest.raises(
        ValueError, match=f"{op.name}_backward: dy, .*None; expected at least one|dy and dh are None"
    ):
        _backward(op, None, operands, y, cache)


@each_op
def test_defaults_are_zeros_and_their_gradients(op: RecurrentOp, rng: np.random.Generator) -> None:
    operands = op.operands(rng, N, T, D, U)
    zeroed = {n: np.zeros_like(a) if n.startswith(("initial", "bias")) else a for n, a in operands.items()}
    bare = {n: a for n, a in operands.items() if not n.startswith(("initial", "bias"))}
    y, *_, cache = _run(op, bare, return_cache=True)
    np.testing.assert_array_equal(y, _run(op, zeroed)[0])
    gradients = _backward(op, np.ones_like(y), bare, y, cache)
    expected = _backward(op, np.ones_like(y), zeroed, y, cache)
    assert gradients.dbias is None
    for field in set(gradients._fields) - {"dbias"}:
        np.testing.assert_array_equal(getattr(gradients, field), getattr(expected, field))
    assert _backward(op, np.ones_like(y), bare, y, cache, need_dx=False).dx is None


@each_op
def test_sequence_is_its_steps(op: RecurrentOp, rng: np.random.Generator) -> None:
    operands = op.operands(rng, N, T, D, U)
    y, *final = _run(op, operands)
    weights = {name: operands[name] for name in ("kernel", "recurrent_kernel", "bias")}
    states = {state: operands[f"initial_{state}"] for state in op.states}
    for t in range(T):
        new = _step(op, {"x": operands["x"][:, t], **states, **weights})
        states = dict(zip(op.states, new, strict=True))
        np.testing.assert_array_equal(y[:, t], states["h"])
    np.testing.assert_array_equal(final, list(states.values()))


@each_op
def test_step_gradients(op: RecurrentOp, rng: np.random.Generator) -> None:
    operands = _step_operands(op, rng)
    *_, cache = _step(op, operands, return_cache=True)
    assert cache.ndim == 1
    dstates = {f"d{state}": rng.standard_normal((N, U)) for state in op.states}

    def loss(**operands: Any) -> float:
        return float(sum(np.sum(d * a) for d, a in zip(dstates.values(), _step(op, operands), strict=True)))

    backward = getattr(reference, f"{op.name}_step_backward")
    gradients = backward(**dstates, **operands, cache=cache, **op.options)
    by_name = {
        name: getattr(gradients, f"dinitial_{name}" if name in op.states else f"d{name}") for name in operands
    }
    check_gradients(loss, operands, by_name, rng)
    assert backward(**dstates, **{**operands, "bias": None}, cache=cache, **op.options).dbias is None


def test_lstm_step_takes_either_gradient(rng: np.random.Generator) -> None:
    operands = _step_operands(RECURRENT_OPS[0], rng)
    *_, cache = reference.lstm_step(**operands, return_cache=True)
    dh, dc = rng.standard_normal((2, N, U))
    both = reference.lstm_step_backward(dh, dc, **operands, cache=cache)
    only_h = reference.lstm_step_backward(dh, None, **operands, cache=cache)
    only_c = reference.lstm_step_backward(None, dc, **operands, cache=cache)
    for whole, h, c in zip(both[:6], only_h[:6], only_c[:6], strict=True):
        np.testing.assert_allclose(h + c, whole, atol=1e-13)
    with pytest.raises(ValueError, match="dh and dc are None"):
        reference.lstm_step_backward(None, None, **operands, cache=cache)


@each_op
@each_direction
def test_masked_steps_might_as_well_not_be_there(
    op: RecurrentOp, reverse: bool, rng: np.random.Generator
) -> None:
    """Row by row, the run over a mask equals the run over the steps that count alone."""
    operands = op.operands(rng, N, T, D, U)
    mask = every_mask(T)
    operands["x"][~mask] = np.nan  # what is masked is not read
    y, *final = _run(op, operands, mask=mask, reverse=reverse)
    zeroed = _run(op, operands, mask=mask, reverse=reverse, zero_output_for_mask=True)[0]
    np.testing.assert_array_equal(zeroed, np.where(mask[:, :, None], y, 0))
    for n in range(N):
        row = {k: a[n : n + 1] if k == "x" or k.startswith("initial") else a for k, a in operands.items()}
        row["x"] = row["x"][:, mask[n]]
        alone, *states = _run(op, row, reverse=reverse)
        np.testing.assert_allclose(y[n, mask[n]], alone[0], atol=1e-14)
        np.testing.assert_allclose([a[n] for a in final], [a[0] for a in states], atol=1e-14)
        carried = operands["initial_h"][n]
        for t in reversed(range(T)) if reverse else range(T):
            if mask[n, t]:
                carried = y[n, t]
            np.testing.assert_array_equal(y[n, t], carried)


@each_op
def test_masked_nan_does_not_reach_the_gradients(op: RecurrentOp, rng: np.random.Generator) -> None:
    operands = op.operands(rng, N, T, D, U)
    mask = every_mask(T)
    dy = rng.standard_normal((N, T, U))
    results = []
    for filler in (0.0, np.nan):
        operands["x"] = np.where(mask[:, :, None], operands["x"], filler)
        y, *_, cache = _run(op, operands, mask=mask, return_cache=True)
        results.append(_backward(op, dy, operands, y, cache, mask=mask))
    for zeros, nans in zip(*results, strict=True):
        np.testing.assert_array_equal(zeros, nans)
    np.testing.assert_array_equal(results[0].dx[~mask], 0)


@each_op
@each_direction
def test_lengths_are_a_mask(op: RecurrentOp, reverse: bool, rng: np.random.Generator) -> None:
    operands = op.operands(rng, N, T, D, U)
    lengths = steps_arguments("lengths", N, T)["lengths"]
    by_mask = _run(op, operands, mask=np.arange(T) < lengths[:, None], reverse=reverse)
    for a, b in zip(_run(op, operands, lengths=lengths, reverse=reverse), by_mask, strict=True):
        np.testing.assert_array_equal(a, b)


@each_op
def test_reverse_is_a_flip_there_and_back(op: RecurrentOp, rng: np.random.Generator) -> None:
    operands = op.operands(rng, N, T, D, U)
    y, *states = _run(op, operands, reverse=True)
    flipped, *expected = _run(op, {**operands, "x": operands["x"][:, ::-1]})
    np.testing.assert_array_equal(y, flipped[:, ::-1])
    np.testing.assert_array_equal(states, expected)


@each_op
def test_without_sequences(op: RecurrentOp, rng: np.random.Generator) -> None:
    operands = op.operands(rng, N, T, D, U)
    y, *states = _run(op, operands, return_sequences=False)
    assert y is None
    np.testing.assert_array_equal(states, _run(op, operands)[1:])
    with pytest.raises(ValueError, match=f"{op.name}: return_sequences is False with return_cache True"):
        _run(op, operands, return_sequences=False, return_cache=True)


@each_op
@pytest.mark.parametrize("n, steps", [(0, 4), (3, 0), (0, 0)])
def test_empty(op: RecurrentOp, n: int, steps: int, dtype: Any, rng: np.random.Generator) -> None:
    operands = op.operands(rng, n, steps, D, U, dtype)
    y, *states, cache = _run(op, operands, return_cache=True)
    assert y.shape == (n, steps, U) and y.dtype == cache.dtype == dtype
    for state, name in zip(states, op.states, strict=True):
        np.testing.assert_array_equal(state, operands[f"initial_{name}"])
    dh = np.ones((n, U), dtype)
    gradients = _backward(op, y, operands, y, cache, dh=dh)
    np.testing.assert_array_equal(gradients.dkernel, np.zeros_like(operands["kernel"]))
    np.testing.assert_array_equal(gradients.dbias, np.zeros_like(operands["bias"]))
    np.testing.assert_array_equal(gradients.dinitial_h, dh)


@each_op
def test_computes_in_the_dtype_given(op: RecurrentOp, dtype: Any, rng: np.random.Generator) -> None:
    operands = op.operands(rng, N, T, D, U, dtype)
    y, *states, cache = _run(op, operands, mask=every_mask(T), return_cache=True)
    gradients = _backward(op, np.ones_like(y), operands, y, cache, mask=every_mask(T))
    there = [gradient for gradient in gradients if gradient is not None]
    assert {a.dtype for a in (y, *states, cache, *there)} == {np.dtype(dtype)}


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"mask": np.ones((2, 3), bool), "lengths": np.array([1, 2])}, "both mask and lengths"),
        ({"mask": np.ones((2, 4), bool)}, "mask is bool .2, 4.; expected bool .2, 3."),
        ({"mask": np.ones((2, 3))}, "mask is float64"),
        ({"lengths": np.array([1, 4])}, "lengths are .1 4.; expected 2 integers from 0 to 3"),
        ({"lengths": np.array([-1, 1])}, "expected 2 integers from 0 to 3"),
    ],
)
def test_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        reference.gru(np.ones((2, 3, 1)), np.ones((1, 3)), np.ones((1, 3)), **arguments)


@pytest.mark.parametrize("reset_after, shape", [(True, (6,)), (False, (2, 6))])
def test_gru_bias_of_the_other_kind(reset_after: bool, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"expected .* with reset_after {reset_after}"):
        reference.gru(
            np.ones((1, 2, 2)), np.ones((2, 6)), np.ones((2, 6)), np.ones(shape), reset_after=reset_after
        )


def test_simple_rnn_activation() -> None:
    with pytest.raises(ValueError, match="activation is 'gelu'; expected one of linear"):
        reference.simple_rnn(np.ones((1, 1, 1)), np.ones((1, 1)), np.ones((1, 1)), activation="gelu")
