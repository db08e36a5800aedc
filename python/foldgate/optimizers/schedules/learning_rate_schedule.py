"""The base of learning rates that are functions of the step."""

from __future__ import annotations

from typing import Any

from foldgate._checks import switches


class LearningRateSchedule:
    """The base class of schedules: a subclass writes `__call__(step)`, and `get_config` for files.

    Example:
      >>> from foldgate import optimizers
      >>> class Halves(optimizers.schedules.LearningRateSchedule):
      ...   def __call__(self, step):
      ...     return 0.1 * 0.5 ** int(step)
      >>> optimizer = optimizers.SGD(Halves())
      >>> float(optimizer.learning_rate)
      0.1
    """

    name: str

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        switches(cls, args, kwargs)
        return super().__new__(cls)

    def __call__(self, step: Any) -> float:
        """The learning rate of a step, from 0 up."""
        raise NotImplementedError(f"{type(self).__name__}: __call__(step) is not written")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make such a schedule again."""
        raise NotImplementedError(f"{type(self).__name__}: get_config() is not written")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The schedule of a configuration."""
        return cls(**config)
