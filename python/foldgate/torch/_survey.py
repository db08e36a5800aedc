"""What `accelerate` would do with each module of a model, and why."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import torch

from foldgate.torch._classes import SWAPPED, original_class, swapped_base, torch_base
from foldgate.torch._rules import where

Only: TypeAlias = str | type | Iterable[str | type] | None


class Finding(NamedTuple):
    """One module of a model, as `survey` reports it.

    Fields:
        name: the module's name in the model, "" for the model itself.
        kind: the name of its class.
        swapped: whether it computes by foldgate, or would after `accelerate`.
        why: in words.

    Example:
      >>> import torch
      >>> import foldgate.torch
      >>> foldgate.torch.survey(torch.nn.ReLU())
      [Finding(name='', kind='ReLU', swapped=False, why='not a class that foldgate accelerates')]
    """

    name: str
    kind: str
    swapped: bool
    why: str


def survey(model: Any, only: Only = None) -> list[Finding]:
    """Says of each module that has no modules of its own whether foldgate computes it, and why (not).

    Args:
      model: a torch.nn.Module.
      only: as in `accelerate`.

    Returns:
      A `Finding(name, kind, swapped, why)` a module, in the model's order. It changes nothing.

    Raises:
      TypeError: `model` is not a torch.nn.Module; `only` is of another kind.
      ValueError: `only` names a class that is never swapped, or a name that no module has.

    Example:
      >>> import torch
      >>> import foldgate.torch
      >>> model = torch.nn.Sequential(torch.nn.GRU(4, 8), torch.nn.Linear(8, 2))
      >>> for name, kind, swapped, why in foldgate.torch.survey(model):
      ...     print(name, kind, swapped, why)
      0 GRU True by foldgate from 2 steps on, GRU and RNN with larger weights in training from 4
      1 Linear False not a class that foldgate accelerates
    """
    return findings_of("survey", model, only)


def findings_of(op: str, model: Any, only: Only) -> list[Finding]:
    """`survey`, whose errors name `op`."""
    check_model(op, model)
    chosen = chooser(op, model, only)
    return [
        Finding(name, type(module).__name__, *_verdict(module, chosen))
        for name, module in model.named_modules()
        if not any(True for _ in module.children()) or any(kind in SWAPPED for kind in type(module).__mro__)
    ]


def check_model(op: str, model: Any) -> None:
    """Refuses what is not a module."""
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"{op}: model is a {type(model).__name__}; expected a torch.nn.Module")


def chooser(op: str, model: Any, only: Only) -> Any:
    """`only` as a function of a module."""
    if only is None:
        return lambda module: True
    if isinstance(only, str | type) or not isinstance(only, Iterable):
        only = (only,)
    named, classes = set(), []
    for entry in only:
        if isinstance(entry, str):
            named |= _ids_of(op, model, entry)
        elif isinstance(entry, type):
            classes.append(_checked_class(op, original_class(entry) or entry))
        else:
            raise TypeError(
                f"{op}: only has a {type(entry).__name__}; expected classes of torch.nn or names of modules"
            )
    return lambda module: isinstance(module, tuple(classes)) or id(module) in named


def _ids_of(op: str, model: Any, pattern: str) -> set[int]:
    """The ids of the modules that have such a name; a shared module has several."""
    names = list(model.named_modules(remove_duplicate=False))
    found = {id(module) for name, module in names if fnmatch.fnmatchcase(name, pattern)}
    if not found:
        near = difflib.get_close_matches(pattern, [name for name, _ in names], n=3, cutoff=0.0)
        raise ValueError(
            f"{op}: only has {pattern!r}, which no module of the model is named; expected a name such as "
            f"{', '.join(map(repr, near))}, or a pattern of names with * and ?"
        )
    return found


def _checked_class(op: str, kind: type) -> type:
    if not any(issubclass(torch_class, kind) for torch_class in SWAPPED):
        names = ", ".join(sorted(c.__name__ for c in SWAPPED))
        raise ValueError(
            f"{op}: only has the class {kind.__name__}, which is never accelerated; expected one of {names}"
        )
    return kind


def _verdict(module: Any, chosen: Any) -> tuple[bool, str]:
    kind = type(module)
    swapped = swapped_base(kind)
    if swapped is not None:
        return True, where(swapped.__name__)
    base = torch_base(kind)
    if base is None:
        return False, _why_not(kind)
    if not chosen(module):
        return False, "not in `only`"
    if "forward" in module.__dict__:
        return False, "its forward was replaced"
    return True, where(base.__name__)


def _why_not(kind: Any) -> str:
    base = next((c for c in kind.__mro__[1:] if c in SWAPPED), None)
    if base is None:
        return "not a class that foldgate accelerates"
    if issubclass(kind, torch.nn.modules.lazy.LazyModuleMixin):
        return "lazy: accelerate it after its first call"
    return f"a subclass of {base.__name__}, which may compute something else"
