"""Means of losses."""

from __future__ import annotations

from typing import Any

from foldgate.losses import (
    categorical_hinge,
    hinge,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    squared_hinge,
)
from foldgate.metrics.mean import MeanMetricWrapper


class MeanSquaredError(MeanMetricWrapper):
    """The mean of (y_true - y_pred)^2.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.MeanSquaredError()
      >>> metric.update_state([[0, 1]], [[2, 1]])
      >>> round(metric.result(), 4)
      2.0
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, name=name, dtype=dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of |y_true - y_pred|.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.MeanAbsoluteError()
      >>> metric.update_state([[0, 1]], [[2, 1]])
      >>> round(metric.result(), 4)
      1.0
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_error, name=name, dtype=dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of 100 |y_true - y_pred| / |y_true|.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.MeanAbsolutePercentageError()
      >>> metric.update_state([[2, 1]], [[1, 1]])
      >>> round(metric.result(), 4)
      25.0
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_percentage_error, name=name, dtype=dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of (log(1 + y_true) - log(1 + y_pred))^2.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.MeanSquaredLogarithmicError()
      >>> metric.update_state([[0, 1]], [[0, 1]])
      >>> round(metric.result(), 4)
      0.0
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_logarithmic_error, name=name, dtype=dtype)


class LogCoshError(MeanMetricWrapper):
    """The mean of log(cosh(y_pred - y_true)).

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.LogCoshError()
      >>> metric.update_state([[0.0]], [[1.0]])
      >>> round(metric.result(), 4)
      0.4338
    """

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(log_cosh, name=name, dtype=dtype)


class KLDivergence(MeanMetricWrapper):
    """The mean of sum(y_true log(y_true / y_pred)).

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.KLDivergence()
      >>> metric.update_state([[0.5, 0.5]], [[0.5, 0.5]])
      >>> round(metric.result(), 4)
      0.0
    """

    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(kl_divergence, name=name, dtype=dtype)


class Poisson(MeanMetricWrapper):
    """The mean of y_pred - y_true log(y_pred).

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.Poisson()
      >>> metric.update_state([[0]], [[3]])
      >>> round(metric.result(), 4)
      3.0
    """

    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, name=name, dtype=dtype)


class Hinge(MeanMetricWrapper):
    """The mean of max(1 - y_true y_pred, 0).

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.Hinge()
      >>> metric.update_state([[0, 1]], [[0.5, 0.5]])
      >>> round(metric.result(), 4)
      1.0
    """

    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, name=name, dtype=dtype)


class SquaredHinge(MeanMetricWrapper):
    """The mean of max(1 - y_true y_pred, 0)^2.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.SquaredHinge()
      >>> metric.update_state([[0, 1]], [[0.5, 0.5]])
      >>> round(metric.result(), 4)
      1.25
    """

    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(squared_hinge, name=name, dtype=dtype)


class CategoricalHinge(MeanMetricWrapper):
    """The mean of max(1 + the best wrong class - the right one, 0).

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.CategoricalHinge()
      >>> metric.update_state([[0, 1]], [[0.5, 0.25]])
      >>> round(metric.result(), 4)
      1.25
    """

    _direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(categorical_hinge, name=name, dtype=dtype)
