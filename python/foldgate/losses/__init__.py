"""Losses: functions that give one loss a sample, and objects that reduce them to a number, as in Keras.

Example:
  >>> import numpy as np
  >>> from foldgate import losses
  >>> float(losses.get("mse")(np.zeros((1, 1)), np.ones((1, 1)))[0])
  1.0
"""

from typing import Any

from foldgate import _by_name
from foldgate.losses.circle import circle
from foldgate.losses.classes.circle import Circle
from foldgate.losses.classes.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from foldgate.losses.classes.ctc import CTC
from foldgate.losses.classes.focal import BinaryFocalCrossentropy, CategoricalFocalCrossentropy
from foldgate.losses.classes.generalized import CategoricalGeneralizedCrossEntropy
from foldgate.losses.classes.hinge import CategoricalHinge, Hinge, SquaredHinge
from foldgate.losses.classes.overlap import Dice, Tversky
from foldgate.losses.classes.probabilistic import KLDivergence, Poisson
from foldgate.losses.classes.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
)
from foldgate.losses.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from foldgate.losses.ctc import ctc
from foldgate.losses.focal import binary_focal_crossentropy, categorical_focal_crossentropy
from foldgate.losses.generalized import categorical_generalized_cross_entropy
from foldgate.losses.hinge import categorical_hinge, hinge, squared_hinge
from foldgate.losses.loss import Loss, LossFunctionWrapper
from foldgate.losses.overlap import dice, tversky
from foldgate.losses.probabilistic import kl_divergence, poisson
from foldgate.losses.regression import (
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)

__all__ = [
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

_CLASSES = (
    LossFunctionWrapper,
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CTC,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    Circle,
    CosineSimilarity,
    Dice,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    Tversky,
)
_FUNCTIONS = (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    circle,
    cosine_similarity,
    ctc,
    dice,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
    tversky,
)
_ALIASES = {
    "bce": binary_crossentropy,
    "kld": kl_divergence,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
}
OBJECTS: dict[str, Any] = {
    **{loss.__name__: loss for loss in _CLASSES},
    **{loss.__name__: loss for loss in _FUNCTIONS},
    **_ALIASES,
    **{name.upper(): loss for name, loss in _ALIASES.items()},
}
"""Every loss by the names that `get` knows."""


def get(identifier: Any) -> Any:
    """The loss of a name, a configuration, or itself.

    Args:
      identifier: a name such as `"mse"` or `"MeanSquaredError"`, a configuration, a loss or a function; None.

    Returns:
      A function of (y_true, y_pred) or a `Loss`; None for None.

    Raises:
      ValueError: the name is not known.

    Example:
      >>> from foldgate import losses
      >>> losses.get("huber").__name__
      'huber'
    """
    return _by_name.get("losses", identifier, OBJECTS)


def serialize(loss: Any) -> Any:
    """A loss as files hold it: a configuration, or the name of a function of this room.

    Args:
      loss: a `Loss`, or a function.

    Raises:
      TypeError: it is a function that is not of this room.

    Example:
      >>> from foldgate import losses
      >>> losses.serialize(losses.huber), losses.serialize(losses.Huber(2.0))["config"]["delta"]
      ('huber', 2.0)
    """
    name = getattr(loss, "__name__", None)
    return (
        name
        if name is not None and OBJECTS.get(name) is loss
        else _by_name.serialize("losses", loss, OBJECTS)
    )


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss of what `serialize` gave.

    Args:
      name: a configuration or a name.
      custom_objects: None, or more classes and functions by name.

    Raises:
      ValueError: the name is not known.

    Example:
      >>> from foldgate import losses
      >>> losses.deserialize({"class_name": "Huber", "config": {"delta": 2.0}}).name
      'huber_loss'
    """
    return _by_name.deserialize("losses", name, OBJECTS, custom_objects)
