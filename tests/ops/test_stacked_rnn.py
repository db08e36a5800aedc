"""A stack is its layers' own ops one after the other, to the bit, on any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import ops, reference
from foldgate.gradients import StackedGradients
from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import MASK_KINDS, Array, assert_close, recurrent_bound, steps_arguments

each_op = pytest.mark.parametrize("op", RECURRENT_OPS, ids=lambda op: op.label)
each_direction = pytest.mark.parametrize("directions", [1, 2])
WEIGHTS = ("kernel", "recurrent_kernel", "bias")
NAMES = ("lstm", "gru", "gru_reset_before", "tanh_rnn", "relu_rnn")
CELLS = {op.label: name for op, name in zip(RECURRENT_OPS, NAMES, strict=True)}


def operands_of(
    op: RecurrentOp, rng: np.random.Generator, sizes: tuple[int, ...], dtype: Any, directions: int = 1
) -> tuple[dict[str, Any], dict[str, Array]]:
    """The operands of a stack, and the gradients of its results. sizes: L, N, T, D, U."""
    count, n, steps, inputs, units = sizes
    layers, width = [], directions * units
    for i in range(count):
        each = [
            op.operands(rng, n, steps, inputs if i == 0 else width, units, dtype) for _ in range(directions)
        ]
        layers.append(tuple(one[name] for one in each for name in WEIGHTS))

    def normal(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(dtype)

    states = {f"initial_{state}": normal(count, n, width) for state in op.states}
    given = {"dy": normal(n, steps, width), **{f"d{s}": normal(count, n, width) for s in op.states}}
    return {"x": normal(n, steps, inputs), "layers": layers, "cell": CELLS[op.label], **states}, given


def stacked(module: Any, operands: dict[str, Any], given: dict[str, Array], **options: Any) -> list[Any]:
    """Results and gradients of the stack, in a row."""
    y, h, c, cache = module.stacked_rnn(**operands, **options, return_cache=True)
    d = module.stacked_rnn_backward(**operands, **given, **options, cache=cache)
    assert type(d) is StackedGradients
    return [y, h, c, d.dx, *(w for layer in d.dlayers for w in layer), d.dinitial_h, d.dinitial_c]


def separately(
    op: RecurrentOp, operands: dict[str, Any], given: dict[str, Array], directions: int, **options: Any
) -> list[Any]:
    """The same by a call a layer."""
    name = op.name if directions == 1 else f"bidirectional_{op.name}"
    function, backward = getattr(ops, name), getattr(ops, f"{name}_backward")
    x, layers = operands["x"], operands["layers"]
    options |= op.options
    ys, kept = [x], []
    initial = [
        {f"initial_{s}": operands[f"initial_{s}"][i].copy() for s in op.states} for i in range(len(layers))
    ]
    for i, layer in enumerate(layers):
        *results, cache = function(ys[-1], *layer, **initial[i], **options, return_cache=True)
        ys.append(results[0])
        kept.append((results[1:], cache))
    dy, gradients = given["dy"], []
    for i in reversed(range(len(layers))):
        last = {f"d{s}": given[f"d{s}"][i].copy() for s in op.states}
        d = backward(dy, ys[i], *layers[i], ys[i + 1], kept[i][1], **last, **initial[i], **options)
        dy, *rest = d
        gradients.append(rest)
    gradients.reverse()
    weights, states = 3 * directions, len(op.states)
    last_states = [np.stack([results[s] for results, _ in kept]) for s in range(states)]
    initial_gradients = [np.stack([rest[weights + s] for rest in gradients]) for s in range(states)]
    none = [None] * (2 - states)
    flat = [w for rest in gradients for w in rest[:weights]]
    return [ys[-1], *last_states, *none, dy, *flat, *initial_gradients, *none]


def check_equal(actual: list[Array | None], expected: list[Array | None]) -> None:
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        if e is None or a is None:
            assert a is e, i
        else:
            np.testing.assert_array_equal(a, e, err_msg=str(i))


@each_op
@each_direction
@pytest.mark.parametrize("kind", MASK_KINDS)
def test_the_bits_of_a_call_a_layer(
    op: RecurrentOp, directions: int, kind: str, dtype: Any, isa: str, rng: np.random.Generator
) -> None:
    for sizes in ((1, 2, 3, 2, 5), (3, 1, 4, 2, 17), (2, 9, 5, 8, 16)):
        operands, given = operands_of(op, rng, sizes, dtype, directions)
        options = steps_arguments(kind, sizes[1], sizes[2])
        if directions == 1:
            options |= {"reverse": sizes[0] == 3, "zero_output_for_mask": sizes[0] == 2}
        expected = separately(op, operands, given, directions, **options)
        check_equal(stacked(ops, operands, given, **options), expected)


@each_op
@pytest.mark.parametrize("kind", MASK_KINDS)
@pytest.mark.parametrize("sizes", [(3, 2, 37, 20, 96), (2, 1, 120, 20, 128), (2, 17, 12, 40, 90)], ids=str)
def test_threads(
    op: RecurrentOp, kind: str, sizes: tuple[int, ...], dtype: Any, rng: np.random.Generator
) -> None:
    """A wavefront (few rows), and layers one after the other: the same bits, those of a call a layer."""
    operands, given = operands_of(op, rng, sizes, dtype)
    options = steps_arguments(kind, sizes[1], sizes[2])
    before = foldgate.get_num_threads()
    foldgate.set_num_threads(1)
    expected = separately(op, operands, given, 1, **options)
    for threads in (1, 2, 3, 4):
        foldgate.set_num_threads(threads)
        check_equal(stacked(ops, operands, given, **options), expected)
    foldgate.set_num_threads(before)


@each_op
@each_direction
def test_against_the_reference(
    op: RecurrentOp, directions: int, dtype: Any, isa: str, rng: np.random.Generator
) -> None:
    sizes = (2, 5, 4, 3, 18)
    operands, given = operands_of(op, rng, sizes, dtype, directions)
    exact: dict[str, Any] = {
        name: a.astype(np.float64) if isinstance(a, np.ndarray) else a for name, a in operands.items()
    }
    exact["layers"] = [tuple(w.astype(np.float64) for w in layer) for layer in operands["layers"]]
    expected = stacked(reference, exact, {name: a.astype(np.float64) for name, a in given.items()})
    atol = 4 * recurrent_bound(dtype, 2 * 4, 3 + 18, operands["x"], operands["layers"][0][1])
    for a, e in zip(stacked(ops, operands, given), expected, strict=True):
        scale = 1 if e is None else 1 + float(np.abs(e).max())
        assert_close(a, None if e is None else e.astype(dtype), atol * scale)


@each_op
@each_direction
@pytest.mark.parametrize("sizes", [(2, 0, 3, 2, 4), (2, 3, 0, 2, 4), (2, 2, 3, 0, 4)], ids=str)
def test_empty(
    op: RecurrentOp, directions: int, sizes: tuple[int, ...], dtype: Any, rng: np.random.Generator
) -> None:
    operands, given = operands_of(op, rng, sizes, dtype, directions)
    check_equal(stacked(ops, operands, given), separately(op, operands, given, directions))


@each_op
@each_direction
def test_optional_parts(op: RecurrentOp, directions: int, dtype: Any, rng: np.random.Generator) -> None:
    """No biases, no initial states, no dx, no sequences, one gradient alone."""
    operands, given = operands_of(op, rng, (2, 6, 5, 4, 9), dtype, directions)
    bare = {name: operands[name] for name in ("x", "cell")}
    bare["layers"] = [
        tuple(None if i % 3 == 2 else w for i, w in enumerate(layer)) for layer in operands["layers"]
    ]
    zeros = [
        tuple(np.zeros_like(w) if i % 3 == 2 else w for i, w in enumerate(layer))
        for layer in operands["layers"]
    ]
    y, h, c, cache = ops.stacked_rnn(**bare, return_cache=True)
    np.testing.assert_array_equal(y, ops.stacked_rnn(operands["x"], zeros, cell=bare["cell"])[0])
    no_y, *last = ops.stacked_rnn(**bare, return_sequences=False)
    assert no_y is None
    check_equal(last, [h, c])
    whole = ops.stacked_rnn_backward(**bare, **given, cache=cache)
    assert all(layer[2] is None for layer in whole.dlayers)
    without = ops.stacked_rnn_backward(**bare, **given, cache=cache, need_dx=False)
    assert without.dx is None
    np.testing.assert_array_equal(without.dlayers[0][0], whole.dlayers[0][0])
    pieces = [ops.stacked_rnn_backward(**bare, **{"dy": None, n: d}, cache=cache) for n, d in given.items()]
    atol = 4 * recurrent_bound(dtype, 10, 13) * (1 + float(np.abs(whole.dx).max()))
    assert_close(sum(piece.dx for piece in pieces), whole.dx, atol)
