"""Where foldgate's kernels win: the one home of the sizes at which PyTorch's own op computes a call.

Measured by `benchmarks/torch_modules.py` and `torch_sweep.py`, PyTorch 2.13, one thread and two, alternating,
foldgate on PyTorch's own threads, on two cores of a Zen 5 (pools and recurrence on a Skylake-SP, too), with
AVX-512. Every rule leaves to PyTorch what came out under 1.0, with some room. A call through a
torch.autograd.Function costs 0.04 ms more than torch's own (on the Skylake-SP 0.1 ms), and a weight in
another layout must be turned at every training step, and its gradient back: hence the sizes.
"""

from __future__ import annotations

import math
from typing import Any

import torch

LEAST_MAX_POOLED = 1 << 15
LEAST_MAX_POOLED_TRAINING = 1 << 17
LEAST_AVERAGED = LEAST_PARTS_AVERAGED = 1 << 20
LEAST_PARTS_MAX_POOLED = 1 << 16
LEAST_STEPPED = 1 << 10
LEAST_STEPPED_SIMPLY = 1 << 62
"""Elements of the input below which pools and cells call torch's op at once: small calls are all overhead.
1 << 62: torch's own is faster at any size."""
LEAST_STEPS = 2
"""Steps of a recurrent module, likewise."""
SMALL_BATCH = 8
"""From here torch splits small calls over threads, at a cost that foldgate does not have."""


_WHERE = {
    "ConvTranspose": "by foldgate from a million multiply-adds or batches of 8, in training from 4 million",
    "Conv": "by foldgate from a million multiply-adds or batches of 8, in training from 1 to 4 million",
    "AdaptiveAvgPool": "by foldgate in training, channels_last, from a million elements, else by PyTorch",
    "AdaptiveMaxPool": "by foldgate forward, to one position or channels_last, from 65,536 elements on",
    "AvgPool": "by foldgate from a million elements on",
    "MaxPool": "by foldgate from 32,768 elements on, in training from 131,072",
    "RNNCell": "PyTorch's own step is faster at every size measured",
    "LSTMCell": "by foldgate for batches of 32 up without gradients; in training PyTorch is faster",
    "GRUCell": "by foldgate for batches of 32 up without gradients; in training PyTorch is faster",
    "": "by foldgate from 2 steps on, from 16 with larger weights, in training 8 and 64",
}


def where(kind: str) -> str:
    """In words, where foldgate computes modules of a class; the functions below are exact."""
    return next(words for start, words in _WHERE.items() if kind.startswith(start))


