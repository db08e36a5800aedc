"""Gradients by torch's own ops: for gradients of gradients, and for what the kernels do not take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch


def gradients(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    needs: Sequence[bool],
    dys: Sequence[Any],
) -> tuple[Any, ...]:
    """The gradients of `function(*inputs)`, computed again by torch's own ops.

    Under `create_graph` the result is itself connected to the inputs and to `dys`, as far as torch's ops are.

    Args:
      function: returns a tensor or a tuple of tensors.
      inputs: tensors or None, as autograd saved them: connected to the graph that they came from.
      needs: which inputs' gradients somebody reads.
      dys: the gradients of the results, None where none arrived.

    Returns:
      One gradient an input, None where there is none.
    """
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad():
        # An input may be another twice, or come from it: the way between them is not this function's.
        # Not view_as: it changes the strides of axes of extent 1.
        inputs = [x.expand_as(x) if need else x for x, need in zip(inputs, needs, strict=True)]
        results = function(*inputs)
        results = results if isinstance(results, tuple) else (results,)
        pairs = [(y, dy) for y, dy in zip(results, dys, strict=True) if dy is not None]
        wanted = [x for x, need in zip(inputs, needs, strict=True) if need]
        found = iter(
            torch.autograd.grad(
                [y for y, _ in pairs],
                wanted,
                [dy for _, dy in pairs],
                create_graph=create_graph,
                allow_unused=True,
            )
        )
    return tuple(next(found) if need else None for need in needs)
