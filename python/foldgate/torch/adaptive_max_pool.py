"""torch.nn.AdaptiveMaxPool1d to AdaptiveMaxPool3d on `foldgate.ops.adaptive_max_pool`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from foldgate import _by_torch, ops
from foldgate._torch_ready import is_first_order
from foldgate.torch import _rules
from foldgate.torch._eagerly import eagerly
from foldgate.torch._layout import array_of, laid_out, tensor_of
from foldgate.torch._module import Accelerated
from foldgate.torch._pooling import pooled
from foldgate.torch.average_pool import is_plain_size, part_sizes, parts_of

_TORCH = {
    3: functional.adaptive_max_pool1d,
    4: functional.adaptive_max_pool2d,
    5: functional.adaptive_max_pool3d,
}
_NAMES = {False: "channels_first", True: "channels_last"}


class _AdaptiveMaxPool(torch.autograd.Function):
    """The kernels under autograd: (y, positions)."""

    @staticmethod
    def forward(ctx: Any, x: Any, last: bool, size: tuple[int, ...]) -> Any:
        y, positions = _pools(x, last, size)
        ctx.save_for_backward(x, positions)
        ctx.last, ctx.size = last, size
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(positions)
        return y, positions

    @staticmethod
    @eagerly
    def backward(ctx: Any, dy: Any, _: Any) -> Any:
        if dy is None:
            return None, None, None
        x, positions = ctx.saved_tensors
        if not is_first_order(dy):

            def again(x: Any) -> Any:
                return _TORCH[x.dim()](x, ctx.size)

            return (*_by_torch.gradients(again, (x,), (True,), (dy,)), None, None)
        last = ctx.last
        dx = ops.adaptive_max_pool_backward(
            array_of(laid_out(dy, last), last),
            array_of(positions, last),
            array_of(x, last).shape,
            data_format=_NAMES[last],
        )
        return tensor_of(dx, last), None, None


def _pools(x: Any, last: bool, size: tuple[int, ...]) -> tuple[Any, Any]:
    y, positions = ops.adaptive_max_pool(
        array_of(laid_out(x, last), last), size, data_format=_NAMES[last], return_indices=True
    )
    return tensor_of(y, last), tensor_of(positions, last)


def _compute(module: Any, x: Any, last: bool, gradient: bool) -> Any:
    size = parts_of(module, x)
    if size is None:
        return None
    y, positions = (_AdaptiveMaxPool.apply if gradient else _pools)(x, last, size)
    return (y, positions) if module.return_indices else y


class _Pool(Accelerated):
    """What the three have in common."""

    _op: Any
    _rank: int

    def forward(self, input: Any) -> Any:
        module: Any = self
        if type(input) is Tensor and (
            input.numel() < _rules.LEAST_PARTS_MAX_POOLED
            or not _rules.adaptive_max_pool_wins(self, input, input.requires_grad and torch.is_grad_enabled())
        ):
            size = module.output_size
            if not module.return_indices and is_plain_size(size, self._rank):
                return self._op(input, size)[0]
            return self._own(input)
        return pooled(self, input, "adaptive_max_pool", _compute, part_sizes)


class AdaptiveMaxPool1d(_Pool, torch.nn.AdaptiveMaxPool1d):
    """torch.nn.AdaptiveMaxPool1d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.AdaptiveMaxPool1d.forward, torch.adaptive_max_pool1d, 3


class AdaptiveMaxPool2d(_Pool, torch.nn.AdaptiveMaxPool2d):
    """torch.nn.AdaptiveMaxPool2d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.AdaptiveMaxPool2d.forward, torch._C._nn.adaptive_max_pool2d, 4


class AdaptiveMaxPool3d(_Pool, torch.nn.AdaptiveMaxPool3d):
    """torch.nn.AdaptiveMaxPool3d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.AdaptiveMaxPool3d.forward, torch._C._nn.adaptive_max_pool3d, 5
