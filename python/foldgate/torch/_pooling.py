"""What all pooling modules have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from foldgate._torch_ready import are_plain, is_ordinary
from foldgate.torch._compiled_pool import NOTHING, POSITIONS, TAPS
from foldgate.torch._compiled_pool import pool as compiled_op
from foldgate.torch._library import computes
from foldgate.torch._memory_format import is_last


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
    if not are_plain(x) or _has_strides_of_its_own(x, batch):
        return None
    last = is_last(batch)
    try:
        found = compute(module, batch, last, gradient)
    except (TypeError, ValueError):  # torch says it in its own words
        return None
    if found is None or batch is x:
        return found
    # Torch's are no views, which cannot be detached in place; backward reads the positions as they are.
    if not isinstance(found, tuple):
        return found.squeeze_(0)
    y, positions = found
    return y.squeeze_(0), positions.squeeze(0)


def _has_strides_of_its_own(x: Any, batch: Any) -> bool:
    """Whether torch's result is neither channels first nor last by the rules of `is_last`.

    Of rows whose channels are last, its channels are, too; that of one volume keeps the order of its axes.
    """
    if batch.dim() == 3:
        return is_last(batch.unsqueeze(2))
    return batch is not x and batch.dim() == 5 and not x.is_contiguous()


def volumes_first(y: Any) -> Any:
    """A result, of volumes channels first: so torch returns that of all its pools but the max pool."""
    return y.clone(memory_format=torch.contiguous_format) if y.dim() == 5 and is_last(y) else y


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
    if _has_strides_of_its_own(x, batch):
        return None
    last = is_last(batch)
    sizes = options(module, batch)
    if sizes is None:
        return None
    pairs = getattr(module, "return_indices", False)
    wanted = POSITIONS if pairs else NOTHING
    if gradient and not pairs and op.endswith("max_pool"):
        wanted = TAPS if op == "max_pool" else POSITIONS
    y, winners = compiled_op(batch, op, *sizes, last, wanted)
    if op != "max_pool":
        y, winners = volumes_first(y), volumes_first(winners)
    if batch is not x:
        y, winners = y.squeeze(0), winners.squeeze(0)
    return (y, winners) if pairs else y
