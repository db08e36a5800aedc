"""Ops of torch's dispatcher over the kernels: what `torch.compile` puts into its graphs for swapped modules.

In eager mode modules call the kernels by `torch.autograd.Function`, which costs less a call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.compiler import is_compiling
from torch.utils.weak import WeakIdKeyDictionary

from foldgate._torch_ready import are_plain, is_ordinary
from foldgate.torch._kept import Kept
from foldgate.torch._layout import FORMATS

_FLOATS = (torch.float32, torch.float64)
_library = torch.library.Library("foldgate", "DEF")
_kept = WeakIdKeyDictionary()
_is_exporting = getattr(torch.compiler, "is_exporting", lambda: False)


def define(schema: str, kernel: Callable[..., Any], fake: Callable[..., Any]) -> Any:
    """The op `foldgate::...` of a schema.

    Args:
      schema: with the name; the op is functional, and its results are no views.
      kernel: computes it for tensors on the CPU.
      fake: returns empty tensors of the results' shapes, types and strides.
    """
    name = schema.partition("(")[0]
    _library.define(schema, tags=(torch.Tag.pt2_compliant_tag,))
    _library.impl(name, kernel, "CPU")
    torch.library.register_fake(f"foldgate::{name}", fake, lib=_library)
    return getattr(torch.ops.foldgate, name).default


def differentiate(op: Any, backward: Callable[..., Any], setup_context: Callable[..., Any]) -> None:
    """Says how autograd differentiates an op; as torch.library.register_autograd."""
    # Where autograd runs inside a compiled function, the compiler would take this for a part of it.
    eager = torch.compiler.disable(backward)
    torch.library.register_autograd(op.name(), eager, setup_context=setup_context, lib=_library)


def computes(*tensors: Any) -> bool:
    """Whether a call on these tensors (or None), which is being compiled, may go to the ops."""
    dtype = tensors[0].dtype
    return (
        dtype in _FLOATS
        and not _is_exporting()  # an exported program runs where foldgate is not
        and not torch.is_autocast_enabled("cpu")
        and tensors[0].numel() > 0
        and all(
            t is None or (t.dtype == dtype and t.device.type == "cpu" and t.layout == torch.strided)
            for t in tensors
        )
    )


def reads(*tensors: Any) -> bool:
    """Whether the kernels may read these tensors (or None) in this call, compiled or not."""
    return computes(*tensors) if is_compiling() else are_plain(*tensors) and is_ordinary()


def kept_of_weight(weight: Any) -> Kept:
    """What was prepared of a weight; it goes with the weight."""
    found = _kept.get(weight)
    if found is None:
        found = _kept[weight] = Kept()
    result: Kept = found
    return result


def empty(shape: Any, like: Any, last: bool, dtype: Any = None) -> Any:
    """Of a fake implementation: a tensor laid out as by `tensor_of`, of the dtype of `like` or another."""
    layout = FORMATS[len(shape)] if last else torch.contiguous_format
    return torch.empty(tuple(shape), dtype=dtype or like.dtype, device=like.device, memory_format=layout)
