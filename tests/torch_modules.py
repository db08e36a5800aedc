"""What the tests of `foldgate.torch` share: comparison with torch, and calls that must be foldgate's."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any
from unittest import mock

import torch

import foldgate.torch
from foldgate.torch import _convolution_rules, _rules
from foldgate.torch._classes import SWAPPED

RULES = [
    (room, name)
    for room in (_rules, _convolution_rules)
    for name in vars(room)
    if name.endswith("_wins") and not name.startswith("_")
]
LEAST = [name for name in vars(_rules) if name.startswith("LEAST_")]


@contextlib.contextmanager
def at_any_size() -> Iterator[None]:
    """foldgate computes what it can, also where torch would be faster."""
    with contextlib.ExitStack() as stack:
        for room, name in RULES:
            stack.enter_context(mock.patch.object(room, name, lambda *_: True))
        for name in LEAST:
            stack.enter_context(mock.patch.object(_rules, name, 0))
        yield


def _refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("torch's own forward was called")


@contextlib.contextmanager
def by_foldgate() -> Iterator[None]:
    """`at_any_size`, and an AssertionError where torch's own forward computes a swapped module."""
    with at_any_size(), contextlib.ExitStack() as stack:
        for swapped in SWAPPED.values():
            stack.enter_context(mock.patch.object(swapped, "_own", _refuse))
            if hasattr(swapped, "_op"):
                stack.enter_context(mock.patch.object(swapped, "_op", _refuse))
        yield


def tensors(result: Any) -> list[Any]:
    """The tensors of a nest of results, in order; of a packed sequence its data alone."""
    if isinstance(result, torch.nn.utils.rnn.PackedSequence):
        return [result.data]
    if isinstance(result, torch.Tensor):
        return [result]
    return [t for part in result for t in tensors(part)]


def call_of(module: Any, inputs: tuple[Any, ...], gradient: bool, seed: int) -> tuple[list[Any], list[Any]]:
    """The results of a call, and the gradients of its inputs and of the module's parameters."""
    leaves = [x.detach().clone().requires_grad_(gradient) for x in inputs]
    for leaf, x in zip(leaves, inputs, strict=True):
        leaf.data = x.clone()  # with the strides of x
    torch.manual_seed(seed)
    with torch.set_grad_enabled(gradient):
        results = tensors(module(*leaves))
    if not gradient:
        return results, []
    floats = [y for y in results if y.is_floating_point()]
    sum((torch.randn(y.shape, dtype=y.dtype) * y).sum() for y in floats).backward()
    parameters = list(module.parameters())
    gradients = [leaf.grad for leaf in leaves] + [p.grad for p in parameters]
    for p in parameters:
        p.grad = None
    return results, gradients


def compare(module: Any, *inputs: Any, tolerance: float = 1e-9, own: bool = True) -> None:
    """Holds the accelerated copy of a module against the module: results, gradients, layouts, dropout.

    Args:
      module: called on the inputs.
      tolerance: of the largest difference to the largest result, and ten times as much of gradients.
      own: whether foldgate has to compute the accelerated one.
    """
    fast = foldgate.torch.accelerate(copy.deepcopy(module))
    for gradient in (True, False):
        expected, expected_gradients = call_of(module, inputs, gradient, seed=1)
        with by_foldgate() if own else at_any_size():
            found, gradients = call_of(fast, inputs, gradient, seed=1)
        assert len(found) == len(expected)
        for y, e in zip(found, expected, strict=True):
            assert y.shape == e.shape and y.dtype == e.dtype
            # One position has the strides of both layouts.
            assert y.dim() < 4 or y.stride() == e.stride() or y.shape[2:].numel() == 1
            close(y, e, tolerance)
        for g, e in zip(gradients, expected_gradients, strict=True):
            assert (g is None) == (e is None)
            if e is not None:
                assert g.shape == e.shape and same_layout(g, e)
                close(g, e, 10 * tolerance)


def same_layout(found: Any, expected: Any) -> bool:
    """Whether gradients are in one layout; foldgate also keeps channels_last where torch's op loses it."""
    if 1 in found.shape or found.dim() < 4 or found.stride() == expected.stride():
        return True
    return (found if found.dim() == 5 else found[None]).is_contiguous(memory_format=torch.channels_last_3d)


def close(found: Any, expected: Any, tolerance: float) -> None:
    """Asserts that the largest difference is within the tolerance of the largest value, or of 1."""
    found, expected = found.detach(), expected.detach()
    if expected.numel():
        scale = max(1.0, float(expected.double().abs().max()))
        assert float((found.double() - expected.double()).abs().max()) <= tolerance * scale
