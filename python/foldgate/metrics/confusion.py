"""Counts of decisions at thresholds, and their ratios."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._checks import integers
from foldgate.metrics._thresholds import LOWEST, counts_at, ratio, thresholds_of
from foldgate.metrics.metric import Metric

_NAMES = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class _Counts(Metric):
    """Keeps some of the four counts at each threshold, in attributes of their names."""

    _kept: tuple[str, ...] = ()
    thresholds: list[float]
    top_k: int | None = None
    class_id: int | None = None

    def _begin(self) -> None:
        for name in self._kept:
            setattr(self, name, np.zeros(len(self.thresholds)))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        counts = counts_at(self.thresholds, y_true, y_pred, sample_weight, self.top_k, self.class_id)
        for name, found in zip(_NAMES, counts, strict=True):
            if name in self._kept:
                setattr(self, name, getattr(self, name) + found)

    def reset_state(self) -> None:
        self._begin()

    def _one_or_all(self, values: Any) -> Any:
        return float(values[0]) if len(self.thresholds) == 1 else values


class _Condition(_Counts):
    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = thresholds_of(type(self).__name__, thresholds)
        self._begin()

    def result(self) -> Any:
        return self._one_or_all(getattr(self, self._kept[0]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Condition):
    """How many labels of 1 have a prediction above the threshold, by weights.

    Args:
      thresholds: a number from 0 to 1 or a list of them; None for 0.5.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.TruePositives()
      >>> metric.update_state([0, 1, 1], [0.75, 0.75, 0.25])
      >>> metric.result()
      1.0
    """

    _kept = ("true_positives",)


class FalsePositives(_Condition):
    """How many labels of 0 have a prediction above the threshold, by weights.

    Args:
      thresholds: a number from 0 to 1 or a list of them; None for 0.5.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.FalsePositives()
      >>> metric.update_state([0, 1, 1], [0.75, 0.75, 0.25])
      >>> metric.result()
      1.0
    """

    _kept = ("false_positives",)


class TrueNegatives(_Condition):
    """How many labels of 0 have no prediction above the threshold, by weights.

    Args:
      thresholds: a number from 0 to 1 or a list of them; None for 0.5.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.TrueNegatives()
      >>> metric.update_state([0, 1, 0], [0.25, 0.75, 0.25])
      >>> metric.result()
      2.0
    """

    _kept = ("true_negatives",)


class FalseNegatives(_Condition):
    """How many labels of 1 have no prediction above the threshold, by weights.

    Args:
      thresholds: a number from 0 to 1 or a list of them; None for 0.5.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.FalseNegatives()
      >>> metric.update_state([0, 1, 1], [0.75, 0.75, 0.25])
      >>> metric.result()
      1.0
    """

    _kept = ("false_negatives",)


class _Share(_Counts):
    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        integers(self, 1, or_none=True, top_k=top_k)
        integers(self, 0, or_none=True, class_id=class_id)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        kind, default = type(self).__name__, 0.5 if top_k is None else LOWEST
        self.thresholds = thresholds_of(kind, thresholds, default)
        self._direction = "up"
        self._begin()

    def result(self) -> Any:
        right, wrong = (getattr(self, name) for name in self._kept)
        return self._one_or_all(ratio(right, right + wrong))

    def get_config(self) -> dict[str, Any]:
        own = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


class Precision(_Share):
    """The share of labels of 1 among the predictions above the threshold.

    Args:
      thresholds: a number from 0 to 1 or a list of them; None for 0.5.
      top_k: None, or how many predictions a sample count.
      class_id: None, or the class of the last axis that counts.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.Precision()
      >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
      >>> round(metric.result(), 4)
      0.6667
    """

    _kept = ("true_positives", "false_positives")


class Recall(_Share):
    """The share of predictions above the threshold among the labels of 1.

    Args:
      thresholds: a number from 0 to 1 or a list of them; None for 0.5.
      top_k: None, or how many predictions a sample count.
      class_id: None, or the class of the last axis that counts.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.Recall()
      >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
      >>> round(metric.result(), 4)
      0.6667
    """

    _kept = ("true_positives", "false_negatives")
