"""Attention against torch's scaled_dot_product_attention and its autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attention_cases import masks

from support import assert_close

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)


@pytest.mark.parametrize("option", ["plain", "causal", "bool of keys", "additive", "scale"])
@pytest.mark.parametrize("queries, keys", [(7, 7), (20, 33), (150, 140)])
def test_attention(
    queries: int, keys: int, option: str, ops: Any, dtype: Any, rng: np.random.Generator
) -> None:
    shapes = ((queries, 8), (keys, 8), (keys, 5), (queries, 5))
    q, k, v, dy = (rng.standard_normal((2, 3, *shape)).astype(dtype) for shape in shapes)
    options = masks(option, rng, 2, 3, queries, keys, dtype)
    tensors = [torch.tensor(a, requires_grad=True) for a in (q, k, v)]
    theirs = {"is_causal": options.get("causal", False), "scale": options.get("scale")}
    if "mask" in options:
        theirs["attn_mask"] = torch.tensor(options["mask"])
    expected = torch.nn.functional.scaled_dot_product_attention(*tensors, **theirs)
    expected.backward(torch.tensor(dy))
    y, lse = ops.attention(q, k, v, **options, return_statistics=True)
    allowed = 300 * float(np.finfo(dtype).eps)
    assert_close(y, expected.detach().numpy(), allowed, "y")
    found = ops.attention_backward(dy, q, k, v, y, lse, **options)
    for name, gradient, tensor in zip(("dq", "dk", "dv"), found, tensors, strict=True):
        truth = tensor.grad.numpy()
        assert_close(gradient, truth, allowed * max(1.0, float(np.abs(truth).max())), name)
