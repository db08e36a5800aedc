"""Optimizers whose update is one kernel a variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from foldgate.ops._optimizer import constants_of, update_one
from foldgate.optimizers.optimizer import Optimizer
from foldgate.optimizers.slot import Slot

Named = list[tuple[str, Any]]


class FusedOptimizer(Optimizer):
    """The base of the optimizers here: a subclass says which kernel, its slots, and the numbers of a step."""

    _op: ClassVar[str]
    _kernel_slots: list[Named]  # of each variable, the arrays by the names that the kernel's errors use

    def _kind(self) -> int:
        """The kernel, one of `ops._optimizer.Optimizer`."""
        raise NotImplementedError

    def _rates(self, learning_rate: float) -> Mapping[str, float]:
        """The kernel's numbers of the present step."""
        raise NotImplementedError

    def _name_slots(self, **slots: list[Slot]) -> None:
        """Keeps each variable's slots for the kernel; an empty list is of a slot that there is not."""
        given = {name: found for name, found in slots.items() if found}
        self._kernel_slots = [
            [(name, found[i].array) for name, found in given.items()]
            for i in range(len(self._trainable_variables))
        ]

    def _step(self, grads: list[Any], variables: list[Any], places: list[int], rate: float) -> None:
        op, kind, rates = self._op, self._kind(), self._rates(rate)
        constants = constants_of(op, rates, rate, self.weight_decay or 0.0)
        plain = constants if self.weight_decay is None else constants_of(op, rates, rate, 0.0)
        for gradient, variable, place in zip(grads, variables, places, strict=True):
            numbers = constants if plain is constants or self._decays(variable) else plain
            update_one(op, kind, variable.writable(), gradient, self._kernel_slots[place], numbers)

    def update_step(self, gradient: Any, variable: Any, learning_rate: float) -> None:
        """One update of one variable, without clipping and averages."""
        self._step([gradient], [variable], [self._indices[id(variable)]], float(learning_rate))
