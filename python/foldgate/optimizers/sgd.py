"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foldgate._checks import numbers
from foldgate.ops._optimizer import Optimizer as Kernel
from foldgate.optimizers.fused import FusedOptimizer


class SGD(FusedOptimizer):
    """Stochastic gradient descent, with momentum and Nesterov's form of it; see `ops.sgd_update`.

    Args:
      learning_rate: a number, a schedule, or a function without arguments. Defaults to 0.01.
      momentum: the share of the last step in the next. Defaults to 0.
      nesterov: whether the step looks ahead. Defaults to False.
      weight_decay: None, or the share of each variable that is taken off, times the learning rate.
      clipnorm: None, or the largest norm of one gradient.
      clipvalue: None, or the largest size of a gradient's element.
      global_clipnorm: None, or the largest norm of all gradients together.
      **kwargs: `use_ema`, `ema_momentum`, `ema_overwrite_frequency`, `loss_scale_factor`,
        `gradient_accumulation_steps` and `name`, as in `Optimizer`.

    Raises:
      ValueError: a number is out of its range.

    Example:
      >>> import numpy as np
      >>> import foldgate
      >>> from foldgate import optimizers
      >>> weight = foldgate.Variable(np.array([1.0]))
      >>> optimizers.SGD(0.25).apply([np.array([2.0])], [weight])
      >>> weight.value.round(4)
      array([0.5])
    """

    _op = "sgd_update"

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, **kwargs)
        numbers(self, "[0, 1]", momentum=momentum)
        self.momentum = momentum
        self.nesterov = nesterov

    def _build_slots(self, variables: list[Any]) -> None:
        make = self.add_optimizer_variables
        self.momentums = make(variables, "momentum") if self.momentum else []
        self._name_slots(momentums=self.momentums)

    def _kind(self) -> int:
        if self.momentum == 0:
            return Kernel.SGD
        return Kernel.NESTEROV if self.nesterov else Kernel.MOMENTUM

    def _rates(self, learning_rate: float) -> Mapping[str, float]:
        return {"lr": learning_rate, "mu": self.momentum}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
