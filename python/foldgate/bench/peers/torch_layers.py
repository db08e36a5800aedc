"""PyTorch's rows by ids, and a bias with relu."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cases import Array, Arrays, BiasCase, EmbeddingCase
from .base import Candidate


def embedding_candidate(torch: Any, case: EmbeddingCase, training: bool, arrays: Arrays) -> Candidate:
    ids = torch.from_numpy(case.ids())

    def gather(table: Any) -> Any:
        return torch.nn.functional.embedding(ids, table)

    return _candidate(torch, gather, {"table": arrays["table"]}, arrays["dy"], training)


def bias_candidate(torch: Any, case: BiasCase, training: bool, arrays: Arrays) -> Candidate:
    last = case.data_format == "channels_last"
    shape = (-1,) if last else (-1,) + (1,) * (len(case.shape) - 2)

    def add(x: Any, bias: Any) -> Any:
        return torch.relu(x + bias.view(shape))

    return _candidate(torch, add, {"x": arrays["x"], "bias": arrays["bias"]}, arrays["dy"], training)


def _candidate(
    torch: Any, function: Callable[..., Any], operands: dict[str, Array], dy: Array, training: bool
) -> Candidate:
    tensors, gradient = [torch.from_numpy(array) for array in operands.values()], torch.from_numpy(dy)
    if not training:
        call = torch.inference_mode()(lambda: function(*tensors))
        return Candidate("", call, lambda: {"y": call().numpy()})
    for tensor in tensors:
        tensor.requires_grad_(True)

    def train() -> Any:
        y = function(*tensors)
        return y, torch.autograd.grad(y, tensors, gradient)

    def results() -> Arrays:
        y, gradients = train()
        named = zip(operands, gradients, strict=True)
        return {"y": y.detach().numpy()} | {f"d{name}": g.numpy() for name, g in named}

    return Candidate("", train, results)
