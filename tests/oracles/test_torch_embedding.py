"""Rows by ids against torch and its autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support import assert_close, bound

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)


def test_embedding(ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    ids, table = rng.integers(0, 19, (6, 30)), rng.standard_normal((21, 17)).astype(dtype)
    tensor = torch.tensor(table, requires_grad=True)
    expected = torch.nn.functional.embedding(torch.tensor(ids), tensor)
    dy = rng.standard_normal((6, 30, 17)).astype(dtype)
    expected.backward(torch.tensor(dy))
    assert_close(ops.embedding(ids, table), expected.detach().numpy(), 0)
    assert_close(ops.embedding_backward(dy, ids, 21), tensor.grad.numpy(), bound(dtype, 30, dy))
