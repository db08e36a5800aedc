"""Handles of packed recurrent weights: against the sequence ops and the reference, steps, updates, tiers."""

from __future__ import annotations

import copy
import inspect
import pickle
import threading
from typing import Any

import numpy as np
import pytest
from recurrent_checks import awkward, in_float64, lanes

import foldgate
from foldgate import _native, ops, reference
from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import MASK_KINDS, Array, assert_close, recurrent_bound, steps_arguments, using_threads

CLASSES = {"lstm": "PackedLSTM", "gru": "PackedGRU", "simple_rnn": "PackedSimpleRNN"}
WEIGHTS = ("kernel", "recurrent_kernel", "bias")

each_op = pytest.mark.parametrize("op", RECURRENT_OPS, ids=lambda op: op.label)


def handle(module: Any, op: RecurrentOp, operands: dict[str, Any]) -> Any:
    return getattr(module, CLASSES[op.name])(*(operands.get(name) for name in WEIGHTS), **op.options)


def rest(operands: dict[str, Any]) -> dict[str, Any]:
    """What a call takes: all but the weights."""
    return {name: value for name, value in operands.items() if name not in WEIGHTS}


def stepped(layer: Any, op: RecurrentOp, operands: dict[str, Any]) -> tuple[Array, list[Array]]:
    """y and the last states of a loop of steps."""
    states = [operands[f"initial_{state}"] for state in op.states]
    outputs = []
    for t in range(operands["x"].shape[1]):
        found = layer.step(operands["x"][:, t], *states)
        states = list(found) if isinstance(found, tuple) else [found]
        outputs.append(states[0])
    return np.stack(outputs, axis=1), states


@each_op
@pytest.mark.parametrize("kind", MASK_KINDS)
def test_sequences_are_those_of_the_op(op: RecurrentOp, kind: str, dtype: Any, isa: str, rng: Any) -> None:
    for n, reverse in ((5, False), (23, True)):
        operands = op.operands(rng, n, 6, 3, lanes(dtype) + 2, dtype)
        layer = handle(ops, op, operands)
        for zero in (False, True):
            steps = {"reverse": reverse, "zero_output_for_mask": zero, **steps_arguments(kind, n, 6)}
            expected = getattr(ops, op.name)(**operands, **op.options, **steps)
            for a, b in zip(layer(**rest(operands), **steps), expected, strict=True):
                np.testing.assert_array_equal(a, b)
        y, *states = layer(operands["x"], return_sequences=False)
        bare = {name: operands[name] for name in ("x", *WEIGHTS)}
        assert y is None
        for a, b in zip(states, getattr(ops, op.name)(**bare, **op.options)[1:], strict=True):
            np.testing.assert_array_equal(a, b)


@each_op
def test_steps_have_the_bits_of_the_sequence(op: RecurrentOp, dtype: Any, isa: str, rng: Any) -> None:
    lane = lanes(dtype)
    sizes = [(1, 1, 1), (1, 5, lane), (1, lane, 4 * lane), (3, lane + 1, lane - 1 + (lane == 1))]
    for n, d, u in [*sizes, (9, 3, 2 * lane + 1), (30, 2, 2 * lane), (0, 2, 3), (4, 0, 5)]:
        operands = op.operands(rng, n, 4, d, u, dtype)
        layer = handle(ops, op, operands)
        y, *states = layer(**rest(operands))
        stepped_y, stepped_states = stepped(layer, op, operands)
        for a, b in zip((stepped_y, *stepped_states), (y, *states), strict=True):
            np.testing.assert_array_equal(a, b)


@each_op
def test_against_the_reference(op: RecurrentOp, dtype: Any, rng: Any) -> None:
    operands = op.operands(rng, 4, 5, 6, 19, dtype)
    exact = in_float64(operands)
    expected, expected_states = stepped(handle(reference, op, exact), op, exact)
    atol = recurrent_bound(dtype, 5, 25, operands["x"], operands["recurrent_kernel"])
    layer = handle(ops, op, operands)
    found, states = stepped(layer, op, operands)
    for a, e in zip((found, *states), (expected, *expected_states), strict=True):
        assert_close(a, e.astype(dtype), atol * (1 + float(np.abs(e).max())))
    for a, e in zip(layer(**rest(operands)), handle(reference, op, exact)(**rest(exact)), strict=True):
        assert_close(a, e.astype(dtype), atol * (1 + float(np.abs(e).max())))


@each_op
def test_threads(op: RecurrentOp, rng: Any) -> None:
    """The same bits for any number, on sizes that are shared out: one row of many units, and many rows."""
    for n, d, u in ((1, 300, 700), (70, 40, 100)):
        operands = op.operands(rng, n, 2, d, u, np.float32)
        layer = handle(ops, op, operands)
        results = []
        for threads in (1, 2, 3):
            with using_threads(threads):
                results.append([*layer(**rest(operands)), *stepped(layer, op, operands)[1]])
        for other in results[1:]:
            for a, b in zip(results[0], other, strict=True):
                np.testing.assert_array_equal(a, b)


