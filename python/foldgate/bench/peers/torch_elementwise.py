"""PyTorch's functions of every value, softmax and losses: of one operand, with one gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..cases import Array, Arrays, ElementwiseCase, SoftmaxCase
from .base import Candidate


def elementwise_candidates(
    torch: Any, case: ElementwiseCase, training: bool, arrays: Arrays
) -> list[Candidate]:
    module = torch if hasattr(torch, case.function) else torch.nn.functional
    options = {"approximate": "tanh"} if case.function == "gelu" else {}
    function = partial(getattr(module, case.function), **options)
    return [_candidate(torch, function, arrays["x"], arrays["dy"], "y", training)]


def softmax_candidates(torch: Any, case: SoftmaxCase, training: bool, arrays: Arrays) -> list[Candidate]:
    functional = torch.nn.functional
    if not case.loss:
        function = partial(functional.softmax, dim=case.axis)
        return [_candidate(torch, function, arrays["x"], arrays["dy"], "y", training)]
    labels = torch.from_numpy(case.labels())
    function = partial(functional.cross_entropy, target=labels, reduction="none")
    return [_candidate(torch, function, arrays["x"], arrays["dloss"], "loss", training)]


def _candidate(
    torch: Any, function: Callable[[Any], Any], x: Array, dy: Array, name: str, training: bool
) -> Candidate:
    tensor, gradient = torch.from_numpy(x), torch.from_numpy(dy)
    if not training:
        call = torch.inference_mode()(lambda: function(tensor))
        return Candidate("", call, lambda: {name: call().numpy()})
    tensor.requires_grad_(True)

    def train() -> Any:
        y = function(tensor)
        return y, torch.autograd.grad(y, tensor, gradient)[0]

    def results() -> Arrays:
        y, dx = train()
        return {name: y.detach().numpy(), "dx": dx.numpy()}

    return Candidate("", train, results)
