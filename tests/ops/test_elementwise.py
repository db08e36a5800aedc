"""Functions of every value, forward and backward, against the reference; in place; any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elementwise_cases import CASES, FROM_RESULT, FUNCTIONS, IDS
from foldgate import ops, reference
from support import assert_close, same_on_threads

SHAPES = [(), (1,), (7,), (16,), (33,), (3, 5, 7), (2, 0, 3), (70_001,)]

# results that terms of order x may cancel to
DIFFERENCES = (
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "log",
    "mish",
    "silu",
)


def close(found: Any, expected: Any, scale: Any) -> None:
    """Ten units of the last place of the result, or of `scale` where a result is a difference."""
    eps = float(np.finfo(expected.dtype).eps)
    finite = np.isfinite(expected)
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_array_equal(found[~finite], expected[~finite])
    allowed = 10 * eps * np.maximum(np.abs(expected), np.abs(scale)) + np.finfo(expected.dtype).tiny
    off = np.abs(found - expected)[finite] / allowed[finite]
    assert off.size == 0 or off.max() <= 1, f"{off.max() * 10} units"


def domain(name: str, x: Any) -> Any:
    return np.asarray(np.abs(x) + x.dtype.type(1e-3)) if name == "log" else x


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_within_the_bound(name: str, options: Any, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    for shape in SHAPES:
        x = domain(name, np.array(3 * rng.standard_normal(shape), dtype))
        y = getattr(reference, name)(x, **options)
        close(getattr(ops, name)(x, **options), y, 1 + np.abs(x) if name in DIFFERENCES else 0)
        v = y if name in FROM_RESULT else x
        dy = np.array(rng.standard_normal(shape), dtype)
        expected = getattr(reference, f"{name}_backward")(dy, v, **options)
        close(getattr(ops, f"{name}_backward")(dy, v, **options), expected, dy * (1 + np.abs(x)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_not_finite_is_as_the_reference_says(name: str, isa: str, dtype: Any) -> None:
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1.0], dtype)
    expected = getattr(reference, name)(x)
    assert_close(getattr(ops, name)(x), expected, 4 * float(np.finfo(dtype).eps))


def test_hard_sigmoid_is_exact_where_its_slope_ends(ops: Any, isa: str, dtype: Any) -> None:
    y = ops.hard_sigmoid(np.array([-3, 3], dtype))
    np.testing.assert_array_equal(y, [0, 1])
    np.testing.assert_array_equal(ops.hard_sigmoid_backward(np.ones(2, dtype), y), 0)


@pytest.mark.parametrize("name", ["tanh", "leaky_relu", "elu", "selu", "erf", "gelu", "silu", "softsign"])
def test_a_zero_keeps_its_sign(name: str, isa: str, dtype: Any) -> None:
    for x in (np.zeros(3, dtype), -np.zeros(3, dtype)):
        np.testing.assert_array_equal(np.signbit(getattr(ops, name)(x)), np.signbit(x))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_out_takes_the_result_and_may_be_an_operand(name: str, rng: np.random.Generator) -> None:
    forward, backward = getattr(ops, name), getattr(ops, f"{name}_backward")
    x = domain(name, rng.standard_normal((5, 9)))
    dy, y, out = rng.standard_normal((5, 9)), forward(x), np.empty((5, 9))
    v = y if name in FROM_RESULT else x
    dx = backward(dy, v)
    assert forward(x, out=out) is out
    np.testing.assert_array_equal(out, y)
    assert backward(dy, v, out=out) is out
    np.testing.assert_array_equal(out, dx)
    for place, other in ((0, v.copy()), (1, dy.copy())):
        operands = [dy.copy(), v.copy()]
        assert backward(*operands, out=operands[place]) is operands[place]
        np.testing.assert_array_equal(operands[place], dx)
        np.testing.assert_array_equal(operands[1 - place], other)
    assert forward(x, out=x) is x
    np.testing.assert_array_equal(x, y)


def test_out_beside_an_operand_in_the_same_memory() -> None:
    memory = np.arange(10.0)
    ops.relu(memory[:5], out=memory[5:])
    np.testing.assert_array_equal(memory, [*range(5)] * 2)
    for begin in (1, 4):
        with pytest.raises(ValueError, match="relu: out overlaps x in part"):
            ops.relu(memory[:5], out=memory[begin : begin + 5])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_bit_identical_for_any_number_of_threads(name: str, rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((2, 300_007)).astype(np.float32)
    same_on_threads(lambda: (getattr(ops, name)(x), getattr(ops, f"{name}_backward")(dy, x)))
