"""RMSprop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foldgate._checks import numbers
from foldgate.ops._optimizer import Optimizer as Kernel
from foldgate.optimizers.fused import FusedOptimizer


class RMSprop(FusedOptimizer):
    """Steps over the root of the mean square of gradients; see `ops.rmsprop_update`.

    Args:
      learning_rate: a number, a schedule, or a function without arguments. Defaults to 0.001.
      rho: the share that the averages keep. Defaults to 0.9.
      momentum: the share of the last step in the next. Defaults to 0.
      epsilon: keeps quotients finite. Defaults to 1e-7.
      centered: whether the mean gradient is subtracted. Defaults to False.
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
      >>> optimizers.RMSprop(0.1).apply([np.array([2.0])], [weight])
      >>> weight.value.round(4)
      array([0.6838])
    """

    _op = "rmsprop_update"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, **kwargs)
        numbers(self, "[0, 1]", rho=rho, momentum=momentum)
        numbers(self, "[0, inf)", epsilon=epsilon)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def _build_slots(self, variables: list[Any]) -> None:
        make = self.add_optimizer_variables
        self._velocities = make(variables, "velocity")
        self._momentums = make(variables, "momentum") if self.momentum > 0 else []
        self._average_gradients = make(variables, "average_gradient") if self.centered else []
        self._name_slots(
            velocities=self._velocities,
            average_gradients=self._average_gradients,
            momentums=self._momentums,
        )

    def _kind(self) -> int:
        return Kernel.RMSPROP + (self.momentum > 0) + 2 * bool(self.centered)

    def _rates(self, learning_rate: float) -> Mapping[str, float]:
        return {"lr": learning_rate, "mu": self.momentum, "rho": self.rho, "epsilon": self.epsilon}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
