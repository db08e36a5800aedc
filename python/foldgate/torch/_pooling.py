"""What all pooling modules have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from foldgate.torch import _rules
from foldgate.torch._layout import is_last, laid_out
from foldgate.torch._ready import is_ordinary, is_plain


def pool(module: Any, x: Any, rank: int, wins: str, compute: Callable[[Any, Any, bool, bool], Any]) -> Any:
    """`compute(module, x, last, gradient)` of a batch, or None where torch's own op has to compute the call.

    Args:
      module: which holds the options.
      x: of `rank` axes, or one fewer (unbatched).
      rank: 3 to 5.
      wins: the name of the rule, in `_rules`.
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
    if not (getattr(_rules, wins)(batch, last, gradient) and is_plain(x)):
        return None
    try:
        found = compute(module, laid_out(batch, last), last, gradient)
    except (TypeError, ValueError):  # torch says it in its own words
        return None
    if found is None or batch is x:
        return found
    return tuple(y.squeeze(0) for y in found) if isinstance(found, tuple) else found.squeeze(0)
