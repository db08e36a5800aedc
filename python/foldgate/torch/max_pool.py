"""torch.nn.MaxPool1d, MaxPool2d and MaxPool3d on `foldgate.ops.max_pool`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from foldgate import _by_torch, ops
from foldgate._torch_ready import is_first_order
from foldgate.torch import _rules
from foldgate.torch._eagerly import eagerly
from foldgate.torch._forms import all_per_axis
from foldgate.torch._layout import array_of, laid_out, tensor_of
from foldgate.torch._module import Accelerated
from foldgate.torch._pooling import pooled

_TORCH = {3: functional.max_pool1d, 4: functional.max_pool2d, 5: functional.max_pool3d}


class _MaxPool(torch.autograd.Function):
    """The kernels under autograd: y, or (y, positions)."""

    @staticmethod
    def forward(ctx: Any, x: Any, last: bool, options: Any, positions: bool) -> Any:
        y, winners = ops.max_pool(
            array_of(laid_out(x, last), last), **_named(last, options), return_indices=positions or "taps"
        )
        indices = tensor_of(winners, last)
        ctx.save_for_backward(x, indices)
        ctx.last, ctx.options = last, options
        ctx.set_materialize_grads(False)
        if not positions:
            return tensor_of(y, last)
        ctx.mark_non_differentiable(indices)
        return tensor_of(y, last), indices

    @staticmethod
    @eagerly
    def backward(ctx: Any, dy: Any, _: Any = None) -> Any:
        if dy is None:
            return None, None, None, None
        x, indices = ctx.saved_tensors
        if not is_first_order(dy):

            def again(x: Any) -> Any:
                return _TORCH[x.dim()](x, *ctx.options)

            return (*_by_torch.gradients(again, (x,), (True,), (dy,)), None, None, None)
        last = ctx.last
        dx = ops.max_pool_backward(
            array_of(laid_out(dy, last), last),
            array_of(indices, last),
            array_of(x, last).shape,
            **_named(last, ctx.options),
        )
        return tensor_of(dx, last), None, None, None


def _named(last: bool, options: Any) -> dict[str, Any]:
    size, strides, padding, dilation, ceil_mode = options
    return {
        "pool_size": size,
        "strides": strides,
        "padding": padding,
        "dilation_rate": dilation,
        "ceil_mode": ceil_mode,
        "data_format": "channels_last" if last else "channels_first",
    }


def _compute(module: Any, x: Any, last: bool, gradient: bool) -> Any:
    sizes = _windows(module)
    if sizes is None:
        return None
    options = (*sizes, module.ceil_mode)
    if gradient:
        return _MaxPool.apply(x, last, options, module.return_indices)
    found: Any = ops.max_pool(
        array_of(laid_out(x, last), last), **_named(last, options), return_indices=module.return_indices
    )
    if module.return_indices:
        return tensor_of(found[0], last), tensor_of(found[1], last)
    return tensor_of(found, last)


def _windows(module: Any) -> Any:
    return all_per_axis(
        (module.kernel_size, module.stride, module.padding, module.dilation), module._rank - 2
    )


def _sizes(module: Any, x: Any) -> Any:
    windows = _windows(module)
    return None if windows is None else ([s for size in windows for s in size], [module.ceil_mode])


class _Pool(Accelerated):
    """What the three have in common."""

    _op: Any
    _pair_op: Any
    _rank: int

    def forward(self, input: Any) -> Any:
        module: Any = self
        if type(input) is Tensor and (
            input.numel() < _rules.LEAST_MAX_POOLED
            or not _rules.max_pool_wins(self, input, input.requires_grad and torch.is_grad_enabled())
        ):
            op = self._pair_op if module.return_indices else self._op
            size, stride, padding = module.kernel_size, module.stride, module.padding
            return op(input, size, stride, padding, module.dilation, module.ceil_mode)
        return pooled(self, input, "max_pool", _compute, _sizes)


class MaxPool1d(_Pool, torch.nn.MaxPool1d):
    """torch.nn.MaxPool1d, computed by foldgate where it can and wins."""

    _own, _rank = torch.nn.MaxPool1d.forward, 3
    _op, _pair_op = torch.max_pool1d, torch.max_pool1d_with_indices


class MaxPool2d(_Pool, torch.nn.MaxPool2d):
    """torch.nn.MaxPool2d, computed by foldgate where it can and wins."""

    _own, _rank = torch.nn.MaxPool2d.forward, 4
    _op, _pair_op = torch.max_pool2d, torch._C._nn.max_pool2d_with_indices


class MaxPool3d(_Pool, torch.nn.MaxPool3d):
    """torch.nn.MaxPool3d, computed by foldgate where it can and wins."""

    _own, _rank = torch.nn.MaxPool3d.forward, 5
    _op, _pair_op = torch.max_pool3d, torch._C._nn.max_pool3d_with_indices
