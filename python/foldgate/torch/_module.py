"""What all swapped modules have in common."""

from __future__ import annotations

import copy
from typing import Any


class Accelerated:
    """A module that computes by foldgate; its other base is the torch class that it was."""

    _own: Any

    def __prepare_scriptable__(self) -> Any:
        """torch.jit.script compiles the torch class: nothing else is TorchScript."""
        from foldgate.torch._classes import original_class

        plain = copy.copy(self)
        plain.__class__ = original_class(type(self))
        return plain


def parameter(module: Any, name: str) -> Any:
    """`module.name` of a parameter, without the detour over `__getattr__` where it is a plain one."""
    parameters = module._parameters
    return parameters[name] if name in parameters else getattr(module, name)
