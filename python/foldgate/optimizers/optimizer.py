"""The base of optimizers: what Keras' constructors take besides the rule itself, and the order of a step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from foldgate._checks import numbers, switches
from foldgate._naming import auto_name
from foldgate.optimizers import schedules
from foldgate.optimizers._accumulation import Accumulation
from foldgate.optimizers._averages import Averages
from foldgate.optimizers._clipping import Clipping
from foldgate.optimizers._decay_exclusion import DecayExclusion
from foldgate.optimizers._pairs import known_pairs
from foldgate.optimizers._slots import Slots
from foldgate.optimizers.slot import Slot


class Optimizer(Slots, Clipping, DecayExclusion, Averages, Accumulation):
    """The base class of optimizers: a subclass writes `update_step(gradient, variable, learning_rate)`.

    Args:
      learning_rate: a number, a schedule, or a function without arguments.
      weight_decay: None, or the share of each variable that is taken off, times the learning rate.
      clipnorm: None, or the largest norm of one gradient.
      clipvalue: None, or the largest size of a gradient's element.
      global_clipnorm: None, or the largest norm of all gradients together.
      use_ema: whether moving averages of the variables are kept.
      ema_momentum: what the averages keep at a step, 0 to 1.
      ema_overwrite_frequency: None, or after how many steps variables become their averages.
      loss_scale_factor: None, or the factor that losses were multiplied by, which gradients are divided by.
      gradient_accumulation_steps: None, or the number of steps, 2 or more, whose gradients are averaged for
        one update.
      name: None for one from the class.

    Raises:
      ValueError: a number is out of its range, or there is more than one kind of clipping.
      TypeError: an argument is not known.

    Example:
      >>> import numpy as np
      >>> import foldgate
      >>> from foldgate import optimizers
      >>> class Signs(optimizers.Optimizer):
      ...   def update_step(self, gradient, variable, learning_rate):
      ...     variable.assign_sub(learning_rate * np.sign(gradient))
      >>> weight = foldgate.Variable(np.array([1.0, 2.0]))
      >>> Signs(0.5).apply([np.array([3.0, -4.0])], [weight])
      >>> weight
      Variable(array([0.5, 2.5]), name='variable')
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        switches(cls, args, kwargs)
        return super().__new__(cls)

    def __init__(
        self,
        learning_rate: Any = 0.01,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise TypeError(
                f"{type(self).__name__}: {next(iter(kwargs))} is not an argument of this optimizer"
            )
        numbers(self, "[0, inf)", or_none=True, weight_decay=weight_decay)
        numbers(self, "(0, inf)", or_none=True, loss_scale_factor=loss_scale_factor)
        self.name = name or auto_name(type(self).__name__)
        self.weight_decay = weight_decay
        self.loss_scale_factor = loss_scale_factor
        self.built = False
        self._variables: list[Slot] = []
        self._trainable_variables: list[Any] = []
        self._indices: dict[int, int] = {}
        self._each_once = True
        self._places: list[int] = []
        self._constrained = False
        self._set_clipping(clipnorm, clipvalue, global_clipnorm)
        self._set_averages(use_ema, ema_momentum, ema_overwrite_frequency)
        self._set_accumulation(gradient_accumulation_steps)
        self._iterations = self._track(Slot(np.zeros((), np.int64), "iteration", f"{self.name}/iteration"))
        self._learning_rate = self._rate_of(learning_rate)
        if isinstance(self._learning_rate, Slot):
            self._track(self._learning_rate)

    # The learning rate.

    def _rate_of(self, value: Any) -> Any:
        if isinstance(value, dict):
            value = schedules.deserialize(value)
        if callable(value):
            return value
        return Slot(np.array(self._number_of(value)), "learning_rate", f"{self.name}/learning_rate")

    def _number_of(self, rate: Any) -> float:
        try:
            found = float(rate)
        except (TypeError, ValueError):
            raise ValueError(
                f"{type(self).__name__}: learning_rate is {rate!r}; expected a number or a schedule"
            ) from None
        numbers(self, "[0, inf)", learning_rate=found)
        return found

    @property
    def learning_rate(self) -> Any:
        """The present learning rate; it may be assigned to, unless a schedule gives it."""
        rate = self._learning_rate
        if isinstance(rate, Slot):
            return rate
        return rate(int(self._iterations)) if isinstance(rate, schedules.LearningRateSchedule) else rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        rate = self._learning_rate
        if callable(value):
            self._learning_rate = value
            self._variables = [slot for slot in self._variables if slot is not rate]
        elif isinstance(rate, schedules.LearningRateSchedule):
            raise TypeError(
                f"{type(self).__name__}: learning_rate is a {type(rate).__name__}, which gives it; make the "
                "optimizer with a number to assign to it"
            )
        elif isinstance(rate, Slot):
            rate.assign(self._number_of(value))
        else:
            self._learning_rate = self._track(self._rate_of(value))

    @property
    def iterations(self) -> Any:
        """How many updates there were."""
        if self.gradient_accumulation_steps:
            return int(self._iterations) // self.gradient_accumulation_steps
        return self._iterations

    # A step.

    def build(self, variables: Iterable[Any]) -> None:
        """Makes the slots of the variables; the first `apply` does so by itself."""
        if self.built:
            return
        self._trainable_variables = list(variables)
        self._indices = {id(variable): i for i, variable in enumerate(self._trainable_variables)}
        self._places = list(range(len(self._trainable_variables)))
        self._each_once = len(self._indices) == len(self._places)
        self._constrained = any(getattr(v, "constraint", None) is not None for v in self._trainable_variables)
        self._build_averages(self._trainable_variables)
        self._build_accumulation(self._trainable_variables)
        self._build_slots(self._trainable_variables)
        self.built = True

    def _build_slots(self, variables: list[Any]) -> None:
        """Where subclasses of this package make theirs."""

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> Any:
        """`apply` of pairs of a gradient and its variable. Returns the number of steps."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Takes a step.

        Args:
          grads: one a variable, as `GradientTape.gradient` gives them; a None leaves its variable alone.
          trainable_variables: the variables; None for those that the optimizer was built with.

        Raises:
          ValueError: a variable was not there when the optimizer was built; the lengths differ; there are no
            gradients at all.
        """
        if not len(grads):
            return
        if not self.built:
            if trainable_variables is None:
                raise ValueError(f"{self.name}: trainable_variables is None; expected them at the first step")
            self.build(trainable_variables)
        values, variables, places = known_pairs(self, grads, trainable_variables)
        if self.loss_scale_factor is not None:
            values = [np.asarray(value / self.loss_scale_factor) for value in values]
        due = self._accumulated(values, places) if self.gradient_accumulation_steps else values
        if due is not None:
            self._step(self._clipped(due), variables, places, float(self.learning_rate))
        if self.use_ema:
            self._average(int(self.iterations))
        if self._constrained:
            for variable in variables:
                constraint = getattr(variable, "constraint", None)
                if constraint is not None:
                    variable.assign(constraint(variable.value))
        self._iterations.count()

    def _step(self, grads: list[Any], variables: list[Any], places: list[int], rate: float) -> None:
        """One update of all variables, weight decay first."""
        if self.weight_decay is not None:
            for variable in variables:
                if self._decays(variable):
                    array = variable.writable()
                    array -= array * (self.weight_decay * rate)
                    del array
        for gradient, variable in zip(grads, variables, strict=True):
            self.update_step(gradient, variable, rate)

    def update_step(self, gradient: Any, variable: Any, learning_rate: float) -> None:
        """One update of one variable, to be written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__}: update_step is not written")

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the factor that the optimizer was made with, if any."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def _config_of_rate(self) -> Any:
        rate = self._learning_rate
        if isinstance(rate, schedules.LearningRateSchedule):
            return schedules.serialize(rate)
        return float(rate) if isinstance(rate, Slot) else 0.5

    def get_config(self) -> dict[str, Any]:
        """The arguments that make such an optimizer again, without its slots."""
        return {
            "name": self.name,
            "learning_rate": self._config_of_rate(),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """The optimizer of a configuration."""
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": schedules.deserialize(rate, custom_objects)}
        return cls(**config)
