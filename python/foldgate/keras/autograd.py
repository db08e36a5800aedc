"""A kernel as a function of PyTorch's autograd: zero-copy arrays of tensors in and out."""

from __future__ import annotations

from typing import Any, NamedTuple

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


class _Version(NamedTuple):
    """A tensor that somebody may write to without autograd's error."""

    tensor: Any
    version: int

    @classmethod
    def of(cls, tensor: Any) -> _Version:
        return cls(tensor, tensor._version)

    def is_written(self) -> bool:
        """Whether somebody wrote to it since."""
        return bool(self.tensor._version != self.version)


class _Call(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, kernel: Kernel, plain: Any, *operands: Any) -> Arrays:
        arrays, kept = kernel.forward(*_arrays(operands))
        outputs = _tensors(arrays)
        ctx.save_for_backward(*(None if i in kernel.unread else t for i, t in enumerate(operands)))
        ctx.unread = {i: _Version.of(operands[i]) for i in kernel.unread if operands[i] is not None}
        # The result's own memory: whoever writes to the one writes to the other, and both count it.
        ctx.result = _Version.of(outputs[0].detach()) if kernel.reads_result else None
        ctx.set_materialize_grads(False)
        ctx.kernel, ctx.plain, ctx.kept = kernel, plain, kept
        return outputs

    @staticmethod
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *grads: Any) -> Arrays:
        saved = enumerate(ctx.saved_tensors)  # once: a checkpoint unpacks its tensors a single time
        operands = tuple(ctx.unread[i].tensor if i in ctx.unread else t for i, t in saved)
        needs = ctx.needs_input_grad[2:]
        if all(grad is None for grad in grads):
            return (None, None, *(None for _ in operands))
        if not is_first_order(*grads):
            _check_unwritten(ctx)
            return (None, None, *_by_torch.gradients(ctx.plain, operands, needs, grads))
        given = _arrays(operands)
        gradients = ctx.kernel.backward(_arrays(grads), given, _result(ctx, given), ctx.kept, needs)
        wanted = (g if need else None for g, need in zip(gradients, needs, strict=True))
        return (None, None, *_tensors(wanted))


def _result(ctx: Any, operands: Arrays) -> Any:
    """The first output of a kernel that reads it in its backward, computed again if somebody wrote to it."""
    if ctx.result is None:
        return None
    if not ctx.result.is_written():
        return ctx.result.tensor.numpy()
    _check_unwritten(ctx)
    (result, *_), _ = ctx.kernel.forward(*operands)
    return result


def _check_unwritten(ctx: Any) -> None:
    if any(kept.is_written() for kept in ctx.unread.values()):
        raise RuntimeError(
            "foldgate.keras: a bias that is needed for gradient computation has been modified by an inplace "
            "operation since its layer was called"
        )
