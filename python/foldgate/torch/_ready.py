"""Whether a call may go to the kernels: plain tensors, and nobody who watches calls of torch's ops."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd import forward_ad

_FLOATS = frozenset({torch.float32, torch.float64})
_PLAIN = frozenset({torch.Tensor, torch.nn.Parameter})
_transforms = torch._C._are_functorch_transforms_active
_tracing = torch._C._get_tracing_state
_autocast = torch._C._is_any_autocast_enabled
_is_batched = torch._C._functorch.is_legacy_batchedtensor
_dispatch_modes = torch._C._len_torch_dispatch_stack
_function_modes = torch._C._len_torch_function_stack


def is_plain(x: Any) -> bool:
    """Whether the kernels may read `x`: a strided float32 or float64 tensor on the CPU, of torch's class."""
    return (
        type(x) in _PLAIN
        and x.dtype in _FLOATS
        and x.is_cpu
        and x.layout is torch.strided
        and not x.is_neg()
        and x.numel() > 0
    )


def is_ordinary() -> bool:
    """Whether this is a call of eager torch: no transform, trace, mode, autocast or forward-mode gradient."""
    return not (
        _transforms()
        or _autocast()
        or _dispatch_modes()
        or _function_modes()
        or _tracing() is not None
        or forward_ad._current_level >= 0
    )


def is_first_order(*dys: Any) -> bool:
    """Whether a backward pass may go to the kernels: nobody differentiates it, and `dys` are plain or None.

    A vectorized jacobian sends batches of gradients that look like plain tensors.
    """
    return (
        not torch.is_grad_enabled()
        and is_ordinary()
        and all(dy is None or (is_plain(dy) and not _is_batched(dy)) for dy in dys)
    )


def like(x: Any, *others: Any) -> bool:
    """Whether all of `others` that are not None are plain and of the dtype of `x`."""
    dtype = x.dtype
    return all(other is None or (other.dtype is dtype and is_plain(other)) for other in others)


def needs_gradient(*tensors: Any) -> bool:
    """Whether autograd has to know of a call on these tensors (or None)."""
    return torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)