@each_op
def test_weights_are_copies_until_the_update(op: RecurrentOp, dtype: Any, rng: Any) -> None:
    operands = op.operands(rng, 3, 2, 4, 5, dtype)
    layer = handle(ops, op, operands)
    before = stepped(layer, op, operands)[0]
    for name in WEIGHTS:
        operands[name] *= 2
    np.testing.assert_array_equal(stepped(layer, op, operands)[0], before)
    layer.update(*(operands[name] for name in WEIGHTS))
    expected = stepped(handle(ops, op, operands), op, operands)[0]
    assert (expected != before).any()
    np.testing.assert_array_equal(stepped(layer, op, operands)[0], expected)
    layer.update(operands["kernel"], operands["recurrent_kernel"])
    zeroed = {**operands, "bias": np.zeros_like(operands["bias"])}
    np.testing.assert_array_equal(
        stepped(layer, op, operands)[0], stepped(handle(ops, op, zeroed), op, operands)[0]
    )


@each_op
def test_the_tier_of_the_making_is_kept(op: RecurrentOp, isa: str, rng: Any) -> None:
    """Panels are cut to a tier's vectors: a cap that is set later does not make them wrong."""
    operands = op.operands(rng, 3, 3, 4, 21, np.float32)
    layer = handle(ops, op, operands)
    expected = layer(**rest(operands))
    foldgate.set_max_isa(None)
    for a, b in zip(layer(**rest(operands)), expected, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(stepped(layer, op, operands)[0], expected[0])


def test_updates_and_calls_from_many_threads(rng: Any) -> None:
    """A call sees the old weights or the new ones, never a mixture."""
    op = RECURRENT_OPS[0]
    kinds = [op.operands(rng, 1, 1, 30, 40, np.float32) for _ in range(2)]
    x, h, c = kinds[0]["x"][:, 0], kinds[0]["initial_h"], kinds[0]["initial_c"]
    expected = [handle(ops, op, each).step(x, h, c)[0].tobytes() for each in kinds]
    layer = handle(ops, op, kinds[0])
    wrong: list[bytes] = []

    def call() -> None:
        for _ in range(300):
            found = layer.step(x, h, c)[0].tobytes()
            if found not in expected:
                wrong.append(found)

    workers = [threading.Thread(target=call) for _ in range(3)]
    for worker in workers:
        worker.start()
    for i in range(100):
        layer.update(*(kinds[i % 2][name] for name in WEIGHTS))
    for worker in workers:
        worker.join()
    assert not wrong


@each_op
def test_any_memory(op: RecurrentOp, dtype: Any, rng: Any) -> None:
    operands = op.operands(rng, 5, 3, 3, 7, dtype)
    expected, states = stepped(handle(ops, op, operands), op, operands)
    variants = {name: awkward(a) for name, a in operands.items()}
    for kind in variants["x"]:
        changed = {name: each[kind] for name, each in variants.items()}
        layer = handle(ops, op, changed)
        found, found_states = stepped(layer, op, changed)
        for a, b in zip((found, *found_states), (expected, *states), strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(layer(**rest(changed))[0], expected)


@pytest.mark.parametrize("name", CLASSES.values())
def test_the_reference_has_the_same_parameters(name: str) -> None:
    for method in ("__init__", "__call__", "step", "update"):
        ours, theirs = (
            [
                (p.name, p.kind, p.default)
                for p in inspect.signature(getattr(getattr(module, name), method)).parameters.values()
            ]
            for module in (ops, reference)
        )
        assert ours == theirs


@pytest.mark.parametrize(
    "name, shapes",
    [
        ("PackedConv", ((3, 2, 2),)),
        ("PackedLSTM", ((2, 8), (2, 8))),
        ("PackedGRU", ((2, 6), (2, 6))),
        ("PackedSimpleRNN", ((2, 2), (2, 2))),
    ],
)
@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_handle_says_that_it_is_not_pickled(name: str, shapes: Any, copied: Any) -> None:
    handle = getattr(ops, name)(*map(np.ones, shapes))
    with pytest.raises(TypeError, match=f"^{name}: it can neither be pickled nor copied, .*; expected"):
        copied(handle)


def test_a_handle_cannot_be_forged() -> None:
    """Only what pack_recurrent returned is taken: the native side trusts the shapes that it holds."""
    import datetime

    one = np.ones((1, 1))
    for wrong in (None, object(), 1, one):
        with pytest.raises(TypeError, match="incompatible function arguments"):
            _native.packed_recurrent_step("op", wrong, one, one, None)
    with pytest.raises(TypeError, match="op: packed is another capsule"):
        _native.packed_recurrent_step("op", datetime.datetime_CAPI, one, one, None)
