"""Learning rates that fall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from foldgate._checks import members, numbers
from foldgate.optimizers.schedules.learning_rate_schedule import LearningRateSchedule


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate^(step / decay_steps).

    Args:
      initial_learning_rate: at step 0.
      decay_steps: after which the rate has fallen by `decay_rate`.
      decay_rate: the factor.
      staircase: whether it falls at every `decay_steps`-th step alone.
      name: of the schedule.

    Raises:
      ValueError: `decay_steps` is not above 0.

    Example:
      >>> from foldgate import optimizers
      >>> optimizers.schedules.ExponentialDecay(1.0, 10, 0.25)(5)
      0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        numbers(self, "[0, inf)", initial_learning_rate=initial_learning_rate, decay_rate=decay_rate)
        numbers(self, "(0, inf)", decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_rate = initial_learning_rate, decay_rate
        self.decay_steps = decay_steps
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> float:
        p = float(step) / self.decay_steps
        return float(self.initial_learning_rate * self.decay_rate ** (math.floor(p) if self.staircase else p))

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Args:
      initial_learning_rate: at step 0.
      decay_steps: in whose units the steps count.
      decay_rate: how fast it falls.
      staircase: whether it falls at every `decay_steps`-th step alone.
      name: of the schedule.

    Raises:
      ValueError: `decay_steps` is not above 0.

    Example:
      >>> from foldgate import optimizers
      >>> optimizers.schedules.InverseTimeDecay(1.0, 10, 0.5)(20)
      0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        numbers(self, "[0, inf)", initial_learning_rate=initial_learning_rate, decay_rate=decay_rate)
        numbers(self, "(0, inf)", decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_rate = initial_learning_rate, decay_rate
        self.decay_steps = decay_steps
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> float:
        p = float(step) / self.decay_steps
        p = math.floor(p) if self.staircase else p
        return self.initial_learning_rate / (1.0 + self.decay_rate * p)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] up to and with the step boundaries[i], values[-1] after the last.

    Args:
      boundaries: steps in ascending order.
      values: learning rates, one more.
      name: of the schedule.

    Raises:
      ValueError: the lengths do not fit.

    Example:
      >>> from foldgate import optimizers
      >>> schedule = optimizers.schedules.PiecewiseConstantDecay([10], [1.0, 0.5])
      >>> schedule(10), schedule(11)
      (1.0, 0.5)
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        numbers(self, "(-inf, inf)", **members(self, boundaries=boundaries, values=values))
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"PiecewiseConstantDecay: values has {len(values)} members; expected {len(boundaries) + 1}, "
                "one more than boundaries"
            )
        self.boundaries, self.values, self.name = list(boundaries), list(values), name

    def __call__(self, step: Any) -> float:
        return float(self.values[sum(float(step) > boundary for boundary in self.boundaries)])

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}


class PolynomialDecay(LearningRateSchedule):
    """(initial_learning_rate - end_learning_rate) (1 - step / decay_steps)^power + end_learning_rate.

    Args:
      initial_learning_rate: at step 0.
      decay_steps: when the end is reached.
      end_learning_rate: what stays.
      power: 1 for a line.
      cycle: whether it begins again after the end, over multiples of `decay_steps`.
      name: of the schedule.

    Raises:
      ValueError: `decay_steps` is not above 0.

    Example:
      >>> from foldgate import optimizers
      >>> optimizers.schedules.PolynomialDecay(1.0, 10, 0.0)(5)
      0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        numbers(self, "[0, inf)", initial_learning_rate=initial_learning_rate)
        numbers(self, "[0, inf)", end_learning_rate=end_learning_rate, power=power)
        numbers(self, "(0, inf)", decay_steps=decay_steps)
        self.initial_learning_rate, self.end_learning_rate = initial_learning_rate, end_learning_rate
        self.decay_steps = decay_steps
        self.power, self.cycle, self.name = power, cycle, name

    def __call__(self, step: Any) -> float:
        now, end = float(step), float(self.decay_steps)
        if self.cycle:
            end *= max(1, math.ceil(now / end))
        share = 1.0 - min(now, end) / end
        fall = self.initial_learning_rate - self.end_learning_rate
        return float(fall * share**self.power + self.end_learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }
