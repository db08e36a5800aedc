"""Learning rates that are functions of the step, with the formulas of Keras 3."""

from typing import Any

from foldgate import _by_name
from foldgate.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from foldgate.optimizers.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from foldgate.optimizers.schedules.learning_rate_schedule import LearningRateSchedule

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

OBJECTS: dict[str, Any] = {
    schedule.__name__: schedule
    for schedule in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}
"""Every schedule by the name that files use."""


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """A schedule as files hold it.

    Args:
      learning_rate_schedule: what `deserialize` makes again.

    Example:
      >>> from foldgate import optimizers
      >>> schedule = optimizers.schedules.PiecewiseConstantDecay([10], [1.0, 0.5])
      >>> optimizers.schedules.serialize(schedule)["class_name"]
      'PiecewiseConstantDecay'
    """
    return _by_name.serialize("optimizers.schedules", learning_rate_schedule, OBJECTS)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule of what `serialize` gave.

    Args:
      config: of a schedule.
      custom_objects: None, or more classes by name.

    Raises:
      ValueError: its class is not known.

    Example:
      >>> from foldgate import optimizers
      >>> steps = {"boundaries": [1], "values": [1.0, 0.5]}
      >>> config = {"class_name": "PiecewiseConstantDecay", "config": steps}
      >>> optimizers.schedules.deserialize(config)(2)
      0.5
    """
    return _by_name.deserialize("optimizers.schedules", config, OBJECTS, custom_objects)
