"""The optimizer's own variables: how they are made, named, saved and loaded, in Keras' order."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate.optimizers.slot import Slot


class Slots:
    """The part of an optimizer that keeps its slots."""

    name: str
    built: bool
    _variables: list[Slot]

    def _track(self, slot: Slot) -> Slot:
        self._variables.append(slot)
        return slot

    @property
    def variables(self) -> list[Slot]:
        """The step, the learning rate where it is a number, and the slots, in the order of files."""
        return list(self._variables)

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Slot:
        """A new slot.

        Args:
          shape: of the slot.
          initializer: `"zeros"`, `"ones"`, a number, or called as f(shape, dtype=...).
          dtype: None for float32.
          name: of the slot.
        """
        kind = np.dtype(dtype or np.float32)
        if callable(initializer):
            value = np.array(initializer(tuple(shape), dtype=kind.name), kind)
        else:
            value = np.full(tuple(shape), {"zeros": 0, "ones": 1}.get(initializer, initializer), kind)
        name = name or "var"
        return self._track(Slot(value, name, f"{self.name}/{name}"))

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> Slot:
        """A new slot of the shape and dtype of a variable, named after it."""
        path = getattr(reference_variable, "path", None) or reference_variable.name
        full = f"{str(path).replace('/', '_').replace(':', '_')}_{name or 'var'}"
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, full)

    def add_optimizer_variables(self, trainable_variables: Any, name: Any, initializer: Any = "zeros") -> Any:
        """A slot of each variable, or a list of them a name; the slots of one variable stand together."""
        names = [name] if isinstance(name, str) else list(name)
        several = isinstance(initializer, (list, tuple))
        starts = list(initializer) if several else [initializer] * len(names)
        made: tuple[list[Slot], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for slots, one, start in zip(made, names, starts, strict=True):
                slots.append(self.add_variable_from_reference(variable, one, start))
        return made[0] if isinstance(name, str) else made

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Takes over the values of `variables`.

        Raises:
          ValueError: the optimizer is not built, or a shape differs.
        """
        if not self.built:
            raise ValueError(f"{self.name}: set_weights needs slots; call build(variables) first")
        for slot, value in zip(self._variables, weights, strict=True):
            slot.assign(value)

    def save_own_variables(self, store: Any) -> None:
        """Writes every slot under its place, "0", "1", ..."""
        for i, slot in enumerate(self._variables):
            store[str(i)] = slot.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Reads what `save_own_variables` wrote; another optimizer's is left alone."""
        count = len(store.keys())
        if count != len(self._variables):
            warnings.warn(
                f"{self.name}: the file has {count} variables of an optimizer and this one "
                f"{len(self._variables)}; they are not loaded",
                stacklevel=2,
            )
            return
        for i, slot in enumerate(self._variables):
            slot.assign(np.asarray(store[str(i)]))
