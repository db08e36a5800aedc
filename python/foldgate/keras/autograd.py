"""A kernel as a function of PyTorch's autograd: zero-copy arrays of tensors in and out."""

from __future__ import annotations

from typing import Any

import torch

from foldgate import _by_torch
from foldgate._torch_ready import is_first_order
from foldgate.keras.kernels import Arrays, Kernel


def run(kernel: Kernel, plain: Any, *operands: Any) -> Arrays:
    """The outputs of a kernel as tensors, with gradients where an operand asks for them.

    Args:
      kernel: what to compute.
      plain: the same of PyTorch's own functions, for gradients of gradients.
      operands: tensors that `torch_backend.operands` allows, or None.
    """
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in operands):
        return tuple(_Call.apply(kernel, plain, *operands))
    return _tensors(kernel.infer(*_arrays(operands)))


def _arrays(tensors: Any) -> Arrays:
    return tuple(None if t is None else t.detach().numpy() for t in tensors)


def _tensors(arrays: Any) -> Arrays:
    return tuple(None if a is None else torch.from_numpy(a) for a in arrays)


class _Call(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, kernel: Kernel, plain: Any, *operands: Any) -> Arrays:
        arrays, kept = kernel.forward(*_arrays(operands))
        outputs = _tensors(arrays)
        # Others may be changed in place: a convolution's is, by ConvLSTM's bias.
        ctx.save_for_backward(*operands, *(outputs if kernel.reads_outputs else ()))
        ctx.set_materialize_grads(False)
        ctx.kernel, ctx.plain, ctx.kept, ctx.operands = kernel, plain, kept, len(operands)
        return outputs

    @staticmethod
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *grads: Any) -> Arrays:
        saved = ctx.saved_tensors  # once: a checkpoint unpacks its tensors a single time
        operands, outputs = saved[: ctx.operands], saved[ctx.operands :]
        needs = ctx.needs_input_grad[2:]
        if all(grad is None for grad in grads):
            return (None, None, *(None for _ in operands))
        if not is_first_order(*grads):
            return (None, None, *_by_torch.gradients(ctx.plain, operands, needs, grads))
        gradients = ctx.kernel.backward(_arrays(grads), _arrays(operands), _arrays(outputs), ctx.kept, needs)
        wanted = (g if need else None for g, need in zip(gradients, needs, strict=True))
        return (None, None, *_tensors(wanted))
