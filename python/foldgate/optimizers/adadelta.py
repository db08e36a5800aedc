"""Adadelta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foldgate._checks import numbers
from foldgate.ops._optimizer import Optimizer as Kernel
from foldgate.optimizers.fused import FusedOptimizer


class Adadelta(FusedOptimizer):
    """Steps of the size of the steps before; see `ops.adadelta_update`.

    Args:
      learning_rate: a number, a schedule, or a function without arguments. Defaults to 0.001.
      rho: the share that the averages keep. Defaults to 0.95.
      epsilon: keeps quotients finite. Defaults to 1e-7.
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
      >>> optimizers.Adadelta(1.0).apply([np.array([2.0])], [weight])
      >>> weight.value.round(4)
      array([0.9986])
    """

    _op = "adadelta_update"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, **kwargs)
        numbers(self, "[0, 1]", rho=rho)
        numbers(self, "[0, inf)", epsilon=epsilon)
        self.rho = rho
        self.epsilon = epsilon

    def _build_slots(self, variables: list[Any]) -> None:
        names = ["accumulated_grad", "accumulated_delta_var"]
        self._accumulated_grads, self._accumulated_delta_vars = self.add_optimizer_variables(variables, names)
        self._name_slots(
            accumulated_grads=self._accumulated_grads, accumulated_delta_vars=self._accumulated_delta_vars
        )

    def _kind(self) -> int:
        return Kernel.ADADELTA

    def _rates(self, learning_rate: float) -> Mapping[str, float]:
        return {"lr": learning_rate, "rho": self.rho, "epsilon": self.epsilon}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
