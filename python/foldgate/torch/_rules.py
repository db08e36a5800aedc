"""Where foldgate's kernels win: the one home of the sizes at which PyTorch's own op computes a call.

Measured by `benchmarks/torch_modules.py` on two cores with AVX-512, PyTorch 2.13, two threads, alternating,
which is the harder case for foldgate: OpenMP's threads still spin when its calls begin. Every rule leaves to
PyTorch what came out under 1.0, with some room. A call through a torch.autograd.Function costs about 0.1 ms
more than torch's own on that machine, and a weight in another layout must be rearranged once a training step:
hence the sizes, and the least number of positions for each weight.
"""

from __future__ import annotations

import math
from typing import Any

LEAST_POOLED = 1 << 14
"""Elements below which no pool is computed here, whatever it is."""
LEAST_CONVOLVED = 1 << 15
"""Multiply-adds below which no convolution is."""
_SMALL_BATCH = 8
"""From here torch splits small calls over threads, at a cost that foldgate does not have."""


def convolution_work(x: Any, weight: Any, strides: tuple[int, ...]) -> int:
    """About how many multiply-adds a convolution takes."""
    work: int = x.numel() // x.shape[1] * weight.numel() // math.prod(strides)
    return work


def convolution_wins(x: Any, weight: Any, work: int, last: bool, gradient: bool) -> bool:
    """Of a convolution: x (N, C, *spatial), weight (O, C / groups, *kernel)."""
    batch, channels = x.shape[:2]
    outputs, depth = weight.shape[:2]
    positions = x.numel() // channels
    if batch >= _SMALL_BATCH and positions >= 512 and work < 1 << 21:
        return True
    if not gradient:
        return work >= 1 << 21 and positions >= 512 and (last or channels > 4)
    if channels <= 4:
        return work >= 1 << 26
    return bool(min(outputs, depth) >= 64 and weight[0, 0].numel() >= 9 and positions >= 4096)


def transposed_convolution_wins(x: Any, weight: Any, gradient: bool) -> bool:
    """Of a transposed convolution: x (N, C, *spatial), weight (C, O / groups, *kernel)."""
    work = x.numel() // x.shape[1] * weight.numel()
    least = 1 << 20 if not gradient and x.shape[0] < _SMALL_BATCH else 1 << 15
    large_enough = x.shape[0] >= _SMALL_BATCH or not gradient
    return bool(large_enough and least <= work <= 1 << 23 and x.numel() // x.shape[1] >= 512)


def max_pool_wins(x: Any, last: bool, gradient: bool) -> bool:
    """Of a max pool. Without gradients torch has a fast one for one spatial axis."""
    if gradient:
        return bool(x.numel() >= 1 << 17)
    return bool(x.dim() > 3 and x.numel() >= (1 << 17 if last else LEAST_POOLED))


def average_pool_wins(x: Any, last: bool, gradient: bool) -> bool:
    """Of an average pool over windows."""
    return x.numel() >= 1 << 20 and (gradient or not last)


def adaptive_average_pool_wins(x: Any, last: bool, gradient: bool) -> bool:
    """Of an adaptive average pool: torch's mean is as fast, but backward with channels last."""
    return last and gradient and x.numel() >= 1 << 20


def adaptive_max_pool_wins(x: Any, last: bool, gradient: bool) -> bool:
    """Of an adaptive max pool: forward alone."""
    return not gradient and x.numel() >= 1 << 16


def sequence_wins(rows: int, weights: int, gradient: bool) -> bool:
    """Of a recurrent layer of that many elements of weights, over `rows` steps of all sequences together."""
    if weights <= 1 << 14:
        return rows >= (8 if gradient else 2)
    return rows >= (64 if gradient else 16)


def step_wins(x: Any, units: int, gated: bool, gradient: bool) -> bool:
    """Of a cell's single step, without gradients; with them torch's own is faster at any size."""
    return not gradient and gated and x.dim() == 2 and x.shape[0] >= 16 and units >= 64
