"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foldgate._checks import numbers
from foldgate.ops._optimizer import Optimizer as Kernel
from foldgate.ops.adam import adam_rates
from foldgate.optimizers.fused import FusedOptimizer


class Adam(FusedOptimizer):
    """Steps by running means of the gradient and its square; see `ops.adam_update`.

    Args:
      learning_rate: a number, a schedule, or a function without arguments. Defaults to 0.001.
      beta_1: the share that the momentums keep. Defaults to 0.9.
      beta_2: the share that the velocities keep. Defaults to 0.999.
      epsilon: keeps quotients finite. Defaults to 1e-7.
      amsgrad: whether the largest velocities so far count. Defaults to False.
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
      >>> optimizers.Adam(0.25).apply([np.array([2.0])], [weight])
      >>> weight.value.round(4)
      array([0.75])
    """

    _op = "adam_update"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.amsgrad = amsgrad

    def _build_slots(self, variables: list[Any]) -> None:
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        hats = self.add_optimizer_variables(variables, "velocity_hat") if self.amsgrad else []
        self._velocity_hats = hats
        self._name_slots(momentums=self._momentums, velocities=self._velocities, velocity_hats=hats)

    def _kind(self) -> int:
        return Kernel.AMSGRAD if self.amsgrad else Kernel.ADAM

    def _rates(self, learning_rate: float) -> Mapping[str, float]:
        step = int(self.iterations) + 1
        return adam_rates(self._op, step, learning_rate, self.beta_1, self.beta_2, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }


class AdamW(Adam):
    """Adam with weight decay.

    Args:
      learning_rate: a number, a schedule, or a function without arguments. Defaults to 0.001.
      weight_decay: the share of each variable that is taken off, times the learning rate. Defaults to 0.004.
      beta_1: the share that the momentums keep. Defaults to 0.9.
      beta_2: the share that the velocities keep. Defaults to 0.999.
      epsilon: keeps quotients finite. Defaults to 1e-7.
      amsgrad: whether the largest velocities so far count. Defaults to False.
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
      >>> optimizers.AdamW(0.25).apply([np.array([2.0])], [weight])
      >>> weight.value.round(4)
      array([0.749])
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            **kwargs,
        )
        if self.weight_decay is None:
            raise ValueError("AdamW: weight_decay is None; expected a float")
