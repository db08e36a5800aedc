"""Rows by ids and their gradients against the reference: exact, whatever the threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from support import assert_close, bound, integers, same_on_threads


@pytest.mark.parametrize("kind", ["int32", "int64", "uint8", "uint64", ">i4"])
@pytest.mark.parametrize("width", [0, 1, 3, 16, 33])
def test_exact_on_integers(kind: str, width: int, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    for shape in ((), (1,), (50,), (3, 4, 5), (0, 7)):
        ids = np.asarray(rng.integers(0, 11, shape)).astype(kind)
        table = integers(rng, (11, width), dtype)
        y = ops.embedding(ids, table)
        np.testing.assert_array_equal(y, reference.embedding(ids, table), strict=True)
        dy = integers(rng, (*shape, width), dtype)
        expected = reference.embedding_backward(dy, ids.astype(kind.lstrip(">")), 11)
        np.testing.assert_array_equal(ops.embedding_backward(dy, ids, 11), expected, strict=True)


def test_sums_are_within_the_bound_and_the_same_for_any_threads(dtype: Any, rng: np.random.Generator) -> None:
    ids = np.minimum(rng.geometric(0.01, 20_000), 700)  # some rows often, most never
    dy = rng.standard_normal((20_000, 37)).astype(dtype)
    found = same_on_threads(lambda: ops.embedding_backward(dy, ids, 701))
    expected = reference.embedding_backward(dy, ids, 701)
    assert_close(found, expected, bound(dtype, int(np.bincount(ids).max()), dy))
    assert not found[0].any()


def test_an_empty_table_has_no_row_to_name() -> None:
    assert ops.embedding(np.zeros(0, int), np.zeros((0, 3))).shape == (0, 3)
    assert ops.embedding_backward(np.zeros((0, 3)), np.zeros(0, int), 0).shape == (0, 3)
    with pytest.raises(IndexError, match="embedding: ids hold 0; expected none, as there are no rows"):
        ops.embedding(np.zeros(1, int), np.zeros((0, 3)))


@pytest.mark.parametrize("width", [256, 250, 32])
def test_large_outputs(width: int, isa: str, dtype: Any) -> None:
    """Of 16 MB and more: past the cache, where rows are long and begin cache lines."""
    rows = (16 << 20) // np.dtype(dtype).itemsize // width + 3
    rng = np.random.default_rng(5)
    table, dy = rng.standard_normal((rows, width)).astype(dtype), rng.integers(-9, 9, (rows, width))
    ids = rng.integers(0, rows, rows)
    np.testing.assert_array_equal(ops.embedding(ids, table), table[ids])
    sums = np.zeros((rows, width), dtype)
    np.add.at(sums, ids, dy)
    backward = same_on_threads(lambda: ops.embedding_backward(dy.astype(dtype), ids, rows))
    np.testing.assert_array_equal(backward, sums)
