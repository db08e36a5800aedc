"""Pools as ops that `torch.compile` keeps whole."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional

from foldgate import _by_torch, ops
from foldgate.torch._layout import array_of, laid_out, tensor_of
from foldgate.torch._library import define, differentiate, empty

_SIZES = {
    "max_pool": ("pool_size", "strides", "padding", "dilation_rate"),
    "average_pool": ("pool_size", "strides", "padding"),
    "adaptive_average_pool": ("output_size",),
    "adaptive_max_pool": ("output_size",),
}
_FLAGS = {"max_pool": ("ceil_mode",), "average_pool": ("ceil_mode", "count_include_pad")}
_TORCH: dict[str, tuple[Any, ...]] = {
    "max_pool": (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d),
    "average_pool": (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d),
    "adaptive_average_pool": (
        functional.adaptive_avg_pool1d,
        functional.adaptive_avg_pool2d,
        functional.adaptive_avg_pool3d,
    ),
    "adaptive_max_pool": (
        functional.adaptive_max_pool1d,
        functional.adaptive_max_pool2d,
        functional.adaptive_max_pool3d,
    ),
}
_OPTIONS = "str op, int[] sizes, bool[] flags, bool last"
NOTHING, TAPS, POSITIONS = "", "taps", "positions"
"""What else than y a pool is to return."""


def _parts(op: str, sizes: Any, rank: int) -> list[Any]:
    return [tuple(sizes[i : i + rank]) for i in range(0, len(_SIZES[op]) * rank, rank)]


def _named(op: str, sizes: Any, flags: Any, last: bool, rank: int) -> dict[str, Any]:
    named = dict(zip(_SIZES[op], _parts(op, sizes, rank), strict=True))
    named |= zip(_FLAGS.get(op, ()), flags, strict=True)
    return {**named, "data_format": "channels_last" if last else "channels_first"}


def _by_torch_ops(x: Any, op: str, sizes: Any, flags: Any) -> Any:
    rank = x.dim() - 2
    return _TORCH[op][rank - 1](x, *_parts(op, sizes, rank), *flags)


def _forward(x: Any, op: str, sizes: Any, flags: Any, last: bool, wanted: str) -> tuple[Any, Any]:
    named, array = _named(op, sizes, flags, last, x.dim() - 2), array_of(laid_out(x, last), last)
    function = getattr(ops, op)
    if not wanted:
        return tensor_of(function(array, **named), last), x.new_empty(0, dtype=torch.int64)
    y, winners = function(array, **named, return_indices="taps" if wanted == TAPS else True)
    return tensor_of(y, last), tensor_of(winners, last)


def _forward_fake(x: Any, op: str, sizes: Any, flags: Any, last: bool, wanted: str) -> tuple[Any, Any]:
    y = empty(_by_torch_ops(x, op, sizes, flags).shape, x, last)
    if not wanted:
        return y, x.new_empty(0, dtype=torch.int64)
    taps = math.prod(sizes[: x.dim() - 2])
    small = torch.uint8 if taps <= 256 else torch.int32
    return y, empty(y.shape, x, last, small if wanted == TAPS else torch.int64)


def _backward(dy: Any, winners: Any, shape: Any, op: str, sizes: Any, flags: Any, last: bool) -> Any:
    rank = len(shape) - 2
    named = _named(op, sizes, flags, last, rank)
    given: tuple[Any, ...] = (array_of(laid_out(dy, last), last),)
    if winners.numel():
        given += (array_of(laid_out(winners, last), last),)
    if op.startswith("adaptive"):
        named = {"data_format": named["data_format"]}
    of_input = (shape[0], *shape[2:], shape[1]) if last else tuple(shape)
    return tensor_of(getattr(ops, f"{op}_backward")(*given, of_input, **named), last)


def _backward_fake(dy: Any, winners: Any, shape: Any, op: str, sizes: Any, flags: Any, last: bool) -> Any:
    return empty(shape, dy, last)


pool = define(f"pool(Tensor x, {_OPTIONS}, str wanted) -> (Tensor, Tensor)", _forward, _forward_fake)
_pool_backward = define(
    f"pool_backward(Tensor dy, Tensor winners, SymInt[] shape, {_OPTIONS}) -> Tensor",
    _backward,
    _backward_fake,
)


def _save(ctx: Any, inputs: Any, output: Any) -> None:
    x, *ctx.options, _wanted = inputs
    ctx.save_for_backward(x, output[1])
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)


def _differentiated(ctx: Any, dy: Any, _: Any) -> tuple[Any, ...]:
    x, winners = ctx.saved_tensors
    dx = None
    if dy is not None and torch.is_grad_enabled():  # somebody differentiates the gradient

        def again(x: Any) -> Any:
            return _by_torch_ops(x, *ctx.options[:3])

        (dx,) = _by_torch.gradients(again, (x,), (True,), (dy,))
    elif dy is not None:
        dx = _pool_backward(dy, winners, x.shape, *ctx.options)
    return dx, None, None, None, None, None


differentiate(pool, _differentiated, _save)
