"""Optimizers whose update is one kernel a variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from foldgate.ops._optimizer import constants_of, update_all
from foldgate.optimizers.optimizer import Optimizer
from foldgate.optimizers.slot import Slot


class FusedOptimizer(Optimizer):
    """The base of the optimizers here: a subclass says which kernel, its slots, and the numbers of a step."""

    _op: ClassVar[str]
    _slot_names: list[str]  # by which the kernel's errors call them
    _kernel_slots: list[list[Any]]  # of each variable, the arrays

    def _kind(self) -> int:
        """The kernel, one of `ops._optimizer.Optimizer`."""
        raise NotImplementedError

    def _rates(self, learning_rate: float) -> Mapping[str, float]:
        """The kernel's numbers of the present step."""
        raise NotImplementedError

    def _name_slots(self, **slots: list[Slot]) -> None:
        """Keeps each variable's slots for the kernel; an empty list is of a slot that there is not."""
        given = {name: found for name, found in slots.items() if found}
        self._slot_names = [*given]
        self._kernel_slots = [
            [found[i].array for found in given.values()] for i in range(len(self._trainable_variables))
        ]

    def _step(self, grads: list[Any], variables: list[Any], places: list[int], rate: float) -> None:
        op, rates = self._op, self._rates(rate)
        constants = constants_of(op, rates, rate, self.weight_decay or 0.0)
        twice = places is not self._places and len({*places}) < len(places)
        if twice:  # the second update of a variable is of the first one's result
            for i, place in enumerate(places):
                self._update([grads[i]], [variables[i]], [place], constants)
            return
        if self.weight_decay is None:
            self._update(grads, variables, places, constants)
            return
        plain = constants_of(op, rates, rate, 0.0)
        for numbers, decays in ((constants, True), (plain, False)):
            at = [i for i, variable in enumerate(variables) if self._decays(variable) is decays]
            self._update([grads[i] for i in at], [variables[i] for i in at], [places[i] for i in at], numbers)

    def _update(
        self, grads: list[Any], variables: list[Any], places: list[int], constants: list[float]
    ) -> None:
        arrays = [variable.writable() for variable in variables]
        slots = self._kernel_slots
        own = slots if places is self._places else [slots[i] for i in places]
        update_all(self._op, self._kind(), arrays, grads, self._slot_names, own, constants)

    def update_step(self, gradient: Any, variable: Any, learning_rate: float) -> None:
        """One update of one variable, without clipping and averages."""
        self._step([gradient], [variable], [self._indices[id(variable)]], float(learning_rate))
