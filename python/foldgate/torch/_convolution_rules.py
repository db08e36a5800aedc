"""Where foldgate's convolutions win, as `_rules.py` has it of pools and recurrent modules, measured alike."""

from __future__ import annotations

import math
from typing import Any

import torch


def _positions(x: Any) -> int:
    return int(x.numel() // x.shape[1])


def _products(module: Any, x: Any) -> int:
    """Multiply-adds of a module's weights with every position of x."""
    pairs = module.in_channels * module.out_channels // module.groups
    return int(_positions(x) * pairs * math.prod(module.kernel_size))


def _torch_unfolds(module: Any, x: Any) -> bool:
    """Whether torch computes a convolution by its own im2col, at 10 us a call, and not by oneDNN, at 40."""
    if x.dtype is not torch.float32:
        return True
    if module.kernel_size == module.stride == (1,) * (x.dim() - 2) and torch.get_num_threads() == 1:
        return bool(x.shape[0] < 16)
    wide = x.dim() > 3 and min(module.kernel_size[-2:]) > 3
    return x.shape[0] == 1 and module.groups == 1 and x.shape[:4].numel() <= 20480 and not wide


def _unfolding_loses(module: Any, x: Any, work: int, gradient: bool) -> bool:
    """Whether a call of so many multiply-adds repays what foldgate's costs over torch's im2col."""
    outputs, single = module.out_channels, math.prod(module.kernel_size) == 1
    if gradient and outputs > 12 * module.in_channels:
        return False
    if single and outputs <= 16 and not x.is_contiguous():  # torch reorders x of several outputs
        return work >= 1 << 18 and (gradient or outputs > 1)
    return bool(work >= 1 << (20 + gradient + (single and outputs > 16)))


def convolution_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of a convolution of x (N, C, *spatial)."""
    work = _products(module, x) // int(math.prod(module.stride))
    if x.dim() == 5 and work >= 1 << 21 and _is_transformed(module, x):
        return True
    if module.groups > 1 and x.dim() == 5:
        return _grouped_volumes_win(module, x, gradient)
    if module.groups > 1:
        transformed = _transformed_groups_win(module, x, gradient, work)
        return transformed or _narrow_groups_win(module, x) or _depthwise_wins(module, x, gradient, work)
    if _torch_unfolds(module, x):
        return _unfolding_loses(module, x, work, gradient)
    if x.dim() == 5:
        return not _volumes_lose(module, x, gradient, work)
    if not _is_transformed(module, x):
        if _waits_for_memory(module, x, gradient) or (not gradient and _fills_few_lanes(module, x)):
            return False
        if _taps_lose(module, x, work):
            return False
    return not gradient or _weights_repay_turning(module, x, work)


def _is_transformed(module: Any, x: Any) -> bool:
    """Whether foldgate's kernels are Winograd's, roughly (csrc/ops/conv/winograd.h has the rule).

    Of volumes 216 random modules on one thread and two were 1.0 to 13 times as fast, in training .78 to 10,
    two of them slower, half 2.2 times as fast (Zen 4).
    """
    channels = module.in_channels // module.groups, module.out_channels // module.groups
    least, planes = {(3, 3): 128, (5, 5): 256}.get(module.kernel_size[-2:]), module.kernel_size[:-2]
    dilation = set(module.dilation)
    return bool(
        least is not None
        and set(module.stride) == {1}
        and (dilation == {1} or (x.dim() == 4 and len(dilation) == 1 and not x.is_contiguous()))
        and min(channels) >= 8
        and math.prod(channels) * math.prod(planes) >= least
        and math.prod(planes) <= 7
        and min(x.shape[-2:]) >= (7 if module.groups > 1 or planes else 8)
        and _positions(x) >= 100
    )


def _waits_for_memory(module: Any, x: Any, gradient: bool) -> bool:
    """Whether x or y is so large against the work that torch's shorter passes over memory count."""
    inputs, outputs, taps = module.in_channels, module.out_channels, math.prod(module.kernel_size)
    written = outputs * _positions(x) // math.prod(module.stride)
    if inputs * taps <= 8 and outputs > 12 * inputs and written >= 1 << 18:
        return True
    if x.is_contiguous():
        return False
    if taps > 1:
        strided = not gradient and module.stride[0] > 1
        return bool(outputs < 9 and x.numel() >= 1 << 17 and (strided or inputs > 48))
    if gradient and outputs <= 16:
        return bool(inputs < 4 and x.numel() >= 1 << 15)
    return _is_large(x, written) or (inputs < 9 and x.numel() >= 1 << 15)


def _fills_few_lanes(module: Any, x: Any) -> bool:
    """Of planes without gradients, channels first: 8 outputs of long sums, or many of short ones."""
    if x.dim() != 4 or not x.is_contiguous():
        return False
    inputs, outputs, taps = module.in_channels, module.out_channels, math.prod(module.kernel_size)
    if taps == 9:
        return bool(outputs <= 8 and inputs >= 256 and x.shape[2:].numel() <= 256)
    return bool(taps == 4 and outputs > 12 * inputs and x.numel() < 1 << 15)


def _is_large(x: Any, written: int) -> bool:
    """Whether a convolution of one tap, channels last, is bound by memory, where torch's writes faster."""
    return bool(max(2 * x.numel(), written) >= 1 << 20)


def _volumes_lose(module: Any, x: Any, gradient: bool, work: int) -> bool:
    """Of volumes that no transforms take: many taps want long sums, and torch to reorder the channels of x.

    In training torch's are slow: of 309 random ones half took 2.1 times as long (Zen 4, 1 and 2 threads).
    """
    inputs, outputs, taps = module.in_channels, module.out_channels, math.prod(module.kernel_size)
    first, columns = x.is_contiguous(), module.kernel_size[1:] == (1, 1)
    if gradient and taps > 1:
        return taps > 27 and not (first and inputs >= 8)
    if first and columns and taps > 1 and outputs <= 8:
        return True
    suits = first and taps == 27 and min(inputs, outputs) >= 8
    return _waits_for_memory(module, x, gradient) or (taps >= 27 and work >= 1 << 20 and not suits)


def _grouped_volumes_win(module: Any, x: Any, gradient: bool) -> bool:
    """Of groups of volumes that no transforms take: channels first, and in training taps of planes."""
    depthwise, first = module.groups == module.in_channels, x.is_contiguous()
    columns = module.kernel_size[1:] == (1, 1)
    if depthwise and columns and module.out_channels > module.in_channels:
        return False
    many = math.prod(module.kernel_size) > 27
    if gradient:
        return first or depthwise or not (columns or many)
    return bool(first and not (depthwise and many and min(x.shape[-2:]) < 10))


def _taps_lose(module: Any, x: Any, work: int) -> bool:
    """Of rows and planes, and much work: 2 x 2 taps, and over 9 for sums that leave tiles half empty."""
    taps = math.prod(module.kernel_size)
    if work < 1 << 25 or taps <= 9:
        return bool(work >= 1 << 25 and taps == 4 and module.stride[0] == 1)
    return 8 <= module.out_channels <= 16 or (module.in_channels > 4 and not x.is_contiguous())


def _weights_repay_turning(module: Any, x: Any, work: int) -> bool:
    """Of a dense convolution in training: whether large weights meet positions enough."""
    positions, channels = _positions(x), min(module.in_channels, module.out_channels)
    if work < 1 << 24:
        return True
    if math.prod(module.kernel_size) < 9 and positions < 1 << 10 and work >= 1 << 26:
        return False
    if x.is_contiguous() and 1 << 6 <= positions < 1 << 9 and channels < 256:  # two threads: .79 to 1.5
        return False
    return positions >= 3 << 4


def _transformed_groups_win(module: Any, x: Any, gradient: bool, work: int) -> bool:
    """Of 3 x 3 taps: half of 410 on two threads 1.8 times as fast and more, in training 1.25 (Zen 4)."""
    if module.kernel_size != (3, 3) or not _is_transformed(module, x):
        return False
    much, wide = work >= 1 << 24, module.in_channels * module.out_channels >= 400 * module.groups**2
    if x.is_contiguous():
        return much or not gradient
    return (much or not gradient) if wide else (much and not gradient)


def _narrow_groups_win(module: Any, x: Any) -> bool:
    """Of 2 or 4 channels a group in and out, whole vectors of them in all: 2 to 4 times as fast (Zen 4)."""
    channels, taps = module.in_channels, math.prod(module.kernel_size)
    if channels // module.groups not in (2, 4) or channels != module.out_channels or channels % 16 != 0:
        return False
    if x.dtype is not torch.float32:
        return False
    if x.dim() == 3:
        return bool(taps > 1 and module.stride[0] == 1)
    return bool(taps > 1 or not x.is_contiguous())


def _depthwise_wins(module: Any, x: Any, gradient: bool, work: int) -> bool:
    """Of one channel a group; of 8 and more that no transforms take torch's own is faster."""
    channels, first = module.in_channels, x.is_contiguous()
    if not channels == module.groups == module.out_channels:
        return False
    if x.dim() == 4 and module.stride[0] > 1 and work >= 1 << 20:
        return False
    long = channels >= 16 and math.prod(module.kernel_size) >= 9
    return bool(first or long or x.numel() < 1 << 15)


def transposed_convolution_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of a transposed convolution of x (N, C, *spatial)."""
    work, taps, last = _products(module, x), math.prod(module.kernel_size), not x.is_contiguous()
    few = last and module.in_channels <= 8
    if _torch_unfolds(module, x):
        return _unfolding_loses(module, x, work, gradient)
    if module.groups > 1:
        return not (last and x.dim() == 5 and taps > 27)
    if taps == 25 and _is_transformed(module, x):
        return True
    narrow = taps >= 9 and module.out_channels <= 16 and work >= 1 << 23
    if last and (narrow or (taps == 1 and _is_large(x, module.out_channels * _positions(x)))):
        return False
    if x.dim() == 5:
        return module.stride[0] > 1 or not (few or taps > 27)
    if last and max(module.in_channels, module.out_channels) <= 4 and taps >= (25 if gradient else 9):
        return bool(module.stride[0] > 1 or x.numel() <= 1 << 13)
    return not (few and x.numel() >= 1 << 15)
