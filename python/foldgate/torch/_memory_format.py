"""Whether results come back with their channels last: as torch returns them, for the views taken of them."""

from __future__ import annotations

from typing import Any

import torch
from torch.compiler import is_compiling

_INNERMOST_FIRST = {4: (1, 3, 2, 0), 5: (1, 4, 3, 2, 0)}
_FIRST = tuple(getattr(torch._C._ConvBackend, f"Slow{kind}3d") for kind in ("", "Dilated", "Transpose"))
"""torch's kernels of volumes that return them channels first."""


def is_last(x: Any) -> bool:
    """Whether torch's own ops take `x` for channels_last, dense or not: `suggest_memory_format` of its C++.

    The strides of all axes count, also of those of extent 1: `image.permute(2, 0, 1)[None]` has them first.
    """
    axes, strides = _INNERMOST_FIRST.get(x.dim()), x.stride()
    if axes is None or strides[1] == 0:
        return False
    sizes, least = x.shape, 0
    for axis in axes:
        if strides[axis] < least or (axis == 0 and least == strides[1]):
            return False
        least = strides[axis] * sizes[axis]
    return True


def convolves_last(module: Any, x: Any, weight: Any) -> bool:
    """Whether torch's own op would return a convolution of a batch, transposed or not, in channels_last.

    Of volumes not by all of its kernels; a compiler is told so of all of them.
    """
    if not (is_last(x) or is_last(weight)) or weight.dim() != x.dim():
        return False
    if x.dim() == 4 or is_compiling():
        return True
    dilation, transposed, padding = module.dilation, module.transposed, (0, 0, 0)
    if not transposed:  # as much as any window takes: it may be "same", and does not count in torch's choice
        padding = tuple(n * d for n, d in zip(weight.shape[2:], dilation, strict=True))
    options = (module.stride, padding, dilation, transposed, module.output_padding, module.groups)
    return torch._C._select_conv_backend(x, weight, None, *options) not in _FIRST
