"""The bidirectional ops are the one-directional ones twice, to the bit, on any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from foldgate.gradients import BidirectionalGradients
from foldgate.ops._packed_recurrent import both_directions
from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import MASK_KINDS, Array, assert_close, recurrent_bound, steps_arguments, using_threads

each_op = pytest.mark.parametrize("op", RECURRENT_OPS, ids=lambda op: op.label)
WEIGHTS = ("kernel", "recurrent_kernel", "bias")
PACKED = {"lstm": "PackedLSTM", "gru": "PackedGRU", "simple_rnn": "PackedSimpleRNN"}


def operands_of(
    op: RecurrentOp, rng: np.random.Generator, n: int, steps: int, inputs: int, units: int, dtype: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The operands of both directions, and the gradients of all results."""
    forward = op.operands(rng, n, steps, inputs, units, dtype)
    other = op.operands(rng, n, steps, inputs, units, dtype)
    reverse = {f"reverse_{name}": other[name] for name in WEIGHTS}
    states = {
        name: np.concatenate([forward[name], other[name]], axis=1)
        for name in forward
        if name.startswith("initial")
    }
    shapes = {"dy": (n, steps, 2 * units), **{f"d{state}": (n, 2 * units) for state in op.states}}
    given = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    return {**forward, **reverse, **states}, given


def both(op: RecurrentOp, operands: dict[str, Any], given: dict[str, Any], **arguments: Any) -> list[Any]:
    """Results and gradients of the bidirectional op."""
    arguments |= op.options
    *results, cache = getattr(ops, f"bidirectional_{op.name}")(**operands, **arguments, return_cache=True)
    backward = getattr(ops, f"bidirectional_{op.name}_backward")
    gradients = backward(**operands, **given, y=results[0], cache=cache, **arguments)
    assert type(gradients) is BidirectionalGradients
    return [*results, *gradients]


def _direction(
    op: RecurrentOp, operands: dict[str, Any], given: dict[str, Any], d: int, arguments: Any
) -> Any:
    """(results, gradients) of one direction's own op."""
    states = {name: np.split(a, 2, axis=-1)[d] for name, a in operands.items() if name.startswith("initial")}
    dresults = {name: np.split(a, 2, axis=-1)[d] for name, a in given.items()}
    weights = {name: operands[("reverse_" if d else "") + name] for name in WEIGHTS}
    mine = {"x": operands["x"], **weights, **states}
    options = {**arguments, **op.options, "reverse": d == 1}
    *results, cache = getattr(ops, op.name)(**mine, **options, return_cache=True)
    backward = getattr(ops, f"{op.name}_backward")
    return results, backward(**mine, **dresults, y=results[0], cache=cache, **options)


def separately(
    op: RecurrentOp, operands: dict[str, Any], given: dict[str, Any], **arguments: Any
) -> list[Any]:
    """The same by two calls of the one-directional op."""
    (results, g), (other, r) = (_direction(op, operands, given, d, arguments) for d in range(2))
    joined = [np.concatenate(parts, axis=-1) for parts in zip(results, other, strict=True)]
    states = [np.concatenate(parts, axis=-1) for parts in zip(g[4:6], r[4:6], strict=True)]
    gradients = [g.dx + r.dx, *g[1:4], *r[1:4], *states[: len(op.states)]]
    return joined + gradients + [None] * (9 - len(gradients))


def check_equal(actual: list[Array | None], expected: list[Array | None]) -> None:
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        if e is None or a is None:
            assert a is e, i
        else:
            np.testing.assert_array_equal(a, e, err_msg=str(i))


@each_op
@pytest.mark.parametrize("kind", MASK_KINDS)
@pytest.mark.parametrize("zero", [False, True], ids=["carried", "zeroed"])
def test_the_bits_of_two_calls(
    op: RecurrentOp, kind: str, zero: bool, dtype: Any, isa: str, rng: np.random.Generator
) -> None:
    for n, steps, inputs, units in ((1, 3, 2, 1), (5, 6, 3, 17), (9, 5, 8, 33), (23, 4, 1, 16)):
        operands, given = operands_of(op, rng, n, steps, inputs, units, dtype)
        arguments = {"zero_output_for_mask": zero, **steps_arguments(kind, n, steps)}
        check_equal(both(op, operands, given, **arguments), separately(op, operands, given, **arguments))


@each_op
@pytest.mark.parametrize("sizes", [(0, 3, 2, 4), (3, 0, 2, 4), (2, 3, 0, 4)], ids=str)
def test_empty(op: RecurrentOp, sizes: tuple[int, ...], dtype: Any, rng: np.random.Generator) -> None:
    operands, given = operands_of(op, rng, *sizes, dtype)
    check_equal(both(op, operands, given), separately(op, operands, given))


