"""What all pooling modules have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.compiler import is_compiling

from foldgate._torch_ready import are_plain, is_ordinary
from foldgate.torch._compiled_pool import NOTHING, POSITIONS, TAPS
from foldgate.torch._compiled_pool import pool as compiled_op
from foldgate.torch._library import computes
from foldgate.torch._memory_format import is_last


def pooled(
    module: Any,
    x: Any,
    op: str,
    compute: Callable[[Any, Any, bool, bool], Any],
    options: Callable[[Any, Any], Any],
) -> Any:
    """The result by foldgate, or else by torch's class.

    Args:
      module: which holds the options.
      x: batched or not.
      op: the function's name in `foldgate.ops`.
      compute: of (module, batch, last, gradient), a tensor or a pair: `last` says where the channels are,
        `gradient` whether autograd has to know.
      options: says of the module and a batch the lists of sizes and of flags that the op of compiled graphs
        takes; None where torch has to compute it.
    """
    y = _compiled(module, x, op, options) if is_compiling() else _eager(module, x, compute)
    return module._own(x) if y is None else y


def _eager(module: Any, x: Any, compute: Callable[[Any, Any, bool, bool], Any]) -> Any:
    """`compute` of a batch, or None where torch's own op has to compute the call."""
    rank = module._rank
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
    if found is None:
        return None
    if batch is x:
        return _volumes_as_torchs(module, found) if rank == 5 else found
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


def _volumes_as_torchs(module: Any, y: Any) -> Any:
    """A result or a pair, channels first as torch returns all but maxima and means of all positions."""
    if isinstance(y, tuple):
        return tuple(_volumes_as_torchs(module, part) for part in y)
    of_all = isinstance(module, torch.nn.AdaptiveAvgPool3d) and y.shape[2:].numel() == 1
    if of_all or isinstance(module, torch.nn.MaxPool3d) or not is_last(y):
        return y
    return y.clone(memory_format=torch.contiguous_format)


def _compiled(module: Any, x: Any, op: str, options: Callable[[Any, Any], Any]) -> Any:
    """The same as an op of the graph that is being compiled."""
    rank = module._rank
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
    if rank == 5:
        y, winners = _volumes_as_torchs(module, (y, winners))
    if batch is not x:
        y, winners = y.squeeze(0), winners.squeeze(0)
    return (y, winners) if pairs else y
