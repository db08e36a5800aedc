"""The backward of convolutions and transposed convolutions under autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from foldgate import _by_torch
from foldgate._torch_ready import is_first_order
from foldgate.torch._layout import array_of, laid_out, tensor_of
from foldgate.torch._weights import weight_gradient


def keep_operands(ctx: Any, x: Any, laid: Any, weight: Any, bias: Any, kernel: Any) -> None:
    """Keeps what `convolution_gradients` reads, until then: the graph of a loss may stay longer.

    Whoever writes to x or weight in between gets autograd's error, as from torch's own op, also where the
    kernels read `laid`, a copy of x. No gradient depends on the bias: it may change.
    """
    ctx.save_for_backward(x, laid, weight, torch.from_numpy(kernel))
    ctx.bias = bias


def convolution_gradients(
    ctx: Any, dy: Any, backward: Callable[..., Any], by_torch_ops: Callable[..., Any]
) -> tuple[Any, ...]:
    """The gradients of (x, weight, bias), and None for the kernel, the layout and the options.

    Args:
      ctx: of an `autograd.Function` that called `keep_operands`, and holds `last`, whether channels
        are last, and the `options` of the op.
      dy: the gradient of its result.
      backward: the op of `foldgate.ops`.
      by_torch_ops: the forward of (x, weight, bias, options), for gradients of gradients.
    """
    x, laid, weight, kernel = ctx.saved_tensors
    needs, last = ctx.needs_input_grad[:3], ctx.last
    if not is_first_order(dy):

        def again(x: Any, weight: Any, bias: Any) -> Any:
            return by_torch_ops(x, weight, bias, ctx.options)

        return (*_by_torch.gradients(again, (x, weight, ctx.bias), needs, (dy,)), None, None, None)
    dx, dkernel, dbias = backward(
        array_of(laid_out(dy, last), last),
        array_of(laid, last),
        kernel.numpy(),
        need_dx=needs[0],
        need_dkernel=needs[1],
        need_dbias=needs[2],
        **ctx.options,
    )
    return (
        None if dx is None else tensor_of(dx, last),
        None if dkernel is None else weight_gradient(dkernel, weight),
        None if dbias is None else torch.from_numpy(dbias),
        None,
        None,
        None,
    )
