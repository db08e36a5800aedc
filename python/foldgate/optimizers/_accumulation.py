"""Gradients averaged over several steps for one update."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._checks import integers
from foldgate.optimizers.slot import Slot


class Accumulation:
    """The part of an optimizer that adds gradients up."""

    _iterations: Slot
    _accumulated_gradients: list[Slot]

    def _set_accumulation(self, steps: int | None) -> None:
        integers(self, 2, or_none=True, gradient_accumulation_steps=steps)
        self.gradient_accumulation_steps = steps

    def _build_accumulation(self, variables: list[Any]) -> None:
        if self.gradient_accumulation_steps:
            make = self.add_optimizer_variables  # type: ignore[attr-defined]
            self._accumulated_gradients = make(variables, "gradient_accumulator")

    def _accumulated(self, grads: list[Any], places: list[int]) -> list[Any] | None:
        """None, or at every last step the means."""
        steps = self.gradient_accumulation_steps
        assert steps is not None
        slots = [self._accumulated_gradients[place] for place in places]
        for slot, gradient in zip(slots, grads, strict=True):
            slot.array += gradient
        if (int(self._iterations) + 1) % steps:
            return None
        means = [np.asarray(slot.array / steps) for slot in slots]
        for slot in self._accumulated_gradients:
            slot.array[...] = 0
        return means
