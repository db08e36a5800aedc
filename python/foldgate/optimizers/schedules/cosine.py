"""Learning rates along a cosine.

I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
"""

from __future__ import annotations

import math
from typing import Any

from foldgate._checks import numbers
from foldgate.optimizers.schedules.learning_rate_schedule import LearningRateSchedule


class CosineDecay(LearningRateSchedule):
    """From the first rate down to `alpha` of it along half a cosine, after a warm-up if there is one.

    Args:
      initial_learning_rate: at step 0.
      decay_steps: how long the fall takes.
      alpha: the share of the rate that stays.
      name: of the schedule.
      warmup_target: None, or the rate that `warmup_steps` lead to, from which it falls.
      warmup_steps: how long the warm-up takes.

    Raises:
      ValueError: `decay_steps` is not above 0.

    Example:
      >>> from foldgate import optimizers
      >>> optimizers.schedules.CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4)(2)
      0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        numbers(self, "[0, inf)", initial_learning_rate=initial_learning_rate, warmup_steps=warmup_steps)
        numbers(self, "[0, inf)", or_none=True, warmup_target=warmup_target)
        numbers(self, "(0, inf)", decay_steps=decay_steps)
        numbers(self, "(-inf, inf)", alpha=alpha)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha, self.name = alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step: Any) -> float:
        now, top = float(step), self.initial_learning_rate
        if self.warmup_target is not None:
            if now < self.warmup_steps:
                return top + (self.warmup_target - top) * now / self.warmup_steps
            now, top = now - self.warmup_steps, self.warmup_target
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(now, self.decay_steps) / self.decay_steps))
        return top * ((1.0 - self.alpha) * cosine + self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """Falls along half a cosine, again and again.

    Args:
      initial_learning_rate: at step 0.
      first_decay_steps: how long the first fall takes.
      t_mul: how many times as long the next one takes.
      m_mul: the factor of its rate.
      alpha: the share of the rate that stays.
      name: of the schedule.

    Raises:
      ValueError: `first_decay_steps` is not above 0.

    Example:
      >>> from foldgate import optimizers
      >>> schedule = optimizers.schedules.CosineDecayRestarts(1.0, 10, m_mul=0.5)
      >>> schedule(0), schedule(10)
      (1.0, 0.5)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        numbers(self, "[0, inf)", initial_learning_rate=initial_learning_rate, m_mul=m_mul)
        numbers(self, "(0, inf)", first_decay_steps=first_decay_steps, t_mul=t_mul)
        numbers(self, "(-inf, inf)", alpha=alpha)
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def __call__(self, step: Any) -> float:
        done = float(step) / self.first_decay_steps
        if self.t_mul == 1.0:
            restart = math.floor(done)
            done -= restart
        else:
            restart = math.floor(math.log(1.0 - done * (1.0 - self.t_mul)) / math.log(self.t_mul))
            length = self.t_mul**restart
            done = (done - (1.0 - length) / (1.0 - self.t_mul)) / length
        cosine = 0.5 * self.m_mul**restart * (1.0 + math.cos(math.pi * done))
        return self.initial_learning_rate * ((1.0 - self.alpha) * cosine + self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
