"""What the optimizer updates share."""

from __future__ import annotations

from foldgate.reference._types import Array

__all__ = ["decay"]


def decay(variable: Array, learning_rate: float, weightdecay: float) -> None:
    """Decoupled weight decay."""
    variable *= 1 - learning_rate * weightdecay
