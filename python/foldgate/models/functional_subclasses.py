"""Subclasses of Model that are made of inputs and outputs."""

from __future__ import annotations

from typing import Any

from foldgate.models.functional import Functional
from foldgate.models.model import Model

_of_subclasses: dict[type[Model], type[Model]] = {}


def _functional_class(kind: type[Model]) -> type[Model]:
    """A subclass of Model as a functional model: with its own methods, and Functional's."""
    if kind not in _of_subclasses:
        parts: Any = {"_of_subclass": True, "__module__": kind.__module__}
        made: Any = type(kind.__name__, (kind, Functional), parts)
        made.__qualname__ = kind.__qualname__
        _of_subclasses[kind] = made
    return _of_subclasses[kind]


def become_functional(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Turns a model that was made of inputs and outputs into a functional one."""
    if not isinstance(model, Functional):
        model.__class__ = _functional_class(type(model))
    Functional.__init__(model, *args, **kwargs)
