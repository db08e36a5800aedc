"""Adamax."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foldgate._checks import numbers
from foldgate.ops._optimizer import Optimizer as Kernel
from foldgate.ops.adam import adamax_rates
from foldgate.optimizers.fused import FusedOptimizer


class Adamax(FusedOptimizer):
    """Adam by the largest gradient instead of its mean square; see `ops.adamax_update`.

    Args:
      learning_rate: a number, a schedule, or a function without arguments. Defaults to 0.001.
      beta_1: the share that the momentums keep. Defaults to 0.9.
      beta_2: the share that the norms keep. Defaults to 0.999.
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
      >>> optimizers.Adamax(0.25).apply([np.array([2.0])], [weight])
      >>> weight.value.round(4)
      array([0.75])
    """

    _op = "adamax_update"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, **kwargs)
        numbers(self, "[0, 1)", beta_1=beta_1, beta_2=beta_2)
        numbers(self, "[0, inf)", epsilon=epsilon)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def _build_slots(self, variables: list[Any]) -> None:
        self._m, self._u = self.add_optimizer_variables(variables, ["momentum", "norm"])
        self._name_slots(momentums=self._m, norms=self._u)

    def _kind(self) -> int:
        return Kernel.ADAMAX

    def _rates(self, learning_rate: float) -> Mapping[str, float]:
        step = int(self.iterations) + 1
        return adamax_rates(self._op, step, learning_rate, self.beta_1, self.beta_2, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
