"""torch.nn.Conv1d, Conv2d and Conv3d on `foldgate.ops.conv`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, strided
from torch.compiler import is_compiling
from torch.nn import functional

from foldgate import config, ops
from foldgate._torch_ready import needs_gradient
from foldgate.torch import _convolution_rules
from foldgate.torch._compiled_convolution import SAME
from foldgate.torch._compiled_convolution import convolution as compiled_convolution
from foldgate.torch._convolution_gradients import convolution_gradients, keep_operands
from foldgate.torch._eagerly import eagerly
from foldgate.torch._kept import kept_of
from foldgate.torch._layout import array_of, is_dense, laid_out, tensor_of
from foldgate.torch._library import reads
from foldgate.torch._memory_format import convolves_last
from foldgate.torch._module import Accelerated, of_any_batch, parameter, wins
from foldgate.torch._weights import kernel_of

_TORCH = {3: torch.conv1d, 4: torch.conv2d, 5: torch.conv3d}


class _Convolution(torch.autograd.Function):
    """The kernels under autograd: y = conv(x, weight) + bias."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, bias: Any, kernel: Any, last: bool, options: Any) -> Any:
        laid = laid_out(x, last)
        keep_operands(ctx, x, laid, weight, bias, kernel)
        ctx.last, ctx.options = last, options
        offset = None if bias is None else bias.detach().numpy()
        return tensor_of(ops.conv(array_of(laid, last), kernel, offset, **options), last)

    @staticmethod
    @eagerly
    def backward(ctx: Any, dy: Any) -> Any:
        return convolution_gradients(ctx, dy, ops.conv_backward, _by_torch_ops)


def _by_torch_ops(x: Any, weight: Any, bias: Any, options: dict[str, Any]) -> Any:
    return _TORCH[weight.dim()](
        x,
        weight,
        bias,
        options["strides"],
        options["padding"],
        options["dilation_rate"],
        options["groups"],
    )


def _convolve(module: Any, x: Any, weight: Any, bias: Any, padding: Any) -> Any:
    """The result of a batch, or None where torch's own op has to compute (or refuse) the call."""
    if not (reads(x, weight, bias) and is_dense(weight)):
        return None
    if is_compiling():
        return _compiled(module, x, weight, bias, padding)
    last, gradient = convolves_last(module, x, weight), needs_gradient(x, weight, bias)
    options = {
        "strides": module.stride,
        "padding": padding,
        "data_format": "channels_last" if last else "channels_first",
        "dilation_rate": module.dilation,
        "groups": module.groups,
    }

    def packed() -> Any:
        return ops.PackedConv(kernel_of(weight), None if bias is None else bias.detach().numpy(), **options)

    try:
        if gradient:
            return _Convolution.apply(x, weight, bias, kernel_of(weight), last, options)
        key = (config.get_conv_algorithm(), *options.values())
        dense = None if bias is None else bias.contiguous()
        convolve = kept_of(module).get(key, (weight, dense), packed)
        return tensor_of(convolve(array_of(laid_out(x, last), last)), last)
    except ValueError:  # torch says it in its own words
        return None


def _compiled(module: Any, x: Any, weight: Any, bias: Any, padding: Any) -> Any:
    """`_convolve` as an op of the graph that is being compiled."""
    rank, last = x.dim() - 2, convolves_last(module, x, weight)
    if isinstance(padding, str):
        padding = SAME if padding == "same" else (0,) * rank
    added, gradient = (0,) * rank, needs_gradient(x, weight, bias)
    sizes = (module.stride, padding, added, module.dilation)
    return compiled_convolution(x, weight, bias, gradient, *sizes, module.groups, False, last)


class _Conv(Accelerated):
    """What the three have in common."""

    _op: Any
    _rank: int

    def forward(self, input: Any) -> Any:
        module: Any = self
        if type(input) is not Tensor or input.layout is not strided:
            return self._own(input)
        # Read once a call: what computes them may count its calls.
        weight, bias = parameter(module, "weight"), parameter(module, "bias")
        if wins(module, input, _convolution_rules.convolution_wins):
            y = _padded(module, input, weight, bias)
            if y is not None:
                return y
        padding = module.padding
        if module.padding_mode != "zeros":
            input, padding = _pad(module, input), 0
        return self._op(input, weight, bias, module.stride, padding, module.dilation, module.groups)


def _padded(module: Any, x: Any, weight: Any, bias: Any) -> Any:
    """`_convolve` of x, or of its batch of one; padding that is not of zeros is done by torch."""
    padding = module.padding
    if module.padding_mode != "zeros":
        if not reads(x):
            return None
        x, padding = _pad(module, x), (0,) * (module._rank - 2)
    return of_any_batch(_convolve, module, x, weight, bias, padding)


def _pad(module: Any, x: Any) -> Any:
    return functional.pad(x, module._reversed_padding_repeated_twice, module.padding_mode)


class Conv1d(_Conv, torch.nn.Conv1d):
    """torch.nn.Conv1d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.Conv1d.forward, torch.conv1d, 3


class Conv2d(_Conv, torch.nn.Conv2d):
    """torch.nn.Conv2d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.Conv2d.forward, torch.conv2d, 4


class Conv3d(_Conv, torch.nn.Conv3d):
    """torch.nn.Conv3d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.Conv3d.forward, torch.conv3d, 5
