"""Whether a call may go to the kernels: plain tensors, and nobody who watches calls of torch's ops."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd import forward_ad
from torch.utils._device import DeviceContext

_FLOATS = frozenset({torch.float32, torch.float64})
_PLAIN = frozenset({torch.Tensor, torch.nn.Parameter})
_transforms = torch._C._are_functorch_transforms_active
_tracing = torch._C._get_tracing_state
_autocast = torch._C._is_any_autocast_enabled
_is_batched = torch._C._functorch.is_legacy_batchedtensor
_dispatch_modes = torch._C._len_torch_dispatch_stack
_function_modes = torch._C._len_torch_function_stack
_function_mode = torch._C._get_function_stack_at


def are_plain(x: Any, *others: Any) -> bool:
    """Whether the kernels may read them: strided tensors of torch's class on the CPU, float32 or float64 all.

    Args:
      x: whose dtype the others have to have.
      others: may be None.
    """
    dtype = x.dtype
    for t in (x, *others):  # one frame: this is asked in every call
        if t is not None and not (
            type(t) in _PLAIN
            and t.dtype is dtype
            and t.is_cpu
            and t.layout is torch.strided
            and not t.is_neg()
            and t.numel() > 0
        ):
            return False
    return dtype in _FLOATS


def is_ordinary() -> bool:
    """Whether this is a call of eager torch: no transform, trace, mode, autocast or forward-mode gradient."""
    return not (
        _transforms()
        or _autocast()
        or _dispatch_modes()
        or (_function_modes() and _are_watched())
        or _tracing() is not None
        or forward_ad._current_level >= 0
    )


def _are_watched() -> bool:
    """Whether a function mode sees calls; a default device, which is always the first, only makes tensors."""
    return _function_modes() > 1 or type(_function_mode(0)) is not DeviceContext


def is_first_order(*dys: Any) -> bool:
    """Whether a backward pass may go to the kernels: nobody differentiates it, and `dys` are plain or None.

    A vectorized jacobian sends batches of gradients that look like plain tensors.
    """
    given = [dy for dy in dys if dy is not None]
    return (
        not torch.is_grad_enabled()
        and is_ordinary()
        and are_plain(*given)
        and not any(map(_is_batched, given))
    )


def needs_gradient(*tensors: Any) -> bool:
    """Whether autograd has to know of a call on these tensors (or None)."""
    if torch.is_grad_enabled():
        for t in tensors:
            if t is not None and t.requires_grad:
                return True
    return False