def _positions(x: Any) -> int:
    return int(x.numel() // x.shape[1])


def _products(module: Any, x: Any) -> int:
    """Multiply-adds of a module's weights with every position of x."""
    pairs = module.in_channels * module.out_channels // module.groups
    return int(_positions(x) * pairs * math.prod(module.kernel_size))


def convolution_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of a convolution of x (N, C, *spatial)."""
    work = _products(module, x) // int(math.prod(module.stride))
    if module.groups > 1:
        return _depthwise_wins(module, x, gradient, work)
    batch, inputs, outputs = x.shape[0], module.in_channels, module.out_channels
    positions, taps = _positions(x), int(math.prod(module.kernel_size))
    if outputs < 8 or outputs > (32 if inputs <= 4 else 12) * inputs:  # a pass that reads, or one that writes
        return False
    if x.dim() == 5 and (min(inputs, outputs) < 16 or positions < batch << 11 or work < 1 << 21):
        return False
    if taps == 4 and module.stride[0] == 1:  # with few outputs torch's is up to 1.6 times as fast
        return False
    if inputs <= 4:
        return bool(work >= 1 << (24 if gradient else 22))
    if not x.is_contiguous() and min(inputs, outputs) < 9:
        return False
    if gradient:
        return _trains_faster(x, min(inputs, outputs), taps, positions, work)
    if taps > 9 and not x.is_contiguous():
        return False
    if positions < 512:
        return positions >= 128 and work >= 1 << 22
    return work >= 1 << (18 if batch >= SMALL_BATCH else 20)


def _trains_faster(x: Any, channels: int, taps: int, positions: int, work: int) -> bool:
    """Of a dense convolution of at least so many channels in training.

    Sums of one tap or of more than 9 are no faster than torch's: where positions are few torch loses by its
    changes of layout.
    """
    few = channels >= 16 and positions < 1 << (12 if taps == 1 else 10)
    if not x.is_contiguous() and (taps == 1 or taps > 9) and not few:
        return False
    if channels < 16:
        return positions >= 1 << 10 and work >= 1 << 22
    if taps < 9 and positions < 1 << 10 and work >= 1 << 26:
        return False
    some = 1 << 6 <= positions < 1 << 9 and work >= 1 << 24
    if x.is_contiguous() and some and channels < 256:  # two threads: .79 to 1.5
        return False
    return positions >= 3 << 4 and work >= 1 << (20 if taps > 1 else 21)


def _depthwise_wins(module: Any, x: Any, gradient: bool, work: int) -> bool:
    """Of one channel a group: many taps, large planes; of other groups torch's own is faster."""
    channels, taps, batch = module.in_channels, math.prod(module.kernel_size), x.shape[0]
    alone = channels == module.groups == module.out_channels
    if not alone or x.dim() == 5:
        return False
    if taps > 9 and (gradient or (x.dim() == 3 and module.stride[0] == 1)):
        return True
    if taps > 25 or work < 256 * taps * channels * batch:
        return False
    if module.stride[0] > 1 and (gradient or batch >= SMALL_BATCH or not x.is_contiguous()):
        return False
    if x.is_contiguous():
        return _positions(x) >= 1 << 12
    return channels >= 32 and taps >= 9 and work >= 1 << (22 if gradient else 21)


def transposed_convolution_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of a transposed convolution of x (N, C, *spatial)."""
    small, last = x.shape[0] < SMALL_BATCH, not x.is_contiguous()
    if _positions(x) < 3 << 8 or x.shape[1] < (32 * (small + last) or 4):
        return False
    return _products(module, x) >= 1 << (22 if gradient else 20 if small else 15)


def _is_first(x: Any) -> bool:
    """Whether x has its channels first; of another layout than torch.strided nothing can be asked."""
    return bool(x.layout is torch.strided and x.is_contiguous())


def _has_long_rows(module: Any, x: Any, steps: int, wide_steps: int) -> bool:
    """Whether a row of x takes a pool as many steps, or as many wide ones: short rows are all edges."""
    stride = module.stride
    step = stride if isinstance(stride, int) else stride[-1]
    return bool(x.shape[-1] >= (2 * steps if step <= 2 else step * wide_steps))


def max_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of a max pool: without gradients torch has a fast one for one axis."""
    if x.numel() < (LEAST_MAX_POOLED_TRAINING if gradient else LEAST_MAX_POOLED):
        return False
    if _is_first(x):
        least = (10, 12) if gradient else (6, 8)
        return (gradient or module._rank > 3) and _has_long_rows(module, x, *least)
    return gradient or (module._rank > 3 and x.numel() >= 1 << 17)


def average_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of an average pool over windows."""
    if x.numel() < LEAST_AVERAGED:
        return False
    return _has_long_rows(module, x, 10 if module._rank == 5 else 6, 32) if _is_first(x) else gradient


def adaptive_average_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of an adaptive average pool: torch's mean is as fast, but backward with channels last."""
    return gradient and x.numel() >= LEAST_PARTS_AVERAGED and not _is_first(x)


def adaptive_max_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of an adaptive max pool: forward alone, and channels first down to one position."""
    if gradient or x.numel() < LEAST_PARTS_MAX_POOLED:
        return False
    if not _is_first(x):
        return bool(x.numel() >= 1 << 19 and x.shape[1] >= 128)
    size = module.output_size
    return bool(size == 1 or (isinstance(size, tuple) and set(size) == {1}))


def sequence_wins(module: Any, rows: int, steps: int, gradient: bool) -> bool:
    """Of a recurrent module with `rows` steps of all sequences together, and `steps` of the longest."""
    if steps < (3 if gradient else 2) and module.mode.startswith("RNN"):
        return False
    if module.hidden_size * (module.input_size + module.hidden_size) <= 1 << 12:
        return rows >= (8 if gradient else 2)
    return rows >= (64 if gradient else 16)


def packed_sequence_wins(module: Any, rows: int, steps: int, gradient: bool) -> bool:
    """Of a packed sequence, whose rows are spread out and gathered again."""
    least = 12 if module.mode.startswith("RNN") else 4
    return steps >= least and sequence_wins(module, rows, steps, gradient)


def step_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of a cell's single step: torch's own is faster at any size with gradients."""
    units = module.hidden_size
    if gradient or units < 64 or x.dim() != 2 or x.shape[0] < 32:
        return False
    return bool(units * (x.shape[1] + units) <= 1 << 15)  # more costs more to compare than to compute
