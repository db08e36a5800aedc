"""torch.nn.AvgPool1d to AvgPool3d and AdaptiveAvgPool1d to AdaptiveAvgPool3d on foldgate's average pools."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, adaptive_avg_pool1d, avg_pool1d
from torch._C._nn import adaptive_avg_pool2d, adaptive_avg_pool3d, avg_pool2d, avg_pool3d
from torch.nn import functional

from foldgate import _by_torch, ops
from foldgate._torch_ready import is_first_order
from foldgate.torch import _rules
from foldgate.torch._eagerly import eagerly
from foldgate.torch._forms import all_per_axis, per_axis
from foldgate.torch._layout import array_of, laid_out, tensor_of
from foldgate.torch._module import Accelerated
from foldgate.torch._pooling import pooled

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
        return _forward(x, last, options)

    @staticmethod
    @eagerly
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


def _forward(x: Any, last: bool, options: dict[str, Any]) -> Any:
    op: Any = ops.average_pool if "pool_size" in options else ops.adaptive_average_pool
    return tensor_of(op(array_of(laid_out(x, last), last), **options), last)


def _compute(x: Any, last: bool, gradient: bool, options: dict[str, Any], again: Any) -> Any:
    options["data_format"] = "channels_last" if last else "channels_first"
    return _AveragePool.apply(x, last, options, again) if gradient else _forward(x, last, options)


def _windows(module: Any, x: Any, last: bool, gradient: bool) -> Any:
    sizes = _window_sizes(module, x)
    if sizes is None:
        return None
    size, strides, padding = sizes
    ceil_mode, include_pad = module.ceil_mode, module.count_include_pad

    def again(x: Any) -> Any:
        return _WINDOWS[x.dim()](x, size, strides, padding, ceil_mode, include_pad)

    options = {"pool_size": size, "strides": strides, "padding": padding, "ceil_mode": ceil_mode}
    return _compute(x, last, gradient, {**options, "count_include_pad": include_pad}, again)


def _window_sizes(module: Any, x: Any) -> Any:
    """The windows' size, steps and padding, None where torch's op has to compute (or refuse) them.

    It refuses volumes smaller than a window, though their padding may hold it.
    """
    if getattr(module, "divisor_override", None) is not None:
        return None
    sizes = all_per_axis((module.kernel_size, module.stride, module.padding), x.dim() - 2)
    if sizes is None or (
        x.dim() == 5 and any(n < size for n, size in zip(x.shape[2:], sizes[0], strict=True))
    ):
        return None
    return sizes


def _flat_options(module: Any, x: Any) -> Any:
    sizes = _window_sizes(module, x)
    if sizes is None:
        return None
    return [s for size in sizes for s in size], [module.ceil_mode, module.count_include_pad]


def parts_of(module: Any, x: Any) -> tuple[int, ...] | None:
    """The parts of every axis; None in `output_size` means the input's own extent, None torch's refusal."""
    size, extents = module.output_size, x.shape[2:]
    if isinstance(size, tuple | list) and len(size) == len(extents):
        size = [n if s is None else s for s, n in zip(size, extents, strict=True)]
    return per_axis(size, len(extents))


def is_plain_size(size: Any, rank: int) -> bool:
    """Whether torch's op takes an adaptive pool's size as it is: one, or one for each of the axes."""
    return type(size) is int or (type(size) in (tuple, list) and len(size) == rank - 2 and None not in size)


def part_sizes(module: Any, x: Any) -> Any:
    """`parts_of` as an op of torch's dispatcher takes it: sizes, and no flags."""
    parts = parts_of(module, x)
    return None if parts is None else (list(parts), [])


def _parts(module: Any, x: Any, last: bool, gradient: bool) -> Any:
    size = parts_of(module, x)
    if size is None:
        return None

    def again(x: Any) -> Any:
        return _PARTS[x.dim()](x, size)

    return _compute(x, last, gradient, {"output_size": size}, again)


def _is_left(module: Any, x: Any) -> bool:
    """Whether a pool over windows of a large x is torch's."""
    return not _rules.average_pool_wins(module, x, x.requires_grad and torch.is_grad_enabled())


def _is_left_adaptive(module: Any, x: Any) -> bool:
    return not _rules.adaptive_average_pool_wins(module, x, x.requires_grad and torch.is_grad_enabled())


