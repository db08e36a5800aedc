"""What a layer's `call` and `build` take, read once for each function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any


class Signature:
    """The parameters of a method, without self.

    Attributes:
      names: of the parameters, in their order.
      named: the same as a set.
      training_default: of `training`, None where it has none.
      open: whether it takes any further keyword.
      variadic: whether it takes any further argument in its place.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(function).parameters.values())[1:]
        kinds = inspect.Parameter
        self.open = any(p.kind is kinds.VAR_KEYWORD for p in parameters)
        self.variadic = any(p.kind is kinds.VAR_POSITIONAL for p in parameters)
        self.names = [p.name for p in parameters if p.kind not in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL)]
        self.named = frozenset(self.names)
        self.takes_training = "training" in self.named
        self.takes_mask = "mask" in self.named
        default = next((p.default for p in parameters if p.name == "training"), None)
        self.training_default = None if default is inspect.Parameter.empty else default

    def by_name(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call by the parameters' names."""
        return {**dict(zip(self.names, args, strict=False)), **kwargs}


@cache
def signature_of(function: Callable[..., Any]) -> Signature:
    """The signature of a function of a class, `type(layer).call`."""
    return Signature(function)
