"""softmax and the cross-entropies against torch and its autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support import assert_close

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)
F = torch.nn.functional


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_softmax(name: str, axis: int, ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((2, 5, 37, 19)).astype(dtype)
    tensor = torch.tensor(x, requires_grad=True)
    expected = getattr(F, name)(tensor, dim=axis)
    expected.backward(torch.tensor(dy))
    y = getattr(ops, name)(x, axis=axis)
    allowed = 64 * float(np.finfo(dtype).eps)
    assert_close(y, expected.detach().numpy(), allowed, "y")
    dx = getattr(ops, f"{name}_backward")(dy, y, axis=axis)
    assert_close(dx, tensor.grad.numpy(), allowed, "dx")


@pytest.mark.parametrize("kind", ["classes", "ignored", "probabilities"])
def test_softmax_cross_entropy(kind: str, ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    x, dloss = rng.standard_normal((23, 11)).astype(dtype), rng.standard_normal(23).astype(dtype)
    labels = rng.integers(0, 11, 23)
    if kind == "probabilities":
        labels = rng.dirichlet(np.ones(11), 23).astype(dtype)
    options = {"ignore_index": 3} if kind == "ignored" else {}
    tensor = torch.tensor(x, requires_grad=True)
    expected = F.cross_entropy(tensor, torch.tensor(labels), reduction="none", **options)
    expected.backward(torch.tensor(dloss))
    loss, log_sum_exp = ops.softmax_cross_entropy(x, labels, **options)
    allowed = 64 * float(np.finfo(dtype).eps)
    assert_close(loss, expected.detach().numpy(), allowed, "loss")
    dx = ops.softmax_cross_entropy_backward(dloss, x, labels, log_sum_exp, **options)
    assert_close(dx, tensor.grad.numpy(), allowed, "dx")


def test_sigmoid_cross_entropy(ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    x, z, dloss = rng.standard_normal((3, 5, 37)).astype(dtype)
    z = np.abs(z) / (1 + np.abs(z))
    tensor = torch.tensor(x, requires_grad=True)
    expected = F.binary_cross_entropy_with_logits(tensor, torch.tensor(z), reduction="none")
    expected.backward(torch.tensor(dloss))
    allowed = 16 * float(np.finfo(dtype).eps)
    assert_close(ops.sigmoid_cross_entropy(x, z), expected.detach().numpy(), allowed, "loss")
    assert_close(ops.sigmoid_cross_entropy_backward(dloss, x, z), tensor.grad.numpy(), allowed, "dx")
