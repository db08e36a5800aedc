"""Attention's gradients against finite differences, and what masks mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attention_cases import OPTIONS, masks

from foldgate import reference
from support import check_gradients


@pytest.mark.parametrize("option", OPTIONS)
def test_gradients(option: str, rng: np.random.Generator) -> None:
    q, k, v = (rng.standard_normal((2, 3, *shape)) for shape in ((5, 4), (6, 4), (6, 3)))
    options = masks(option, rng, 2, 3, 5, 6, np.float64)
    y, lse = reference.attention(q, k, v, **options, return_statistics=True)
    dy = rng.standard_normal(y.shape)

    def loss(q: Any, k: Any, v: Any) -> float:
        return float(np.vdot(dy, reference.attention(q, k, v, **options)))

    dq, dk, dv = reference.attention_backward(dy, q, k, v, y, lse, **options)
    check_gradients(loss, {"q": q, "k": k, "v": v}, {"q": dq, "k": dk, "v": dv}, rng)


def test_a_query_that_sees_nothing_gives_zero() -> None:
    q, v = np.ones((1, 1, 2, 3)), np.ones((1, 1, 2, 1))
    seen = np.array([[True, False], [False, False]])
    y, lse = reference.attention(q, q, v, mask=seen, return_statistics=True)
    np.testing.assert_array_equal(y.ravel(), [1, 0])
    assert lse[0, 0, 1] == -np.inf
    gradients = reference.attention_backward(np.ones_like(y), q, q, v, y, lse, mask=seen)
    np.testing.assert_array_equal(gradients.dv.ravel(), [1, 0])
    assert all(np.isfinite(g).all() for g in gradients)
