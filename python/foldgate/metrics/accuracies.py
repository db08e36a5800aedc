"""Accuracies."""

from __future__ import annotations

from typing import Any

from foldgate._checks import integers, numbers
from foldgate.metrics.accuracy import (
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from foldgate.metrics.mean import MeanMetricWrapper


class Accuracy(MeanMetricWrapper):
    """How often predictions equal labels.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.Accuracy()
      >>> metric.update_state([1, 2], [1, 3])
      >>> round(metric.result(), 4)
      0.5
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name=name, dtype=dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often predictions are on the label's side of a threshold.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.
      threshold: above which a prediction counts as 1.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.BinaryAccuracy()
      >>> metric.update_state([1, 0], [0.75, 0.75])
      >>> round(metric.result(), 4)
      0.5
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        numbers(self, "(-inf, inf)", threshold=threshold)
        super().__init__(binary_accuracy, name=name, dtype=dtype, threshold=threshold)
        self.threshold = threshold


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is that of the right class, one-hot.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.CategoricalAccuracy()
      >>> metric.update_state([[0, 1], [1, 0]], [[0.25, 0.75], [0.25, 0.75]])
      >>> round(metric.result(), 4)
      0.5
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name=name, dtype=dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is that of the right class.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.SparseCategoricalAccuracy()
      >>> metric.update_state([1, 0], [[0.25, 0.75], [0.25, 0.75]])
      >>> round(metric.result(), 4)
      0.5
    """

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name=name, dtype=dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class, one-hot, is among the k largest predictions.

    Args:
      k: how many predictions count.
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.TopKCategoricalAccuracy(k=1)
      >>> metric.update_state([[0, 1], [1, 0]], [[0.25, 0.75], [0.25, 0.75]])
      >>> round(metric.result(), 4)
      0.5
    """

    _direction = "up"

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        integers(self, 1, k=k)
        super().__init__(top_k_categorical_accuracy, name=name, dtype=dtype, k=k)
        self.k = k


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the k largest predictions.

    Args:
      k: how many predictions count.
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.
      from_sorted_ids: whether predictions are classes, the best first.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.SparseTopKCategoricalAccuracy(k=1)
      >>> metric.update_state([1, 0], [[0.25, 0.75], [0.25, 0.75]])
      >>> round(metric.result(), 4)
      0.5
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        integers(self, 1, k=k)
        super().__init__(
            sparse_top_k_categorical_accuracy, name=name, dtype=dtype, k=k, from_sorted_ids=from_sorted_ids
        )
        self.k = k
        self.from_sorted_ids = from_sorted_ids
