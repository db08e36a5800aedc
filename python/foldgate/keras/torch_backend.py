"""The room of Keras' torch backend: tensors of the CPU, and their gradients."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import torch

from foldgate._torch_threads import share_threads
from foldgate.keras import rules
from foldgate.keras.autograd import run as run
from foldgate.keras.kernels import Arrays as Arrays

NAME = "torch"
AVERAGES_OVER_THE_IMAGE = False
"""Padding that is wider on one side is filled with copies of the edge, and counted."""
STARTS_WITH_ZEROS = True
"""Whether masked steps before the first that counts put out 0; if not, the initial h."""

_DTYPES = (torch.float32, torch.float64)
_TENSORS = (torch.Tensor, torch.nn.Parameter)


@functools.cache
def _keras_backend() -> Any:
    return importlib.import_module("keras.src.backend")


def prepare() -> None:
    """What is done when foldgate is enabled: the kernels run on PyTorch's threads from then on."""
    share_threads()


def tensor(value: Any) -> Any:
    """A tensor on Keras' device."""
    return _keras_backend().convert_to_tensor(value)


def operands(*tensors: Any) -> tuple[Any, ...] | None:
    """The tensors, if the kernels take them: plain, dense, on the CPU, all float32 or all float64.

    Not while somebody traces, compiles, maps or fakes what is called: the kernels are invisible to them.
    """
    dtype = tensors[0].dtype
    if dtype not in _DTYPES or torch._C._get_tracing_state() is not None or torch.compiler.is_compiling():
        return None
    if torch._C._len_torch_dispatch_stack() or torch._C._len_torch_function_stack():
        return None
    return tensors if all(_plain(t) and t.dtype == dtype for t in tensors) else None


def _plain(t: Any) -> bool:
    return (
        type(t) in _TENSORS
        and t.device.type == "cpu"
        and t.layout is torch.strided
        and not t.is_neg()
        and not torch._C._functorch.is_functorch_wrapped_tensor(t)
    )


def worth(name: str, x: Any, kernel: Any) -> bool:
    """Whether foldgate's kernel pays for a convolution."""
    if torch.compiler.is_compiling():  # sizes may be symbols, which a comparison would pin
        return False
    training = torch.is_grad_enabled() and (x.requires_grad or kernel.requires_grad)
    return rules.worth(name, tuple(x.shape), tuple(kernel.shape), training)


def worth_pooling(name: str, x: Any) -> bool:
    """Whether foldgate's kernel pays for pooling this, if it is a tensor.

    It is asked before anything else: Keras needs little more than 100 us for what is left to it.
    """
    if type(x) is not torch.Tensor or torch.compiler.is_compiling():
        return True
    return bool(x.numel() >= rules.least_pooled(name, x.requires_grad and torch.is_grad_enabled()))


def transposes_as_jax(padding: str) -> bool:
    """Whether the backend crops a transposed convolution as JAX does: with "same" only from Keras 3.15 on."""
    return padding == "valid" or _crops_as_jax()


@functools.cache
def _crops_as_jax() -> bool:
    nn = importlib.import_module("keras.src.backend.torch.nn")
    return hasattr(nn, "compute_conv_transpose_output_crops_for_torch")


def mask_array(mask: Any) -> Any:
    """A mask of (batch, steps) as the kernels read it; None if it is none."""
    if not isinstance(mask, torch.Tensor) or mask.ndim != 2 or mask.device.type != "cpu":
        return None
    return mask.detach().to(torch.bool).numpy()


def as_tensor(array: Any) -> Any:
    """An array as a tensor, of the same memory."""
    return torch.from_numpy(array)


def flip(y: Any) -> Any:
    """Steps in the other order."""
    return torch.flip(y, [1])


def where(condition: Any, y: Any) -> Any:
    """y, and 0 where the condition does not hold: the condition has y's leading axes."""
    return torch.where(torch.from_numpy(condition)[..., None], y, torch.zeros((), dtype=y.dtype))


def states_of(layer: Any, states: list[Any]) -> list[Any]:
    """The initial states, not to be changed while they are needed: a stateful layer writes over its own."""
    return [state.clone() for state in states] if layer.stateful else states
