"""PyTorch's convolution, pooling and folds, in both of its memory formats where it has two."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..cases import (
    AdaptiveMaxPoolCase,
    Array,
    Arrays,
    AveragePoolCase,
    ColumnsCase,
    ConvCase,
    ConvMaxPoolCase,
    ConvTransposeCase,
    GlobalPoolCase,
    LpPoolCase,
    PoolCase,
)
from .base import (
    Candidate,
    channels_first_kernel,
    channels_last_kernel,
    to_channels_first,
    to_channels_last,
)

ImageCase = ConvCase | ConvTransposeCase | PoolCase


def conv_candidates(torch: Any, case: ConvCase, training: bool, arrays: Arrays) -> list[Candidate]:
    rank = len(case.kernel_size)
    function = getattr(torch.nn.functional, f"conv{rank}d")
    symmetric = all(before == after for before, after in case.pads)
    outer = [edge for pad in reversed(case.pads) for edge in pad]  # F.pad counts from the last axis

    def convolve(x: Any, kernel: Any, bias: Any) -> Any:
        if not symmetric:
            x = torch.nn.functional.pad(x, outer)
        pads = tuple(before for before, _ in case.pads) if symmetric else 0
        y = function(x, kernel, bias, case.strides, pads, case.dilation_rate, case.groups)
        return torch.nn.functional.max_pool2d(y, 2) if isinstance(case, ConvMaxPoolCase) else y

    return _convolution(torch, case, convolve, training, arrays)


def conv_transpose_candidates(
    torch: Any, case: ConvTransposeCase, training: bool, arrays: Arrays
) -> list[Candidate]:
    function = getattr(torch.nn.functional, f"conv_transpose{len(case.kernel_size)}d")

    def spread(x: Any, kernel: Any, bias: Any) -> Any:
        return function(x, kernel, bias, case.strides, case.padding)

    return _convolution(torch, case, spread, training, arrays)


def _convolution(
    torch: Any,
    case: ConvCase | ConvTransposeCase,
    function: Callable[..., Any],
    training: bool,
    arrays: Arrays,
) -> list[Candidate]:
    """Both kernels have the channels of the convolution's output last here, and first in torch."""
    operands = {
        "x": _image(case, arrays["x"]),
        "kernel": channels_first_kernel(arrays["kernel"]),
        "bias": arrays["bias"],
    }
    back: dict[str, Callable[[Array], Array]] = {
        "x": lambda g: _from_image(case, g),
        "kernel": channels_last_kernel,
        "bias": lambda g: g,
    }
    return _in_formats(torch, case, function, operands, back, training, arrays)


def pool_candidates(torch: Any, case: PoolCase, training: bool, arrays: Arrays) -> list[Candidate]:
    rank = len(case.spatial)
    largest = getattr(torch.nn.functional, f"max_pool{rank}d")
    mean = getattr(torch.nn.functional, f"avg_pool{rank}d")
    whole: dict[str, Callable[..., Any]] = {
        "global_average_pool": partial(torch.mean, keepdim=True),
        "global_max_pool": partial(torch.amax, keepdim=True),
        "global_lp_pool": lambda x, axes: torch.linalg.vector_norm(x, 2, axes, keepdim=True),
    }

    def pool(x: Any) -> Any:
        if isinstance(case, LpPoolCase):
            return getattr(torch.nn.functional, f"lp_pool{rank}d")(x, 2.0, case.pool_size, case.strides)
        if isinstance(case, AdaptiveMaxPoolCase):
            return getattr(torch.nn.functional, f"adaptive_max_pool{rank}d")(x, case.pool_size)
        if isinstance(case, GlobalPoolCase):
            return whole[case.op](x, tuple(range(2, x.ndim)))
        if isinstance(case, AveragePoolCase):
            return mean(x, case.pool_size, case.strides, case.padding, count_include_pad=False)
        return largest(x, case.pool_size, case.strides, case.padding)

    operands = {"x": _image(case, arrays["x"])}
    return _in_formats(torch, case, pool, operands, {"x": lambda g: _from_image(case, g)}, training, arrays)


def columns_candidates(torch: Any, case: ColumnsCase, arrays: Arrays) -> list[Candidate]:
    """`unfold` and `fold`; torch orders a column (C, taps) and foldgate (taps, C)."""
    n, size, c, k = case.batch, case.size, case.channels, case.kernel_size
    pad = k // 2
    if case.op == "im2col":
        x = torch.from_numpy(to_channels_first(arrays["x"]))
        call = torch.inference_mode()(lambda: torch.nn.functional.unfold(x, (k, k), padding=pad))

        def columns() -> Arrays:
            taps_last = call().numpy().reshape(n, c, k * k, size, size)
            return {"columns": taps_last.transpose(0, 3, 4, 2, 1).reshape(case.columns_shape)}

        return [Candidate("NCHW", call, columns)]
    ours = arrays["columns"].reshape(n, size * size, k * k, c).transpose(0, 3, 2, 1)
    theirs = torch.from_numpy(np.ascontiguousarray(ours).reshape(n, c * k * k, size * size))
    call = torch.inference_mode()(lambda: torch.nn.functional.fold(theirs, (size, size), (k, k), padding=pad))
    return [Candidate("NCHW", call, lambda: {"x": to_channels_last(call().numpy())})]


def _image(case: ImageCase, image: Array) -> Array:
    return image if case.data_format == "channels_first" else to_channels_first(image)


def _from_image(case: ImageCase, image: Array) -> Array:
    return image if case.data_format == "channels_first" else to_channels_last(image)


def _in_formats(
    torch: Any,
    case: ImageCase,
    function: Callable[..., Any],
    operands: Arrays,
    back: dict[str, Callable[[Array], Array]],
    training: bool,
    arrays: Arrays,
) -> list[Candidate]:
    rank = len(case.spatial)
    formats = {{1: "NCW", 2: "NCHW", 3: "NCDHW"}[rank]: torch.contiguous_format}
    if rank > 1 and case.data_format == "channels_last":  # the layout of the data is part of the case
        formats |= {2: {"NHWC": torch.channels_last}, 3: {"NDHWC": torch.channels_last_3d}}[rank]

    def candidate(variant: str, memory_format: Any) -> Candidate:
        def tensor(array: Array) -> Any:
            value = torch.from_numpy(array)
            return value.to(memory_format=memory_format) if value.ndim == rank + 2 else value

        tensors = [tensor(array) for array in operands.values()]
        if not training:
            call = torch.inference_mode()(lambda: function(*tensors))
            return Candidate(variant, call, lambda: {"y": _from_image(case, call().numpy())})
        for value in tensors:
            value.requires_grad_(True)
        dy = tensor(_image(case, arrays["dy"]))

        def train() -> Any:
            y = function(*tensors)
            return y, torch.autograd.grad(y, tensors, dy)

        def results() -> Arrays:
            y, gradients = train()
            named = zip(back.items(), gradients, strict=True)
            return {"y": _from_image(case, y.detach().numpy())} | {
                f"d{name}": restore(gradient.numpy()) for (name, restore), gradient in named
            }

        return Candidate(variant, train, results)

    return [candidate(variant, memory_format) for variant, memory_format in formats.items()]
