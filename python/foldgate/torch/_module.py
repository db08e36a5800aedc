"""What all swapped modules have in common."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch
from torch.compiler import is_compiling

from foldgate.torch._forms import have_usual_forms
from foldgate.torch._kept import forget, kept_of

_MOST_VERDICTS = 1024


class Accelerated:
    """A module that computes by foldgate; its other base is the torch class that it was."""

    _own: Any

    def __init_subclass__(cls) -> None:
        """Gives an accelerated class a `forward` by the name of torch's: Python refuses arguments in it."""
        super().__init_subclass__()
        if "_own" in vars(cls):
            shared: Any = cls.forward  # type: ignore[attr-defined]
            forward = FunctionType(
                shared.__code__, shared.__globals__, "forward", shared.__defaults__, shared.__closure__
            )
            forward.__qualname__, forward.__doc__ = cls._own.__qualname__, shared.__doc__
            cls.forward = forward  # type: ignore[attr-defined]

    def __prepare_scriptable__(self) -> Any:
        """torch.jit.script compiles the torch class: nothing else is TorchScript."""
        from foldgate.torch._classes import original_class

        kind = original_class(type(self))
        plain = kind.__new__(kind)  # copy.copy pickles, which parametrized modules refuse
        plain.__dict__ = self.__dict__.copy()
        unmark(plain)
        return plain

    def _slow_forward(self, *input: Any, **kwargs: Any) -> Any:
        """What torch calls where it traces: its own forward, as a trace warns of sizes that rules ask for."""
        if "forward" in self.__dict__:
            return super()._slow_forward(*input, **kwargs)  # type: ignore[misc]
        self.__dict__["forward"] = self._own
        try:
            return super()._slow_forward(*input, **kwargs)  # type: ignore[misc]
        finally:
            del self.__dict__["forward"]


def unmark(module: Any) -> None:
    """Drops what an accelerated module has and its original had not."""
    module.__dict__.pop("__module__", None)
    forget(module)


def parameter(module: Any, name: str) -> Any:
    """`module.name` of a parameter, without the detour over `__getattr__` where it is a plain one."""
    parameters = module._parameters
    return parameters[name] if name in parameters else getattr(module, name)


def of_any_batch(compute: Callable[..., Any], module: Any, x: Any, *others: Any) -> Any:
    """`compute(module, x, *others)` of a convolution's input, batched or not; it may return None."""
    if x.dim() == module._rank:
        return compute(module, x, *others)
    y = compute(module, x.unsqueeze(0), *others)
    return None if y is None else y.squeeze(0)


def wins(module: Any, x: Any, rule: Callable[[Any, Any, bool], bool]) -> bool:
    """`rule(module, x, gradient)` of a convolution's input, batched or not.

    It is kept for inputs of that shape and layout: to ask anew costs a twentieth of a small training step.

    Args:
      module: a convolution.
      x: a strided tensor of any shape.
      rule: is asked of batches whose channels fit, of options as the constructor makes them.
    """
    if is_compiling():
        return _verdict(module, x, rule)
    kept = kept_of(module)
    verdicts = kept.verdicts
    options = (
        module.kernel_size,
        module.stride,
        module.padding,
        module.output_padding,
        module.dilation,
        module.groups,
    )
    if options != kept.options:  # somebody has set one
        verdicts.clear()
        kept.options = options
    key = x.shape, x.dtype, x.is_contiguous(), torch.is_grad_enabled()
    found = verdicts.get(key)
    if found is None:
        if len(verdicts) >= _MOST_VERDICTS:  # ever new shapes
            verdicts.clear()
        found = verdicts[key] = _verdict(module, x, rule)
    return found


def _verdict(module: Any, x: Any, rule: Callable[[Any, Any, bool], bool]) -> bool:
    rank = module._rank
    if not have_usual_forms(module, rank - 2):
        return False
    if x.dim() == rank - 1:
        x = x.unsqueeze(0)
    if x.dim() != rank or x.shape[1] != module.in_channels or x.numel() == 0:
        return False
    return rule(module, x, torch.is_grad_enabled())
