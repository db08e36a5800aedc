"""Where foldgate's kernels win: the sizes at which PyTorch's own op computes a call.

Those of pools and recurrent modules; `_convolution_rules.py` has those of convolutions.

Measured by `benchmarks/torch_modules.py` and `torch_sweep.py`, PyTorch 2.13, one thread and two, alternating,
foldgate on PyTorch's own threads, on two cores of a Zen 5 (pools and recurrence on a Skylake-SP, convolutions
to 16 channels and fewer on a Zen 4, too), with AVX-512. Every rule leaves to PyTorch what came out under 1.0,
with some room. A call through a torch.autograd.Function costs 0.04 ms more than torch's own (0.1 ms there),
one of oneDNN as much, and a weight in another layout must be turned at every training step, and its gradient
back: hence the sizes.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from foldgate.torch._forms import per_axis

LEAST_MAX_POOLED = 1 << 15
LEAST_MAX_POOLED_TRAINING = 1 << 17
LEAST_AVERAGED = LEAST_PARTS_AVERAGED = 1 << 20
LEAST_PLANES_AVERAGED = 1 << 19
LEAST_PLANES_AVERAGED_TRAINING = 1 << 16
LEAST_VOLUMES_AVERAGED = 1 << 15
LEAST_PARTS_MAX_POOLED = 1 << 16
LEAST_STEPPED = 1 << 2
LEAST_STEPPED_SIMPLY = 1 << 62
"""Elements of the input below which pools and cells call torch's op at once: small calls are all overhead.
1 << 62: torch's own is faster at any size."""
LEAST_STEPS = 2
"""Steps of a recurrent module, likewise."""

_WHERE = {
    "Conv": "by foldgate from 2 images or a million multiply-adds on, in training 2 million",
    "AdaptiveAvgPool": "by foldgate in training, channels_last, from a million elements, else by PyTorch",
    "AdaptiveMaxPool": "by foldgate to one position from 65,536 elements on, in training from 262,144",
    "AvgPool": "by foldgate from 32,768 elements on (volumes) to a million (channels first)",
    "MaxPool": "by foldgate from 32,768 elements on, in training from 131,072",
    "RNNCell": "PyTorch's own step is faster at every size measured",
    "LSTMCell": "by foldgate for batches of 4 up without gradients; in training PyTorch is faster",
    "GRUCell": "by foldgate for batches of 4 up without gradients; in training PyTorch is faster",
    "": "by foldgate from 2 steps on, GRU and RNN with larger weights in training from 4",
}


def where(kind: str) -> str:
    """In words, where foldgate computes modules of a class; the functions below are exact."""
    return next(words for start, words in _WHERE.items() if kind.startswith(start))


def _is_first(x: Any) -> bool:
    """Whether x has its channels first; of another layout than torch.strided nothing can be asked."""
    return bool(x.layout is torch.strided and x.is_contiguous())


def _has_long_rows(module: Any, x: Any, steps: int, wide_steps: int) -> bool:
    """Whether a row of x takes a pool as many steps, or as many wide ones: short rows are all edges."""
    strides = per_axis(module.stride, module._rank - 2)
    if strides is None:
        return False
    step = strides[-1]
    return bool(x.shape[-1] >= (2 * steps if step <= 2 else step * wide_steps))


def _volumes_win(module: Any, x: Any, least: int, rows: tuple[int, int]) -> bool:
    """Of a pool of volumes, channels first: steps of 1, or so many elements in rows that are long."""
    return bool(module.stride in (1, (1, 1, 1)) or (x.numel() >= least and _has_long_rows(module, x, *rows)))


def max_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of a max pool: without gradients torch has a fast one for one axis."""
    if x.numel() < (LEAST_MAX_POOLED_TRAINING if gradient else LEAST_MAX_POOLED):
        return False
    if not _is_first(x):
        return gradient or (module._rank > 3 and x.numel() >= 1 << 16)
    if module._rank < 5:
        least = (10, 12) if gradient else (6, 8)
        return (gradient or module._rank > 3) and _has_long_rows(module, x, *least)
    if not gradient:
        return _volumes_win(module, x, 1 << 17, (6, 8))
    return _volumes_win(module, x, 1 << 17, (10, 12)) or _volumes_win(module, x, 1 << 19, (6, 12))


def average_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of an average pool over windows: torch's of volumes, and of pixels backward, is slow."""
    size, first = x.numel(), _is_first(x)
    if module._rank == 5 and first:
        if gradient:
            return size >= 1 << 16 and _volumes_win(module, x, 1 << 20, (12, 32))
        return size >= LEAST_VOLUMES_AVERAGED and _volumes_win(module, x, 1 << 19, (6, 32))
    if first:
        return size >= LEAST_AVERAGED and _has_long_rows(module, x, 6, 32)
    least = {
        3: LEAST_AVERAGED if gradient else math.inf,
        4: LEAST_PLANES_AVERAGED_TRAINING if gradient else LEAST_PLANES_AVERAGED,
        5: LEAST_VOLUMES_AVERAGED,
    }
    return bool(size >= least[module._rank])


def adaptive_average_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of an adaptive average pool: torch's mean is as fast, but backward with channels last."""
    return gradient and x.numel() >= LEAST_PARTS_AVERAGED and not _is_first(x)


def adaptive_max_pool_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of an adaptive max pool: channels first down to one position, channels last forward alone."""
    if x.numel() < (1 << 18 if gradient else LEAST_PARTS_MAX_POOLED):
        return False
    if not _is_first(x):
        return bool(not gradient and x.numel() >= 1 << 19 and x.shape[1] >= 128)
    size = module.output_size
    return bool(size == 1 or (isinstance(size, tuple) and set(size) == {1}))


def sequence_wins(module: Any, rows: int, steps: int, gradient: bool) -> bool:
    """Of a recurrent module with `rows` steps of all sequences together, and `steps` of the longest."""
    lstm = module.mode == "LSTM"  # whose gradients torch computes by oneDNN
    if not gradient:
        return rows >= 2
    if steps == 1:
        return bool(lstm and rows >= 4)
    # Larger weights are turned for few steps.
    return bool(
        lstm or steps >= 4 or (_pairs(module) <= 1 << 14 and steps >= (2 if module.mode == "GRU" else 3))
    )


def _pairs(module: Any) -> int:
    """Weights of a gate."""
    return int(module.hidden_size * (module.input_size + module.hidden_size))


def packed_sequence_wins(module: Any, rows: int, steps: int, gradient: bool) -> bool:
    """Of a packed sequence, whose rows are spread out and gathered again."""
    least = 8 if _pairs(module) <= 1 << 12 else 64 if gradient else 16
    return rows >= least and steps >= (12 if module.mode.startswith("RNN") else 4)


def step_wins(module: Any, x: Any, gradient: bool) -> bool:
    """Of a cell's single step: torch's own is faster at any size with gradients."""
    if gradient or x.dim() != 2 or x.shape[0] < 4:
        return False
    rows = x.shape[0]  # few rows cost less than the weights' comparison
    return bool(rows * module.hidden_size >= 256 and _pairs(module) <= min(rows << 13, 1 << 16))
