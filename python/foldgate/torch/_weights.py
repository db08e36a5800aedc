"""Weights of convolutions in the kernels' layout and back.

torch has (O, I, *k), or (O, *k, I) where channels are last, foldgate (*k, I, O); transposed convolutions have
input and output the other way round in both, so that one permutation serves all.
"""

from __future__ import annotations

from typing import Any

import torch

_TO_KERNEL = {3: (2, 1, 0), 4: (2, 3, 1, 0), 5: (2, 3, 4, 1, 0)}
_TO_WEIGHT = {3: (2, 1, 0), 4: (3, 2, 0, 1), 5: (4, 3, 0, 1, 2)}
_LARGE = 1 << 16
"""Elements from which on two passes are faster than torch's general copy: the transposition of a matrix,
which it does by blocks, and stretches of O (256 x 256 x 3 x 3: .3 and .4 ms there and back, of .75 and
1.0)."""


def kernel_of(weight: Any) -> Any:
    """A copy of the weight as the array that the kernels read."""
    weight = weight.detach()
    turned = weight.permute(_TO_KERNEL[weight.dim()])
    if weight.numel() < _LARGE:
        return turned.contiguous().numpy()
    kernel = _rows(weight).t().contiguous()
    if weight.is_contiguous():
        kernel = kernel.view(weight.shape[1], -1, weight.shape[0]).transpose(0, 1).contiguous()
    return kernel.view(turned.shape).numpy()


def weight_gradient(dkernel: Any, weight: Any) -> Any:
    """The gradient of a weight, in the weight's own layout, of that of its kernel."""
    gradient, kernel = torch.empty_like(weight), torch.from_numpy(dkernel)
    if weight.numel() < _LARGE:
        return gradient.copy_(kernel.permute(_TO_WEIGHT[weight.dim()]))
    if weight.is_contiguous():
        kernel = kernel.view(-1, *kernel.shape[-2:]).transpose(0, 1).contiguous()
    _rows(gradient).copy_(kernel.view(-1, weight.shape[0]).t())
    return gradient


def _rows(weight: Any) -> Any:
    """A dense weight as the matrix (O, the others), as it lies in memory."""
    return (weight if weight.is_contiguous() else weight.movedim(1, -1)).view(weight.shape[0], -1)
