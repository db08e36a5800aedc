"""Optimizers, with the names, arguments and formulas of Keras 3, each update one kernel a variable."""

from typing import Any

from foldgate import _by_name
from foldgate.optimizers import schedules
from foldgate.optimizers.adadelta import Adadelta
from foldgate.optimizers.adagrad import Adagrad
from foldgate.optimizers.adam import Adam, AdamW
from foldgate.optimizers.adamax import Adamax
from foldgate.optimizers.lion import Lion
from foldgate.optimizers.nadam import Nadam
from foldgate.optimizers.optimizer import Optimizer
from foldgate.optimizers.rmsprop import RMSprop
from foldgate.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_CLASSES = (Adadelta, Adagrad, Adam, AdamW, Adamax, Lion, Nadam, RMSprop, SGD)
OBJECTS: dict[str, Any] = {
    **{kind.__name__: kind for kind in _CLASSES},
    **{kind.__name__.lower(): kind for kind in _CLASSES},
}
"""Every optimizer by its name, in either case."""


def get(identifier: Any) -> Any:
    """The optimizer of a name, a configuration, or itself.

    Args:
      identifier: `"adam"`, a configuration, or an optimizer; None.

    Raises:
      ValueError: the name is not known, or it is something else.

    Example:
      >>> from foldgate import optimizers
      >>> float(optimizers.get("rmsprop").learning_rate)
      0.001
    """
    if isinstance(identifier, str) and identifier.lower() in OBJECTS:
        return OBJECTS[identifier.lower()]()
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    found = deserialize(identifier)
    if not isinstance(found, Optimizer):
        raise ValueError(f"optimizers.get: identifier is {identifier!r}; expected an optimizer")
    return found


def serialize(optimizer: Any) -> Any:
    """An optimizer as files hold it, without its slots.

    Example:
      >>> from foldgate import optimizers
      >>> optimizers.serialize(optimizers.SGD(0.5))["config"]["learning_rate"]
      0.5
    """
    return _by_name.serialize("optimizers", optimizer, OBJECTS)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer of what `serialize` gave, or of a name.

    Args:
      config: of an optimizer.
      custom_objects: None, or more classes by name.

    Raises:
      ValueError: its class is not known.

    Example:
      >>> from foldgate import optimizers
      >>> optimizers.deserialize({"class_name": "Adam", "config": {"beta_1": 0.5}}).beta_1
      0.5
    """
    return _by_name.deserialize("optimizers", config, OBJECTS, custom_objects)
