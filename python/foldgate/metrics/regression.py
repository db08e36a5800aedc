"""Metrics of numbers that are no losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from foldgate._checks import axes
from foldgate.losses._inputs import pair
from foldgate.losses.regression import cosine_similarity
from foldgate.metrics._arrays import array
from foldgate.metrics.mean import Mean, MeanMetricWrapper


class RootMeanSquaredError(Mean):
    """The root of the mean of (y_true - y_pred)^2 over all that was seen.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.RootMeanSquaredError()
      >>> metric.update_state([[0, 1]], [[2, 1]])
      >>> round(metric.result(), 4)
      1.4142
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        y_true, y_pred = pair(self.name, array(y_true), array(y_pred))
        super().update_state(np.square(y_pred - y_true), sample_weight)

    def result(self) -> float:
        return math.sqrt(super().result())


def _cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    return -cosine_similarity(y_true, y_pred, axis)


class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between labels and predictions: 1 for the same direction.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.
      axis: of the vectors.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.CosineSimilarity()
      >>> metric.update_state([[3, 4]], [[6, 8]])
      >>> round(metric.result(), 4)
      1.0
    """

    _direction = "up"

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        axes(self, axis=axis)
        super().__init__(_cosine, name=name, dtype=dtype, axis=axis)
        self.axis = axis
