"""torch.nn.ConvTranspose1d, ConvTranspose2d and ConvTranspose3d on `foldgate.ops.conv_transpose`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, strided
from torch.compiler import is_compiling

from foldgate import ops
from foldgate._torch_ready import needs_gradient
from foldgate.torch import _convolution_rules
from foldgate.torch._compiled_convolution import convolution as compiled_convolution
from foldgate.torch._convolution_gradients import convolution_gradients, keep_operands
from foldgate.torch._eagerly import eagerly
from foldgate.torch._kept import kept_of
from foldgate.torch._layout import array_of, is_dense, laid_out, tensor_of
from foldgate.torch._library import reads
from foldgate.torch._memory_format import convolves_last
from foldgate.torch._module import Accelerated, of_any_batch, parameter, wins
from foldgate.torch._weights import kernel_of

_TORCH = {3: torch.conv_transpose1d, 4: torch.conv_transpose2d, 5: torch.conv_transpose3d}


class _Transposed(torch.autograd.Function):
    """The kernels under autograd: y = conv_transpose(x, weight) + bias."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, bias: Any, kernel: Any, last: bool, options: Any) -> Any:
        laid = laid_out(x, last)
        keep_operands(ctx, x, laid, weight, bias, kernel)
        ctx.last, ctx.options = last, options
        return _forward(laid, bias, kernel, last, options)

    @staticmethod
    @eagerly
    def backward(ctx: Any, dy: Any) -> Any:
        return convolution_gradients(ctx, dy, ops.conv_transpose_backward, _by_torch_ops)


def _forward(x: Any, bias: Any, kernel: Any, last: bool, options: dict[str, Any]) -> Any:
    offset = None if bias is None else bias.detach().numpy()
    return tensor_of(ops.conv_transpose(array_of(x, last), kernel, offset, **options), last)


def _by_torch_ops(x: Any, weight: Any, bias: Any, options: dict[str, Any]) -> Any:
    return _TORCH[weight.dim()](
        x,
        weight,
        bias,
        options["strides"],
        options["padding"],
        options["output_padding"],
        options["groups"],
        options["dilation_rate"],
    )


def _spread(module: Any, x: Any, weight: Any, bias: Any, added: tuple[int, ...]) -> Any:
    """The result of a batch, or None where torch's own op has to compute (or refuse) the call."""
    if not (reads(x, weight, bias) and is_dense(weight)):
        return None
    gradient = needs_gradient(x, weight, bias)
    last = convolves_last(module, x, weight)
    if is_compiling():
        sizes = (module.stride, module.padding, added, module.dilation)
        return compiled_convolution(x, weight, bias, gradient, *sizes, module.groups, True, last)
    options = {
        "strides": module.stride,
        "padding": module.padding,
        "output_padding": added,
        "data_format": "channels_last" if last else "channels_first",
        "dilation_rate": module.dilation,
        "groups": module.groups,
    }
    try:
        if gradient:
            return _Transposed.apply(x, weight, bias, kernel_of(weight), last, options)
        kernel = kept_of(module).get("kernel", (weight,), lambda: kernel_of(weight))
        return _forward(laid_out(x, last), bias, kernel, last, options)
    except (TypeError, ValueError):  # torch says it in its own words
        return None


class _ConvTranspose(Accelerated):
    """What the three have in common."""

    _op: Any
    _rank: int

    def forward(self, input: Any, output_size: Any = None) -> Any:
        module: Any = self
        strides, padding, dilation = module.stride, module.padding, module.dilation
        if (
            type(input) is not Tensor
            or input.layout is not strided
            or module.padding_mode != "zeros"
            or type(padding) is not tuple
        ):
            return self._own(input, output_size)
        added = module.output_padding
        if output_size is not None:
            size, axes = module.kernel_size, self._rank - 2
            added = tuple(module._output_padding(input, output_size, strides, padding, size, axes, dilation))
        # Read once a call: what computes them may count its calls.
        weight, bias = parameter(module, "weight"), parameter(module, "bias")
        if wins(module, input, _convolution_rules.transposed_convolution_wins):
            y = of_any_batch(_spread, module, input, weight, bias, added)
            if y is not None:
                return y
        return self._op(input, weight, bias, strides, padding, added, module.groups, dilation)


class ConvTranspose1d(_ConvTranspose, torch.nn.ConvTranspose1d):
    """torch.nn.ConvTranspose1d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.ConvTranspose1d.forward, torch.conv_transpose1d, 3


class ConvTranspose2d(_ConvTranspose, torch.nn.ConvTranspose2d):
    """torch.nn.ConvTranspose2d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.ConvTranspose2d.forward, torch.conv_transpose2d, 4


class ConvTranspose3d(_ConvTranspose, torch.nn.ConvTranspose3d):
    """torch.nn.ConvTranspose3d, computed by foldgate where it can and wins."""

    _own, _op, _rank = torch.nn.ConvTranspose3d.forward, torch.conv_transpose3d, 5
