"""What all pooling modules have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from foldgate._torch_ready import are_plain, is_ordinary
from foldgate.torch._compiled_pool import NOTHING, POSITIONS, TAPS
from foldgate.torch._compiled_pool import pool as compiled_op
from foldgate.torch._layout import is_last
from foldgate.torch._library import computes


def pool(module: Any, x: Any, rank: int, compute: Callable[[Any, Any, bool, bool], Any]) -> Any:
    """`compute(module, x, last, gradient)` of a batch, or None where torch's own op has to compute the call.

    Args:
      module: which holds the options.
      x: of `rank` axes, or one fewer (unbatched).
      rank: 3 to 5.
      compute: returns a tensor or a pair of tensors.
    """
    if (
        type(x) is not torch.Tensor
        or x.layout is not torch.strided
        or not rank - 1 <= x.dim() <= rank
        or not is_ordinary()
    ):
        return None
    gradient = x.requires_grad and torch.is_grad_enabled()
    batch = x if x.dim() == rank else x.unsqueeze(0)
    last = is_last(batch)
    if not are_plain(x):
        return None
    try:
        found = compute(module, batch, last, gradient)
    except (TypeError, ValueError):  # torch says it in its own words
        return None
    if found is None or batch is x:
        return found
    return tuple(y.squeeze(0) for y in found) if isinstance(found, tuple) else found.squeeze(0)


def compiled_pool(module: Any, x: Any, rank: int, op: str, options: Callable[[Any, Any], Any]) -> Any:
    """`pool` as an op of the graph that is being compiled.

    Args:
      module, x, rank: as in `pool`.
      op: the function's name in `foldgate.ops`.
      options: says of the module and a batch the lists of sizes and of flags that the op takes; None where
        torch has to compute it.
    """
    if type(x) is not torch.Tensor or not rank - 1 <= x.dim() <= rank or not computes(x):
        return None
    gradient = x.requires_grad and torch.is_grad_enabled()
    batch = x if x.dim() == rank else x.unsqueeze(0)
    last = is_last(batch)
    sizes = options(module, batch)
    if sizes is None:
        return None
    pairs = getattr(module, "return_indices", False)
    wanted = POSITIONS if pairs else NOTHING
    if gradient and not pairs and op.endswith("max_pool"):
        wanted = TAPS if op == "max_pool" else POSITIONS
    y, winners = compiled_op(batch, op, *sizes, last, wanted)
    if batch is not x:
        y, winners = y.squeeze(0), winners.squeeze(0)
    return (y, winners) if pairs else y
