"""The room of Keras' torch backend: tensors of the CPU, and their gradients."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import torch

from foldgate._torch_ready import are_plain, is_ordinary
from foldgate._torch_threads import share_threads
from foldgate.keras import rules
from foldgate.keras.autograd import run as run
from foldgate.keras.kernels import Arrays as Arrays

NAME = "torch"
AVERAGES_OVER_THE_IMAGE = False
"""Padding that is wider on one side is filled with copies of the edge, and counted."""
STARTS_WITH_ZEROS = True
"""Whether masked steps before the first that counts put out 0; if not, the initial h."""

_TENSORS = (torch.Tensor, torch.nn.Parameter)


@functools.cache
def _keras_backend() -> Any:
    return importlib.import_module("keras.src.backend")


def is_traced() -> bool:
    """Whether `torch.compile`, `torch.export` or `torch.jit.trace` reads what is called.

    It should see nothing of foldgate: locks, caches and kernels break graphs or are missing in them, and a
    comparison of sizes, which may be symbols, pins them.
    """
    return torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None


def prepare() -> None:
    """What is done when foldgate is enabled: the kernels run on PyTorch's threads from then on."""
    share_threads()


def tensor(value: Any) -> Any:
    """A tensor on Keras' device."""
    return _keras_backend().convert_to_tensor(value)


def operands(*tensors: Any) -> tuple[Any, ...] | None:
    """The tensors, if the kernels take them: plain, dense, on the CPU, all float32 or all float64.

    Not while somebody traces, maps or fakes what is called, casts its operands or differentiates it
    forward: the kernels are invisible to them. Nor where gradients are recorded of what was made in inference
    mode: autograd does not save it, and Keras may copy it first.
    """
    if not (is_ordinary() and are_plain(*tensors)):
        return None
    if torch.is_grad_enabled() and any(t.is_inference() for t in tensors):
        return None
    return tensors


def worth(name: str, x: Any, kernel: Any) -> bool:
    """Whether foldgate's kernel pays for a convolution of what Keras was given, tensors or not.

    It is asked before anything else, and cheap: what is left to Keras should cost no more than Keras alone.
    """
    kernel = getattr(kernel, "_value", kernel)  # a Keras variable's
    if not torch.is_grad_enabled() or type(x) is not torch.Tensor or type(kernel) not in _TENSORS:
        return True
    return not (x.requires_grad or kernel.requires_grad) or rules.worth_training(name, x.shape, kernel.shape)


def pooling_worth(name: str) -> Callable[[Any], bool]:
    """Whether foldgate's kernel pays for pooling a tensor, as `worth`: a function of what Keras was given."""
    least, least_training = rules.least_pooled(name), rules.least_pooled_training(name)

    def pays(x: Any) -> bool:
        if type(x) is not torch.Tensor:
            return True
        size = x.numel()
        if size < least_training and x.requires_grad and torch.is_grad_enabled():
            return False
        return bool(size >= least)

    return pays


def transposes_as_jax(padding: str) -> bool:
    """Whether the backend crops a transposed convolution as JAX does: with "same" only from Keras 3.15 on."""
    return padding == "valid" or _crops_as_jax()


@functools.cache
def _crops_as_jax() -> bool:
    nn = importlib.import_module("keras.src.backend.torch.nn")
    return hasattr(nn, "compute_conv_transpose_output_crops_for_torch")


def mask_array(mask: Any) -> Any:
    """A mask of (batch, steps) as the kernels read it, forward and backward; None if it is none."""
    if not isinstance(mask, torch.Tensor) or mask.ndim != 2 or mask.device.type != "cpu":
        return None
    return mask.detach().to(torch.bool, copy=True).numpy()


def as_tensor(array: Any) -> Any:
    """An array as a tensor, of the same memory."""
    return torch.from_numpy(array)


def copy(y: Any) -> Any:
    """The same in memory of its own."""
    return y.clone()


def flip(y: Any) -> Any:
    """Steps in the other order."""
    return torch.flip(y, [1])


def where(condition: Any, y: Any) -> Any:
    """y, and 0 where the condition does not hold: the condition has y's leading axes."""
    return torch.where(torch.from_numpy(condition)[..., None], y, torch.zeros((), dtype=y.dtype))


def states_of(layer: Any, states: list[Any]) -> list[Any]:
    """The initial states, not to be changed while they are needed: a stateful layer writes over its own."""
    return [state.clone() for state in states] if layer.stateful else states
