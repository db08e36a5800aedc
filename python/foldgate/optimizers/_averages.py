"""Moving averages of the variables."""

from __future__ import annotations

from typing import Any

from foldgate._checks import integers, numbers
from foldgate.optimizers.slot import Slot


class Averages:
    """The part of an optimizer that averages variables."""

    _trainable_variables: list[Any]
    _model_variables_moving_average: list[Slot]

    def _set_averages(self, use_ema: bool, momentum: float, frequency: int | None) -> None:
        if use_ema:
            numbers(self, "[0, 1]", ema_momentum=momentum)
            integers(self, 1, or_none=True, ema_overwrite_frequency=frequency)
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, momentum, frequency

    def _build_averages(self, variables: list[Any]) -> None:
        if self.use_ema:
            make = self.add_optimizer_variables  # type: ignore[attr-defined]
            self._model_variables_moving_average = make(variables, "average")

    def _average(self, step: int) -> None:
        """The first step's average is the variables themselves."""
        keep = self.ema_momentum if step else 0.0
        for variable, slot in zip(
            self._trainable_variables, self._model_variables_moving_average, strict=True
        ):
            slot.array *= keep
            slot.array += variable.value * (1.0 - keep)
        if self.ema_overwrite_frequency and (step + 1) % self.ema_overwrite_frequency == 0:
            self.finalize_variable_values(self._trainable_variables)

    def finalize_variable_values(self, var_list: list[Any]) -> None:
        """Makes the variables their averages, as `fit` does at its end where `use_ema` is so.

        Args:
          var_list: the variables that the optimizer was built with.

        Raises:
          ValueError: there are more or fewer of them.
        """
        if not self.use_ema:
            return
        averages = self._model_variables_moving_average
        if len(var_list) != len(averages):
            raise ValueError(
                f"finalize_variable_values: var_list has {len(var_list)} members; expected {len(averages)}"
            )
        for variable, slot in zip(var_list, averages, strict=True):
            variable.assign(slot.array)
