"""time_major: the bits of the same call on sequences with the batch first, of all recurrent ops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recurrent_checks import lanes
from recurrent_option_cases import OPTION_CASES, OptionCase

from foldgate import ops, reference
from foldgate.ops._packed_recurrent import both_directions
from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import MASK_KINDS, Array, steps_arguments, using_threads

WEIGHTS = ("kernel", "recurrent_kernel", "bias")
CELLS = ("lstm", "gru", "gru_reset_before", "tanh_rnn", "relu_rnn")
PACKED = {"lstm": ops.PackedLSTM, "gru": ops.PackedGRU, "simple_rnn": ops.PackedSimpleRNN}

each_op = pytest.mark.parametrize("op", RECURRENT_OPS, ids=lambda op: op.label)
each_mask = pytest.mark.parametrize("kind", MASK_KINDS)
Sizes = tuple[int, int, int, int]
SIZES: tuple[Sizes, ...] = ((1, 6, 3, 17), (5, 6, 16, 16), (23, 4, 2, 9))


def swapped(arrays: dict[str, Any]) -> dict[str, Any]:
    """Sequences with the steps first, C-contiguous; all else as it is."""
    return {
        name: np.ascontiguousarray(a.swapaxes(0, 1)) if name in ("x", "dy") else a
        for name, a in arrays.items()
    }


def everything(
    module: Any, name: str, operands: dict[str, Any], given: dict[str, Any], options: dict[str, Any]
) -> list[Any]:
    """The outputs and the gradients of an op, y and dx with the batch first."""
    y, *states, cache = getattr(module, name)(**operands, **options, return_cache=True)
    own = {} if name == "stacked_rnn" else {"y": y}
    backward = getattr(module, f"{name}_backward")
    dx, *gradients = backward(**given, **operands, **own, cache=cache, **options)
    if options.get("time_major"):
        y, dx = y.swapaxes(0, 1), dx.swapaxes(0, 1)
    return [y, *states, dx, *gradients]


def check(
    module: Any, name: str, operands: dict[str, Any], given: dict[str, Any], options: dict[str, Any]
) -> None:
    expected = everything(module, name, operands, given, options)
    major = options | {"time_major": True}
    assert_same(everything(module, name, swapped(operands), swapped(given), major), expected)


def assert_same(actual: Any, expected: Any) -> None:
    for a, e in zip(actual, expected, strict=True):
        if isinstance(e, tuple):
            assert_same(a, e)
        else:
            np.testing.assert_array_equal(a, e)


def upstream(rng: np.random.Generator, sizes: Sizes, op: RecurrentOp, width: int, dtype: Any) -> Any:
    n, steps = sizes[:2]
    shapes = {"dy": (n, steps, width), **{f"d{state}": (n, width) for state in op.states}}
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


@each_op
@each_mask
@pytest.mark.parametrize("zero", [False, True], ids=["carried", "zeroed"])
def test_one_direction(
    op: RecurrentOp, kind: str, zero: bool, dtype: Any, isa: str, rng: np.random.Generator
) -> None:
    for sizes in SIZES:
        operands, given = op.operands(rng, *sizes, dtype), upstream(rng, sizes, op, sizes[3], dtype)
        options = op.options | {"zero_output_for_mask": zero, "reverse": sizes[0] == 5}
        options |= steps_arguments(kind, *sizes[:2])
        check(ops, op.name, operands, given, options)
        check(reference, op.name, operands, given, options)


@pytest.mark.parametrize("case", OPTION_CASES, ids=lambda case: case.label)
@each_mask
def test_cells_with_options(case: OptionCase, kind: str, dtype: Any, rng: np.random.Generator) -> None:
    n, steps, _, units = sizes = (11, 6, 3, 7)
    operands = case.operands(rng, *sizes, dtype)
    given = upstream(rng, sizes, case.op, case.width(units), dtype)
    if "dc" in given:
        given["dc"] = rng.standard_normal((n, units)).astype(dtype)
    check(ops, case.op.name, operands, given, case.arguments | steps_arguments(kind, n, steps))


def both_operands(op: RecurrentOp, rng: np.random.Generator, sizes: Sizes, dtype: Any) -> dict[str, Any]:
    forward, other = (op.operands(rng, *sizes, dtype) for _ in range(2))
    states = {
        name: np.concatenate([a, other[name]], axis=1) for name, a in forward.items() if "initial" in name
    }
    return forward | {f"reverse_{name}": other[name] for name in WEIGHTS} | states


@each_op
@each_mask
def test_both_directions(op: RecurrentOp, kind: str, dtype: Any, isa: str, rng: np.random.Generator) -> None:
    for sizes in SIZES:
        operands = both_operands(op, rng, sizes, dtype)
        given = upstream(rng, sizes, op, 2 * sizes[3], dtype)
        options = op.options | steps_arguments(kind, *sizes[:2])
        check(ops, f"bidirectional_{op.name}", operands, given, options)


@pytest.mark.parametrize("module", [ops, reference], ids=["ops", "reference"])
@pytest.mark.parametrize(("op", "cell"), list(zip(RECURRENT_OPS, CELLS, strict=True)), ids=CELLS)
@pytest.mark.parametrize("directions", [1, 2])
def test_stacks(
    module: Any, op: RecurrentOp, cell: str, directions: int, dtype: Any, rng: np.random.Generator
) -> None:
    n, steps, inputs, units = sizes = (3, 20, 4, 33)
    width = directions * units
    layers = []
    for features in (inputs, width):
        each = [op.operands(rng, n, steps, features, units, dtype) for _ in range(directions)]
        layers.append(tuple(one[name] for one in each for name in WEIGHTS))
    operands: dict[str, Any] = {"x": op.operands(rng, *sizes, dtype)["x"], "layers": layers}
    given: dict[str, Array] = {"dy": rng.standard_normal((n, steps, width)).astype(dtype)}
    check(module, "stacked_rnn", operands, given, {"cell": cell, **steps_arguments("lengths", n, steps)})


@each_op
@each_mask
def test_packed_weights(op: RecurrentOp, kind: str, dtype: Any, isa: str, rng: np.random.Generator) -> None:
    for sizes in SIZES:
        options = steps_arguments(kind, *sizes[:2])
        operands = both_operands(op, rng, sizes, dtype)
        forward, reverse = (
            PACKED[op.name](*(operands[start + name] for name in WEIGHTS), **op.options)
            for start in ("", "reverse_")
        )
        x, major = operands["x"], swapped(operands)["x"]
        y, *states = forward(x, **options)
        found, *found_states = forward(major, **options, time_major=True)
        assert_same([found.swapaxes(0, 1), *found_states], [y, *states])
        if "mask" not in options:
            y, *last = both_directions(forward, reverse, x, **options)
            found, *found_last = both_directions(forward, reverse, major, **options, time_major=True)
            assert_same([found.swapaxes(0, 1), *found_last[:1]], [y, *last[:1]])


@each_op
def test_threads(op: RecurrentOp, dtype: Any, rng: np.random.Generator) -> None:
    """By rows, by units and both directions side by side: the bits of one thread with the batch first."""
    for sizes in ((41, 10, 40, 96), (3, 12, 50, 8 * lanes(dtype) * 4), (5, 30, 40, 96)):
        operands, given = both_operands(op, rng, sizes, dtype), upstream(rng, sizes, op, 2 * sizes[3], dtype)
        name = f"bidirectional_{op.name}"
        expected = everything(ops, name, operands, given, op.options)
        for threads in (1, 2, 3):
            with using_threads(threads):
                options = op.options | {"time_major": True}
                assert_same(everything(ops, name, swapped(operands), swapped(given), options), expected)


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 5, 6)])
def test_other_ranks_are_refused(shape: tuple[int, ...]) -> None:
    weights = np.ones((5, 8)), np.ones((2, 8))
    with pytest.raises(ValueError, match=r"lstm: x has shape .*; expected \(steps, batch, features\)"):
        ops.lstm(np.ones(shape), *weights, time_major=True)


def test_lengths_are_of_the_batch() -> None:
    weights = np.ones((5, 8)), np.ones((2, 8))
    with pytest.raises(ValueError, match=r"lstm: lengths has shape \(4,\); expected \(3,\)"):
        ops.lstm(np.ones((4, 3, 5)), *weights, lengths=np.ones(4, np.int64), time_major=True)
    with pytest.raises(TypeError, match="lstm: time_major is 1; expected a bool"):
        ops.lstm(np.ones((4, 3, 5)), *weights, time_major=1)  # type: ignore[arg-type]
