"""Where foldgate's kernels win: the one home of the sizes at which PyTorch's own op computes a call.

Measured by `benchmarks/torch_modules.py` and `torch_sweep.py` on two cores with AVX-512, PyTorch 2.13, two
threads, alternating, foldgate on PyTorch's own threads. Every rule leaves to PyTorch what came out under 1.0,
with some room. A call through a torch.autograd.Function costs about 0.1 ms
more than torch's own on that machine, and a weight in another layout must be rearranged once a training step:
hence the sizes, and the least number of positions for each weight.
"""

from __future__ import annotations

import math
from typing import Any

import torch

LEAST = {
    "MaxPool1d": 1 << 17,
    "MaxPool2d": 1 << 14,
    "MaxPool3d": 1 << 14,
    "AvgPool": 1 << 20,
    "AdaptiveAvgPool": 1 << 62,
    "AdaptiveMaxPool": 1 << 16,
    "Cell": 1 << 10,
    "RNNCell": 1 << 62,
    "Recurrent": 2,
}
"""Elements of the input below which these modules call torch's op at once: small calls are all overhead.
Of recurrent modules steps."""
LEAST_TRAINED = {"MaxPool": 1 << 17, "AdaptiveAvgPool": 1 << 20}
"""The same where the input needs a gradient. 1 << 62: torch's own is faster at any size."""
LEAST_CONVOLVED, LEAST_ALONE = 1 << 15, 1 << 21
"""The same in multiply-adds of a convolution: of any batch, and of a batch too small to be split."""
SMALL_BATCH = 8
"""From here torch splits small calls over threads, at a cost that foldgate does not have."""


_WHERE = {
    "ConvTranspose": "by foldgate up to 8 million multiply-adds, in training for batches of 8 up",
    "Conv": "by foldgate from 2 million multiply-adds or batches of 8, in training from 4,096 positions",
    "AdaptiveAvgPool": "by foldgate in training, channels_last, from a million elements, else by PyTorch",
    "AdaptiveMaxPool": "by foldgate forward, to one position or channels_last, from 65,536 elements on",
    "AvgPool": "by foldgate from a million elements on",
    "MaxPool": "by foldgate from 16,384 elements on, in training from 131,072",
    "RNNCell": "PyTorch's own step is faster at every size measured",
    "LSTMCell": "by foldgate for batches of 32 up without gradients; in training PyTorch is faster",
    "GRUCell": "by foldgate for batches of 32 up without gradients; in training PyTorch is faster",
    "": "by foldgate from 2 steps on, from 16 with larger weights, in training 8 and 64",
}


def where(kind: str) -> str:
    """In words, where foldgate computes modules of a class; the functions below are exact."""
    return next(words for start, words in _WHERE.items() if kind.startswith(start))


def convolution_work(x: Any, weight: Any, strides: tuple[int, ...]) -> int:
    """About how many multiply-adds a convolution takes."""
    work: int = x.numel() // x.shape[1] * weight.numel() // math.prod(strides)
    return work


def convolution_wins(x: Any, weight: Any, work: int, gradient: bool) -> bool:
    """Of a convolution: x (N, C, *spatial), weight (O, C / groups, *kernel)."""
    batch, channels = x.shape[:2]
    outputs, depth = weight.shape[:2]
    positions = x.numel() // channels
    if x.dim() == 5 and (depth != channels or outputs < 8):
        return False
    if batch >= SMALL_BATCH and positions >= 512 and work < LEAST_ALONE:
        return True
    if gradient:
        return _trained_convolution_wins(x, weight, work)
    if work < LEAST_ALONE or positions < 512:
        return False
    return channels > 4 if x.is_contiguous() else bool(outputs > 8 or depth <= 16)


def _trained_convolution_wins(x: Any, weight: Any, work: int) -> bool:
    batch, channels = x.shape[:2]
    outputs, depth = weight.shape[:2]
    positions, taps, last = x.numel() // channels, weight[0, 0].numel(), not x.is_contiguous()
    if depth != channels:  # groups: one channel each, or torch
        return bool(depth == 1 and not last and batch >= SMALL_BATCH and positions >= 1 << 14)
    if depth <= 4:
        return work >= 1 << 26
    if x.dim() == 3:
        return work >= 1 << 27
    if work < positions * weight.numel():  # strides
        return work >= 1 << 28
    if not last:
        return bool(positions >= (1 << 12 if batch >= SMALL_BATCH else 12288))
    least = min(outputs, depth)
    if taps < 9:
        return bool(least >= 64 and positions >= 1 << 14)
    return bool(least >= 32 and positions >= (6144 if least >= 64 else 12288))


def transposed_convolution_wins(x: Any, weight: Any, gradient: bool) -> bool:
    """Of a transposed convolution: x (N, C, *spatial), weight (C, O / groups, *kernel)."""
    work = x.numel() // x.shape[1] * weight.numel()
    least = 1 << 20 if not gradient and x.shape[0] < SMALL_BATCH else 1 << 15
    large_enough = x.shape[0] >= SMALL_BATCH or not gradient
    if x.shape[1] <= 4 and not x.is_contiguous():
        return False
    return bool(large_enough and least <= work <= 1 << 23 and x.numel() // x.shape[1] >= 512)


def _is_first(x: Any) -> bool:
    """Whether x has its channels first; of another layout than torch.strided nothing can be asked."""
    return bool(x.layout is torch.strided and x.is_contiguous())


def max_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of a max pool. Without gradients torch has a fast one for one axis, and small planes are all edges."""
    if gradient:
        return bool(x.numel() >= LEAST_TRAINED["MaxPool"])
    if module._rank == 3:
        return False
    return bool(x.numel() >= 1 << 14 and x.shape[-1] >= 12 if _is_first(x) else x.numel() >= 1 << 17)


def average_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of an average pool over windows."""
    return x.numel() >= 1 << 20 and (gradient or _is_first(x))


def adaptive_average_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of an adaptive average pool: torch's mean is as fast, but backward with channels last."""
    return gradient and x.numel() >= 1 << 20 and not _is_first(x)


def adaptive_max_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of an adaptive max pool: forward alone, and channels first down to one position."""
    if gradient or x.numel() < 1 << 16:
        return False
    if not _is_first(x):
        return bool(x.numel() >= 1 << 18)
    size = module.output_size
    return bool(size == 1 or (isinstance(size, tuple) and set(size) == {1}))


def sequence_wins(rows: int, inputs: int, units: int, gradient: bool) -> bool:
    """Of a recurrent module with `rows` steps of all sequences together."""
    if units * (inputs + units) <= 1 << 12:
        return rows >= (8 if gradient else 2)
    return rows >= (64 if gradient else 16)


def step_wins(x: Any, units: int, simple: bool, gradient: bool) -> bool:
    """Of a cell's single step: torch's own is faster at any size with gradients, and for the simple RNN."""
    small = units * (x.shape[-1] + units) <= 1 << 15  # more costs more to compare than to compute
    return not gradient and not simple and x.dim() == 2 and x.shape[0] >= 32 and units >= 64 and small
