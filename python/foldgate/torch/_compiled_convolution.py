"""Convolutions and transposed convolutions as ops that `torch.compile` keeps whole."""

from __future__ import annotations

from typing import Any

import torch

from foldgate import _by_torch, config, ops
from foldgate.torch._layout import array_of, laid_out, tensor_of
from foldgate.torch._library import define, differentiate, empty, kept_of_weight
from foldgate.torch._weights import kernel_of, weight_gradient

SAME = (-1,)
"""Stands for the padding "same"."""
_TORCH = {
    (False, 3): torch.conv1d,
    (False, 4): torch.conv2d,
    (False, 5): torch.conv3d,
    (True, 3): torch.conv_transpose1d,
    (True, 4): torch.conv_transpose2d,
    (True, 5): torch.conv_transpose3d,
}
_OPTIONS = "int[] strides, int[] padding, int[] added, int[] dilation, int groups, bool transposed, bool last"
_COUNT = _OPTIONS.count(",") + 1


def _named(
    strides: Any, padding: Any, added: Any, dilation: Any, groups: int, transposed: bool, last: bool
) -> dict[str, Any]:
    named = {
        "strides": tuple(strides),
        "padding": "same" if tuple(padding) == SAME else tuple(padding),
        "dilation_rate": tuple(dilation),
        "groups": groups,
        "data_format": "channels_last" if last else "channels_first",
    }
    return {**named, "output_padding": tuple(added)} if transposed else named


def _by_torch_ops(
    x: Any,
    weight: Any,
    bias: Any,
    strides: Any,
    padding: Any,
    added: Any,
    dilation: Any,
    groups: int,
    transposed: bool,
    last: bool,
) -> Any:
    op = _TORCH[transposed, weight.dim()]
    if transposed:
        return op(x, weight, bias, strides, padding, added, groups, dilation)
    return op(x, weight, bias, strides, "same" if tuple(padding) == SAME else padding, dilation, groups)


def _forward(x: Any, weight: Any, bias: Any, gradient: bool, *options: Any) -> Any:
    named, transposed, last = _named(*options), options[-2], options[-1]
    x, offset = laid_out(x, last), None if bias is None else bias.detach().numpy()
    kept = kept_of_weight(weight)
    if gradient or transposed:
        kernel = kept.get("kernel", (weight,), lambda: kernel_of(weight))
        y = (ops.conv_transpose if transposed else ops.conv)(array_of(x, last), kernel, offset, **named)
        return tensor_of(y, last)
    key = (config.get_conv_algorithm(), *named.values())
    dense = None if bias is None else bias.contiguous()
    packed = kept.get(key, (weight, dense), lambda: ops.PackedConv(kernel_of(weight), offset, **named))
    return tensor_of(packed(array_of(x, last)), last)


def _forward_fake(x: Any, weight: Any, bias: Any, gradient: bool, *options: Any) -> Any:
    return empty(_by_torch_ops(x, weight, bias, *options).shape, x, options[-1])


def _backward(dy: Any, x: Any, weight: Any, needs: Any, *options: Any) -> list[Any]:
    named, transposed, last = _named(*options), options[-2], options[-1]
    dx, dkernel, dbias = (ops.conv_transpose_backward if transposed else ops.conv_backward)(
        array_of(laid_out(dy, last), last),
        array_of(laid_out(x, last), last),
        kept_of_weight(weight).get("kernel", (weight,), lambda: kernel_of(weight)),
        need_dx=needs[0],
        need_dkernel=needs[1],
        need_dbias=needs[2],
        **named,
    )
    found = (
        None if dx is None else tensor_of(dx, last),
        None if dkernel is None else weight_gradient(dkernel, weight),
        None if dbias is None else torch.from_numpy(dbias),
    )
    return [g for g in found if g is not None]


def _backward_fake(dy: Any, x: Any, weight: Any, needs: Any, *options: Any) -> list[Any]:
    found = (empty(x.shape, x, options[-1]), torch.empty_like(weight), x.new_empty(dy.shape[1]))
    return [g for g, need in zip(found, needs, strict=True) if need]


convolution = define(
    f"convolution(Tensor x, Tensor weight, Tensor? bias, bool gradient, {_OPTIONS}) -> Tensor",
    _forward,
    _forward_fake,
)
_convolution_backward = define(
    f"convolution_backward(Tensor dy, Tensor x, Tensor weight, bool[] needs, {_OPTIONS}) -> Tensor[]",
    _backward,
    _backward_fake,
)


def _save(ctx: Any, inputs: Any, output: Any) -> None:
    x, weight, bias, _, *options = inputs
    ctx.save_for_backward(x, weight, bias)
    ctx.options = options


def _differentiated(ctx: Any, dy: Any) -> tuple[Any, ...]:
    x, weight, bias = ctx.saved_tensors
    needs, options = list(ctx.needs_input_grad[:3]), ctx.options
    if torch.is_grad_enabled():  # somebody differentiates the gradient

        def again(x: Any, weight: Any, bias: Any) -> Any:
            return _by_torch_ops(x, weight, bias, *options)

        gradients = _by_torch.gradients(again, (x, weight, bias), needs, (dy,))
    else:
        found = iter(_convolution_backward(dy, x, weight, needs, *options))
        gradients = tuple(next(found) if need else None for need in needs)
    return (*gradients, *(None,) * (1 + _COUNT))


differentiate(convolution, _differentiated, _save)
