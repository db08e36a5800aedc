"""The best of one ratio where another is good enough."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._checks import integers, numbers
from foldgate.metrics._thresholds import ratio
from foldgate.metrics.confusion import _NAMES, _Counts


class _AtLeast(_Counts):
    """The largest `_wanted` over thresholds where `_bound` is at least a value."""

    _kept = _NAMES
    _argument = ""
    _bound = ""
    _wanted = ""

    def __init__(
        self,
        value: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        numbers(self, "[0, 1]", **dict[str, Any]({self._argument: value}))
        integers(self, 1, num_thresholds=num_thresholds)
        integers(self, 0, or_none=True, class_id=class_id)
        super().__init__(name=name, dtype=dtype)
        self.value, self.num_thresholds, self.class_id = value, num_thresholds, class_id
        self.thresholds = [0.5] if num_thresholds == 1 else [*np.linspace(0.0, 1.0, num_thresholds).tolist()]
        self._direction = "up"
        self._begin()

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any

    def _ratio(self, name: str) -> Any:
        if name == "precision":
            return ratio(self.true_positives, self.true_positives + self.false_positives)
        if name == "specificity":
            return ratio(self.true_negatives, self.true_negatives + self.false_positives)
        return ratio(self.true_positives, self.true_positives + self.false_negatives)

    def result(self) -> float:
        enough = self._ratio(self._bound) >= self.value
        return float(np.max(np.where(enough, self._ratio(self._wanted), 0.0)))

    def get_config(self) -> dict[str, Any]:
        own = {self._argument: self.value, "num_thresholds": self.num_thresholds, "class_id": self.class_id}
        return {**super().get_config(), **own}


class SensitivityAtSpecificity(_AtLeast):
    """The largest sensitivity of thresholds whose specificity is at least a number.

    Args:
      specificity: the number, 0 to 1.
      num_thresholds: how many thresholds are looked at. Defaults to 200.
      class_id: None, or the class of the last axis that counts.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.SensitivityAtSpecificity(0.5)
      >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
      >>> metric.result()
      0.5
    """

    _argument, _bound, _wanted = "specificity", "specificity", "sensitivity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity


class SpecificityAtSensitivity(_AtLeast):
    """The largest specificity of thresholds whose sensitivity is at least a number.

    Args:
      sensitivity: the number, 0 to 1.
      num_thresholds: how many thresholds are looked at. Defaults to 200.
      class_id: None, or the class of the last axis that counts.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.SpecificityAtSensitivity(0.5)
      >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
      >>> round(metric.result(), 4)
      0.6667
    """

    _argument, _bound, _wanted = "sensitivity", "sensitivity", "specificity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity


class PrecisionAtRecall(_AtLeast):
    """The largest precision of thresholds whose recall is at least a number.

    Args:
      recall: the number, 0 to 1.
      num_thresholds: how many thresholds are looked at. Defaults to 200.
      class_id: None, or the class of the last axis that counts.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.PrecisionAtRecall(0.5)
      >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
      >>> metric.result()
      0.5
    """

    _argument, _bound, _wanted = "recall", "recall", "precision"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = recall


class RecallAtPrecision(_AtLeast):
    """The largest recall of thresholds whose precision is at least a number.

    Args:
      precision: the number, 0 to 1.
      num_thresholds: how many thresholds are looked at. Defaults to 200.
      class_id: None, or the class of the last axis that counts.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.RecallAtPrecision(0.75)
      >>> metric.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
      >>> metric.result()
      0.5
    """

    _argument, _bound, _wanted = "precision", "precision", "recall"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = precision
