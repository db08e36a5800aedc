"""Gradients made shorter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._checks import numbers


class Clipping:
    """The part of an optimizer that clips."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None

    def _set_clipping(
        self, clipnorm: float | None, clipvalue: float | None, global_clipnorm: float | None
    ) -> None:
        given = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        named: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        numbers(
            self, "(-inf, inf]", **named
        )  # one that is not above 0 clips nothing, as in Keras, nor does inf
        if len(named) > 1:
            raise ValueError(f"{type(self).__name__}: {' and '.join(named)} are given; expected one of them")
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm

    def _clipped(self, grads: list[Any]) -> list[Any]:
        if self.clipnorm is not None and 0 < self.clipnorm < math.inf:
            return [ops.clip_by_global_norm([gradient], self.clipnorm)[0] for gradient in grads]
        if self.global_clipnorm is not None and 0 < self.global_clipnorm < math.inf:
            return ops.clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue is not None and self.clipvalue > 0:
            return [np.asarray(np.clip(gradient, -self.clipvalue, self.clipvalue)) for gradient in grads]
        return grads
