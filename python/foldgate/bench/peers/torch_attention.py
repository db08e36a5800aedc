"""PyTorch's scaled dot-product attention, which is blocked as well."""

from __future__ import annotations

from typing import Any

from ..cases import Arrays, AttentionCase
from .base import Candidate


def attention_candidate(torch: Any, case: AttentionCase, training: bool, arrays: Arrays) -> Candidate:
    attend = torch.nn.functional.scaled_dot_product_attention
    tensors = [torch.from_numpy(arrays[name]) for name in ("q", "k", "v")]
    if not training:
        infer = torch.inference_mode()(lambda: attend(*tensors, is_causal=case.causal))
        return Candidate("", infer, lambda: {"y": infer().numpy()})
    leaves = [tensor.clone().requires_grad_(True) for tensor in tensors]
    dy = torch.from_numpy(arrays["dy"])

    def train() -> Any:
        y = attend(*leaves, is_causal=case.causal)
        for leaf in leaves:
            leaf.grad = None
        y.backward(dy)
        return y

    def results() -> Arrays:
        y = train().detach().numpy()
        return {"y": y, **{f"d{name}": leaf.grad.numpy() for name, leaf in zip("qkv", leaves, strict=True)}}

    return Candidate("", train, results)
