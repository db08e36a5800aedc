"""Rows by ids: known values, and the gradient against a finite difference in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import reference
from support import check_gradients


def test_gradient(rng: np.random.Generator) -> None:
    ids, table, dy = rng.integers(0, 6, (4, 3)), rng.standard_normal((7, 5)), rng.standard_normal((4, 3, 5))

    def loss(table: Any) -> float:
        return float(np.sum(dy * reference.embedding(ids, table)))

    check_gradients(loss, {"table": table}, {"table": reference.embedding_backward(dy, ids, 7)}, rng)


@pytest.mark.parametrize("wrong", [-1, 3])
def test_ids_outside_the_table(wrong: int) -> None:
    with pytest.raises(IndexError, match=f"ids hold {wrong}"):
        reference.embedding(np.array([0, wrong]), np.zeros((3, 2)))
    with pytest.raises(IndexError, match=f"ids hold {wrong}"):
        reference.embedding_backward(np.zeros((2, 2)), np.array([0, wrong]), 3)
