"""PyTorch's normalisations; images stay in the layout that they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cases import Array, Arrays, NormCase
from .base import Candidate, to_channels_last


def norm_candidates(torch: Any, case: NormCase, training: bool, arrays: Arrays) -> list[Candidate]:
    """Channels last in memory are axis 1 of a view, which torch takes as its own memory format."""
    images = case.op not in ("layer_norm", "rms_norm")
    turned = images and case.axis == -1 and len(case.shape) > 2

    def tensor(name: str) -> Any:
        value = torch.from_numpy(arrays[name])
        return value.movedim(-1, 1) if turned and name in ("x", "dy") else value

    def back(value: Any) -> Array:
        array: Array = value.detach().numpy()
        return to_channels_last(array) if turned else array

    weights = [tensor(name) for name in (("gamma", "beta") if case.has_beta else ("gamma",))]
    function, x = _function(torch, case, tensor), tensor("x")
    if not training:
        infer = torch.inference_mode()(lambda: function(x, *weights))
        return [Candidate("", infer, lambda: {"y": back(infer())})]
    operands = [value.clone().requires_grad_(True) for value in (x, *weights)]
    dy = tensor("dy")

    def train() -> Any:
        y = function(*operands)
        for value in operands:
            value.grad = None
        y.backward(dy)
        return y

    def results() -> Arrays:
        y = back(train())
        names = ("dgamma", "dbeta")[: len(weights)]
        found = {name: w.grad.numpy() for name, w in zip(names, operands[1:], strict=True)}
        return {"y": y, "dx": back(operands[0].grad), **found}

    return [Candidate("", train, results)]


def _function(torch: Any, case: NormCase, tensor: Callable[[str], Any]) -> Callable[..., Any]:
    functional = torch.nn.functional
    if case.op == "batch_norm":
        return lambda x, *w: functional.batch_norm(x, None, None, *w, training=True, eps=1e-3)
    if case.op == "batch_norm_inference":
        given = tensor("mean"), tensor("variance")
        return lambda x, *w: functional.batch_norm(x, *given, *w, eps=1e-3)
    if case.op == "group_norm":
        return lambda x, *w: functional.group_norm(x, case.groups, *w, eps=1e-3)
    if case.op == "instance_norm":
        return lambda x, gamma, beta: functional.instance_norm(x, weight=gamma, bias=beta, eps=1e-3)
    if case.op == "layer_norm":
        return lambda x, *w: functional.layer_norm(x, case.shape[-1:], *w, eps=1e-3)
    return lambda x, *w: functional.rms_norm(x, case.shape[-1:], *w, eps=1e-6)
