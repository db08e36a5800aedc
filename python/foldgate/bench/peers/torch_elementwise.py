"""PyTorch's functions of every value."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..cases import Arrays, ElementwiseCase
from .base import Candidate


def elementwise_candidates(
    torch: Any, case: ElementwiseCase, training: bool, arrays: Arrays
) -> list[Candidate]:
    module = torch if hasattr(torch, case.function) else torch.nn.functional
    options = {"approximate": "tanh"} if case.function == "gelu" else {}
    function = partial(getattr(module, case.function), **options)
    x, dy = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["dy"])
    if not training:
        call = torch.inference_mode()(lambda: function(x))
        return [Candidate("", call, lambda: {"y": call().numpy()})]
    x.requires_grad_(True)

    def train() -> Any:
        y = function(x)
        return y, torch.autograd.grad(y, x, dy)[0]

    def results() -> Arrays:
        y, dx = train()
        return {"y": y.detach().numpy(), "dx": dx.numpy()}

    return [Candidate("", train, results)]