@each_op
@pytest.mark.parametrize("kind", MASK_KINDS)
@pytest.mark.parametrize("sizes", [(5, 30, 40, 96), (41, 10, 40, 96), (2, 12, 50, 500)], ids=str)
def test_threads(
    op: RecurrentOp, kind: str, sizes: tuple[int, ...], dtype: Any, rng: np.random.Generator
) -> None:
    """Directions side by side (2 threads), rows or units of each in turn (more): the same bits."""
    operands, given = operands_of(op, rng, *sizes, dtype)
    arguments = steps_arguments(kind, *sizes[:2])
    results = []
    for threads in (1, 2, 3, 4):
        with using_threads(threads):
            results.append(both(op, operands, given, **arguments))
    for other in results[1:]:
        check_equal(other, results[0])


@each_op
@pytest.mark.parametrize("kind", ["all", "lengths"])
def test_packed_weights_give_the_same_bits(
    op: RecurrentOp, kind: str, dtype: Any, isa: str, rng: np.random.Generator
) -> None:
    for sizes in ((1, 30, 40, 96), (5, 6, 3, 17), (41, 10, 40, 96)):
        operands, _ = operands_of(op, rng, *sizes, dtype)
        lengths = rng.integers(0, sizes[1] + 1, sizes[0]) if kind == "lengths" else None
        rest = {name: operands[name] for name in operands if name.startswith("initial")}
        packed = [
            getattr(ops, PACKED[op.name])(*(operands[start + name] for name in WEIGHTS), **op.options)
            for start in ("", "reverse_")
        ]
        for zero in (False, True):
            steps: dict[str, Any] = {"lengths": lengths, "zero_output_for_mask": zero}
            expected = getattr(ops, f"bidirectional_{op.name}")(**operands, **op.options, **steps)
            for threads in (1, 2, 3):
                with using_threads(threads):
                    found = both_directions(*packed, operands["x"], **rest, **steps)
                check_equal(list(found[: len(expected)]), list(expected))
        y, h, _ = both_directions(*packed, operands["x"], return_sequences=False)
        assert y is None and h.shape == (sizes[0], 2 * sizes[3])


@each_op
def test_against_the_reference(op: RecurrentOp, dtype: Any, isa: str, rng: np.random.Generator) -> None:
    n, steps, inputs, units = 5, 4, 3, 18
    operands, given = operands_of(op, rng, n, steps, inputs, units, dtype)
    exact, exact_given = (
        {name: a.astype(np.float64) for name, a in each.items()} for each in (operands, given)
    )
    *results, cache = getattr(reference, f"bidirectional_{op.name}")(**exact, **op.options, return_cache=True)
    backward = getattr(reference, f"bidirectional_{op.name}_backward")
    gradients = backward(**exact, **exact_given, y=results[0], cache=cache, **op.options)
    atol = recurrent_bound(dtype, steps, inputs + units, operands["x"], operands["recurrent_kernel"])
    for a, e in zip(both(op, operands, given), [*results, *gradients], strict=True):
        scale = 1 if e is None else 1 + float(np.abs(e).max())
        assert_close(a, None if e is None else e.astype(dtype), atol * scale)


@each_op
def test_optional_parts(op: RecurrentOp, dtype: Any, rng: np.random.Generator) -> None:
    """No biases, no initial states, no dx, no sequences, one gradient alone."""
    operands, given = operands_of(op, rng, 6, 5, 4, 9, dtype)
    plain = {name: a for name, a in operands.items() if name == "x" or name.endswith("kernel")}
    bare = {**plain, "bias": None, "reverse_bias": None}
    zeroed = {name: a if name in plain else np.zeros_like(a) for name, a in operands.items()}
    function = getattr(ops, f"bidirectional_{op.name}")
    backward = getattr(ops, f"bidirectional_{op.name}_backward")
    y, *states, cache = function(**bare, **op.options, return_cache=True)
    np.testing.assert_array_equal(y, function(**zeroed, **op.options)[0])
    no_y, *last = function(**bare, **op.options, return_sequences=False)
    assert no_y is None
    check_equal(last, states)
    whole = backward(**bare, **given, y=y, cache=cache, **op.options)
    assert whole.dbias is None and whole.dreverse_bias is None
    without = backward(**bare, **given, y=y, cache=cache, **op.options, need_dx=False)
    assert without.dx is None
    check_equal(list(without[1:]), list(whole[1:]))
    pieces = [
        backward(**bare, **{"dy": None, name: d}, y=y, cache=cache, **op.options) for name, d in given.items()
    ]
    for parts in zip(whole, *pieces, strict=True):
        total, *each = parts
        if total is not None:
            atol = recurrent_bound(dtype, 5, 13) * (1 + float(np.abs(total).max()))
            assert_close(sum(each), total, atol)


@each_op
def test_a_stack_reads_what_the_layer_below_wrote(op: RecurrentOp, rng: np.random.Generator) -> None:
    first, _ = operands_of(op, rng, 4, 6, 3, 5, np.float64)
    second, _ = operands_of(op, rng, 4, 6, 10, 7, np.float64)
    layers = []
    for module in (ops, reference):
        function = getattr(module, f"bidirectional_{op.name}")
        y = function(**first, **op.options)[0]
        layers.append(function(**{**second, "x": y}, **op.options)[0])
    assert layers[0].shape == (4, 6, 14)
    np.testing.assert_allclose(layers[0], layers[1], atol=1e-12)
