"""What a layer's `build` leaves behind."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from foldgate.layers._context import context
from foldgate.layers._signature import signature_of


def recorded_build(build: Callable[..., None]) -> Callable[..., None]:
    """`build`, which afterwards has the layer know that it is built and for which shapes."""

    @functools.wraps(build)
    def recorded(self: Any, *args: Any, **kwargs: Any) -> None:
        if any(layer is self for layer in context.building):  # super().build(...)
            return build(self, *args, **kwargs)
        context.building.append(self)
        context.scope.append(self.name)
        try:
            self._path = "/".join(context.scope)
            build(self, *args, **kwargs)
        finally:
            context.scope.pop()
            context.building.pop()
        names = signature_of(recorded).names
        self._build_shapes = {**dict(zip(names, args, strict=False)), **kwargs}
        self._seen.clear()
        self.built = True
        return None

    return recorded
