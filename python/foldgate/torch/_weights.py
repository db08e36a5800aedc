"""Weights of convolutions in the kernels' layout and back.

torch has (O, I, *k), foldgate (*k, I, O); transposed convolutions have input and output the other way round
in both, so that one permutation serves all.
"""

from __future__ import annotations

from typing import Any

import torch

_TO_KERNEL = {3: (2, 1, 0), 4: (2, 3, 1, 0), 5: (2, 3, 4, 1, 0)}
_TO_WEIGHT = {3: (2, 1, 0), 4: (3, 2, 0, 1), 5: (4, 3, 0, 1, 2)}


def kernel_of(weight: Any) -> Any:
    """A copy of the weight as the array that the kernels read."""
    return weight.detach().permute(_TO_KERNEL[weight.dim()]).contiguous().numpy()


def weight_gradient(dkernel: Any, weight: Any) -> Any:
    """The gradient of a weight, in the weight's own layout, of that of its kernel."""
    order = _TO_WEIGHT[weight.dim()]
    return torch.empty_like(weight).copy_(torch.from_numpy(dkernel).permute(order))