def _windowed(module: Any, x: Any) -> Any:
    return pooled(module, x, "average_pool", _windows, _flat_options)


def _parted(module: Any, x: Any) -> Any:
    return pooled(module, x, "adaptive_average_pool", _parts, part_sizes)


# What is left to torch calls its op at once, by names that take no search: every attribute that is looked up
# costs a hundredth of a small pool.


class AvgPool1d(Accelerated, torch.nn.AvgPool1d):
    """torch.nn.AvgPool1d, computed by foldgate where it can and wins."""

    _own, _rank = torch.nn.AvgPool1d.forward, 3

    def forward(self, input: Any) -> Any:
        if type(input) is Tensor and (input.numel() < _rules.LEAST_AVERAGED or _is_left(self, input)):
            size, stride, padding = self.kernel_size, self.stride, self.padding
            return avg_pool1d(input, size, stride, padding, self.ceil_mode, self.count_include_pad)
        return _windowed(self, input)


class AvgPool2d(Accelerated, torch.nn.AvgPool2d):
    """torch.nn.AvgPool2d, computed by foldgate where it can and wins."""

    _own, _rank = torch.nn.AvgPool2d.forward, 4

    def forward(self, input: Any) -> Any:
        if type(input) is Tensor and (
            (size := input.numel()) < _rules.LEAST_PLANES_AVERAGED_TRAINING
            or (size < _rules.LEAST_PLANES_AVERAGED and not input.requires_grad)
            or _is_left(self, input)
        ):
            size, stride, padding, divisor = (
                self.kernel_size,
                self.stride,
                self.padding,
                self.divisor_override,
            )
            return avg_pool2d(input, size, stride, padding, self.ceil_mode, self.count_include_pad, divisor)
        return _windowed(self, input)


class AvgPool3d(Accelerated, torch.nn.AvgPool3d):
    """torch.nn.AvgPool3d, computed by foldgate where it can and wins."""

    _own, _rank = torch.nn.AvgPool3d.forward, 5

    def forward(self, input: Any) -> Any:
        if type(input) is Tensor and (input.numel() < _rules.LEAST_VOLUMES_AVERAGED or _is_left(self, input)):
            size, stride, padding, divisor = (
                self.kernel_size,
                self.stride,
                self.padding,
                self.divisor_override,
            )
            return avg_pool3d(input, size, stride, padding, self.ceil_mode, self.count_include_pad, divisor)
        return _windowed(self, input)


class AdaptiveAvgPool1d(Accelerated, torch.nn.AdaptiveAvgPool1d):
    """torch.nn.AdaptiveAvgPool1d, computed by foldgate where it can and wins."""

    _own, _rank = torch.nn.AdaptiveAvgPool1d.forward, 3

    def forward(self, input: Any) -> Any:
        if type(input) is Tensor and (
            input.numel() < _rules.LEAST_PARTS_AVERAGED or _is_left_adaptive(self, input)
        ):
            return adaptive_avg_pool1d(input, self.output_size)
        return _parted(self, input)


class AdaptiveAvgPool2d(Accelerated, torch.nn.AdaptiveAvgPool2d):
    """torch.nn.AdaptiveAvgPool2d, computed by foldgate where it can and wins."""

    _own, _rank = torch.nn.AdaptiveAvgPool2d.forward, 4

    def forward(self, input: Any) -> Any:
        if type(input) is Tensor and (
            input.numel() < _rules.LEAST_PARTS_AVERAGED or _is_left_adaptive(self, input)
        ):
            size = self.output_size
            plain = is_plain_size(size, 4)
            return (adaptive_avg_pool2d if plain else functional.adaptive_avg_pool2d)(input, size)
        return _parted(self, input)


class AdaptiveAvgPool3d(Accelerated, torch.nn.AdaptiveAvgPool3d):
    """torch.nn.AdaptiveAvgPool3d, computed by foldgate where it can and wins."""

    _own, _rank = torch.nn.AdaptiveAvgPool3d.forward, 5

    def forward(self, input: Any) -> Any:
        if type(input) is Tensor and (
            input.numel() < _rules.LEAST_PARTS_AVERAGED or _is_left_adaptive(self, input)
        ):
            size = self.output_size
            plain = is_plain_size(size, 5)
            return (adaptive_avg_pool3d if plain else functional.adaptive_avg_pool3d)(input, size)
        return _parted(self, input)
