"""Weights between the layout with the outputs first and that of the kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import _native
from foldgate.ops._layout import kernel_from_weights, weights_from_kernel

# One tap, or none; pieces of 64 x 64, and parts of them.
SHAPES = [
    (5, 3),
    (70, 90),
    (1, 1, 1),
    (65, 130, 1, 1),
    (3, 2, 5),
    (64, 64, 3),
    (130, 17, 3, 3),
    (1024, 150),  # rows a page apart
    (20, 200, 2, 3, 4),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weights_there_and_back(
    shape: tuple[int, ...], isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    weights = rng.standard_normal(shape).astype(dtype)
    kernel = kernel_from_weights(weights)
    assert kernel.flags.c_contiguous and kernel.dtype == dtype
    np.testing.assert_array_equal(kernel, np.moveaxis(weights, (0, 1), (-1, -2)))
    np.testing.assert_array_equal(weights_from_kernel(kernel), weights)


def test_no_weights() -> None:
    assert kernel_from_weights(np.zeros((4, 0, 3, 3), np.float32)).shape == (3, 3, 0, 4)
    assert weights_from_kernel(np.zeros((0, 3, 2, 4), np.float32)).shape == (4, 2, 0, 3)


@pytest.mark.parametrize("move", [kernel_from_weights, weights_from_kernel])
def test_what_is_no_weight(move: Any) -> None:
    with pytest.raises(ValueError, match="1 axes; expected at least 2"):
        move(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="not C-contiguous"):
        move(np.zeros((3, 4), np.float32).T)
    with pytest.raises(TypeError, match="float32 or float64"):
        move(np.zeros((3, 4), np.int32))


GATES = [(4, 5, 3), (4, 70, 65), (3, 1, 1), (3, 66, 130), (1, 64, 9), (1, 3, 200)]


def in_the_other_order(gates: int, rows: Any) -> Any:
    """Rows of gates, those of a GRU with the first two exchanged."""
    order = [1, 0, 2] if gates == 3 else list(range(gates))
    return rows.reshape(gates, -1, *rows.shape[1:])[order].reshape(rows.shape)


@pytest.mark.parametrize(("gates", "units", "features"), GATES)
def test_rows_of_gates_there_and_back(
    gates: int, units: int, features: int, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    inner, recurrent = (rng.standard_normal((gates * units, n)).astype(dtype) for n in (features, units))
    biases = rng.standard_normal((2, gates * units)).astype(dtype)
    kernel, recurrent_kernel, bias = _native.gate_rows_to_columns(gates, inner, recurrent, *biases)
    np.testing.assert_array_equal(kernel, in_the_other_order(gates, inner).T)
    np.testing.assert_array_equal(recurrent_kernel, in_the_other_order(gates, recurrent).T)
    both = np.stack([in_the_other_order(gates, row) for row in biases])
    np.testing.assert_array_equal(bias, both if gates == 3 else both[0] + both[1])
    found = _native.gate_columns_to_rows(gates, kernel, recurrent_kernel, bias)
    np.testing.assert_array_equal(found[0], inner)
    np.testing.assert_array_equal(found[1], recurrent)
    expected = biases if gates == 3 else [bias, bias]
    np.testing.assert_array_equal(found[2:], expected)
    assert not np.shares_memory(found[2], found[3]) and not np.shares_memory(found[2], bias)


def test_rows_of_gates_without_biases() -> None:
    weights = np.ones((8, 3), np.float32), np.ones((8, 2), np.float32)
    assert _native.gate_rows_to_columns(4, *weights, None, None)[2] is None
    assert _native.gate_columns_to_rows(4, weights[0].T.copy(), weights[1].T.copy(), None)[2:] == (None, None)


def test_what_are_no_rows_of_gates() -> None:
    inner, recurrent = np.ones((8, 3), np.float32), np.ones((8, 2), np.float32)
    with pytest.raises(ValueError, match="inner has 8 gate values; expected a multiple of 3 gates"):
        _native.gate_rows_to_columns(3, inner, recurrent, None, None)
    with pytest.raises(ValueError, match="recurrent has 1 axes; expected 2"):
        _native.gate_rows_to_columns(4, inner, np.ones(8, np.float32), None, None)
    with pytest.raises(ValueError, match=r"inner_bias has shape \(7,\)"):
        _native.gate_rows_to_columns(4, inner, recurrent, np.ones(7, np.float32), np.ones(8, np.float32))
    with pytest.raises(TypeError, match="recurrent_bias"):
        _native.gate_rows_to_columns(4, inner, recurrent, np.ones(8, np.float32), None)
    with pytest.raises(TypeError, match="recurrent has dtype float64"):
        _native.gate_rows_to_columns(4, inner, recurrent.astype(np.float64), None, None)
    with pytest.raises(ValueError, match=r"dbias has shape \(4,\); expected \(8,\)"):
        _native.gate_columns_to_rows(
            1, inner.T.copy(), recurrent.T.copy(), np.ones((8, 1), np.float32)[:4, 0]
        )
