"""torch.nn.AvgPool1d to AvgPool3d and AdaptiveAvgPool1d to AdaptiveAvgPool3d on foldgate's average pools."""

from __future__ import annotations

from typing import Any

import torch
from torch.compiler import is_compiling
from torch.nn import functional

from foldgate import ops
from foldgate.torch import _by_torch, _rules
from foldgate.torch._layout import array_of, laid_out, tensor_of
from foldgate.torch._module import Accelerated
from foldgate.torch._pooling import compiled_pool, each, pool
from foldgate.torch._ready import is_first_order

_WINDOWS = {3: functional.avg_pool1d, 4: functional.avg_pool2d, 5: functional.avg_pool3d}
_PARTS = {
    3: functional.adaptive_avg_pool1d,
    4: functional.adaptive_avg_pool2d,
    5: functional.adaptive_avg_pool3d,
}


class _AveragePool(torch.autograd.Function):
    """The kernels under autograd."""

    @staticmethod
    def forward(ctx: Any, x: Any, last: bool, options: dict[str, Any], again: Any) -> Any:
        ctx.save_for_backward(x)  # no copy; read where the gradient itself is differentiated
        ctx.last, ctx.options, ctx.again = last, options, again
        return tensor_of(_forward(array_of(x, last), options), last)

    @staticmethod
    def backward(ctx: Any, dy: Any) -> Any:
        (x,) = ctx.saved_tensors
        if not is_first_order(dy):
            return (*_by_torch.gradients(ctx.again, (x,), (True,), (dy,)), None, None, None)
        last = ctx.last
        dy, shape, options = array_of(laid_out(dy, last), last), array_of(x, last).shape, dict(ctx.options)
        if "pool_size" in options:
            dx = ops.average_pool_backward(dy, shape, **options)
        else:
            dx = ops.adaptive_average_pool_backward(dy, shape, data_format=options["data_format"])
        return tensor_of(dx, last), None, None, None


def _forward(x: Any, options: dict[str, Any]) -> Any:
    return (ops.average_pool if "pool_size" in options else ops.adaptive_average_pool)(x, **options)


def _compute(x: Any, last: bool, gradient: bool, options: dict[str, Any], again: Any) -> Any:
    options["data_format"] = "channels_last" if last else "channels_first"
    if gradient:
        return _AveragePool.apply(x, last, options, again)
    return tensor_of(_forward(array_of(x, last), options), last)


def _windows(module: Any, x: Any, last: bool, gradient: bool) -> Any:
    if getattr(module, "divisor_override", None) is not None:
        return None
    size, strides, padding = module.kernel_size, module.stride, module.padding
    ceil_mode, include_pad = module.ceil_mode, module.count_include_pad

    def again(x: Any) -> Any:
        return _WINDOWS[x.dim()](x, size, strides, padding, ceil_mode, include_pad)

    options = {"pool_size": size, "strides": strides, "padding": padding, "ceil_mode": ceil_mode}
    return _compute(x, last, gradient, {**options, "count_include_pad": include_pad}, again)


def _window_sizes(module: Any, x: Any) -> Any:
    if getattr(module, "divisor_override", None) is not None:
        return None
    options = (module.kernel_size, module.stride, module.padding)
    sizes = [s for o in options for s in each(o, x.dim() - 2)]
    return sizes, [module.ceil_mode, module.count_include_pad]


def parts_of(module: Any, x: Any) -> tuple[int, ...]:
    """The parts of every axis; None in `output_size` means the input's own extent."""
    size = module.output_size
    sizes = size if isinstance(size, tuple | list) else (size,) * (x.dim() - 2)
    return tuple(n if s is None else s for s, n in zip(sizes, x.shape[2:], strict=True))


def is_plain_size(size: Any, rank: int) -> bool:
    """Whether torch's op takes an adaptive pool's size as it is: one, or one for each of the axes."""
    return type(size) is int or (type(size) is tuple and len(size) == rank - 2 and None not in size)


def part_sizes(module: Any, x: Any) -> Any:
    """`parts_of` as an op of torch's dispatcher takes it: sizes, and no flags."""
    return list(parts_of(module, x)), []


def _parts(module: Any, x: Any, last: bool, gradient: bool) -> Any:
    size = parts_of(module, x)

    def again(x: Any) -> Any:
        return _PARTS[x.dim()](x, size)

    return _compute(x, last, gradient, {"output_size": size}, again)


class _Pool(Accelerated):
    """What the pools over windows have in common."""

    _op: Any
    _least: int
    _rank: int

    def forward(self, x: Any) -> Any:
        module: Any = self
        if type(x) is torch.Tensor and (
            x.numel() < self._least
            or not _rules.average_pool_wins(self, x, x.requires_grad and torch.is_grad_enabled())
        ):
            ceil, counted = module.ceil_mode, module.count_include_pad
            size, stride, padding = module.kernel_size, module.stride, module.padding
            if self._rank == 3:  # without a divisor
                return self._op(x, size, stride, padding, ceil, counted)
            return self._op(x, size, stride, padding, ceil, counted, module.divisor_override)
        if is_compiling():
            y = compiled_pool(self, x, self._rank, "average_pool", _window_sizes)
        else:
            y = pool(self, x, self._rank, _windows)
        return self._own(x) if y is None else y


class _AdaptivePool(Accelerated):
    """What the adaptive ones have in common."""

    _op: Any
    _least = _rules.LEAST["AdaptiveAvgPool"]
    _least_trained = _rules.LEAST_TRAINED["AdaptiveAvgPool"]
    _rank: int

    def forward(self, x: Any) -> Any:
        module: Any = self
        if type(x) is torch.Tensor and (
            x.numel() < (self._least_trained if x.requires_grad else self._least)
            or not _rules.adaptive_average_pool_wins(self, x, x.requires_grad and torch.is_grad_enabled())
        ):
            size = module.output_size
            return self._op(x, size) if is_plain_size(size, self._rank) else self._own(x)
        if is_compiling():
            y = compiled_pool(self, x, self._rank, "adaptive_average_pool", part_sizes)
        else:
            y = pool(self, x, self._rank, _parts)
        return self._own(x) if y is None else y


class AvgPool1d(_Pool, torch.nn.AvgPool1d):
    """torch.nn.AvgPool1d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.AvgPool1d.forward, torch.avg_pool1d, 3
    _least = _rules.LEAST["AvgPool"]


class AvgPool2d(_Pool, torch.nn.AvgPool2d):
    """torch.nn.AvgPool2d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.AvgPool2d.forward, torch._C._nn.avg_pool2d, 4
    _least = _rules.LEAST["AvgPool"]


class AvgPool3d(_Pool, torch.nn.AvgPool3d):
    """torch.nn.AvgPool3d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.AvgPool3d.forward, torch._C._nn.avg_pool3d, 5
    _least = _rules.LEAST["AvgPool"]


class AdaptiveAvgPool1d(_AdaptivePool, torch.nn.AdaptiveAvgPool1d):
    """torch.nn.AdaptiveAvgPool1d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.AdaptiveAvgPool1d.forward, functional.adaptive_avg_pool1d, 3


class AdaptiveAvgPool2d(_AdaptivePool, torch.nn.AdaptiveAvgPool2d):
    """torch.nn.AdaptiveAvgPool2d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.AdaptiveAvgPool2d.forward, torch._C._nn.adaptive_avg_pool2d, 4


class AdaptiveAvgPool3d(_AdaptivePool, torch.nn.AdaptiveAvgPool3d):
    """torch.nn.AdaptiveAvgPool3d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.AdaptiveAvgPool3d.forward, torch._C._nn.adaptive_avg_pool3d, 5
