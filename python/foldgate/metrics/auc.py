"""The area under a curve of decisions."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import ops
from foldgate._checks import integers
from foldgate._defaults import epsilon
from foldgate.metrics._arrays import floats
from foldgate.metrics._thresholds import counts_at, ratio
from foldgate.metrics.metric import Metric

_SUMS = ("interpolation", "majoring", "minoring")


class AUC(Metric):
    """The area under the ROC or a precision-recall curve, over thresholds.

    Args:
      num_thresholds: how many thresholds the curve has. Defaults to 200.
      curve: `"ROC"`, `"PR"` or `"PRGAIN"`, the gains of precision and recall over saying yes always.
      summation_method: `"interpolation"`, or `"majoring"` or `"minoring"` for steps above or below.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.
      thresholds: None, or the thresholds between 0 and 1, in the place of `num_thresholds`.
      multi_label: whether every place of the last axis has a curve of its own, whose areas are averaged.
      num_labels: None, or the extent of that axis.
      label_weights: None, or the weight of each label.
      from_logits: whether predictions are logits.

    Raises:
      ValueError: one of them is none of these.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.AUC(num_thresholds=3)
      >>> metric.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
      >>> metric.result()
      0.75
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if str(curve).upper() not in ("ROC", "PR", "PRGAIN"):
            raise ValueError(f"AUC: curve is {curve!r}; expected 'ROC', 'PR' or 'PRGAIN'")
        if str(summation_method).lower() not in _SUMS:
            raise ValueError(f"AUC: summation_method is {summation_method!r}; expected one of {list(_SUMS)}")
        integers(self, 1, or_none=True, num_labels=num_labels)
        if thresholds is None:
            integers(self, 2, num_thresholds=num_thresholds)
            inner = np.linspace(0.0, 1.0, num_thresholds)[1:-1]
        else:
            inner = np.sort(_numbers("thresholds", thresholds))
        self._given = thresholds is not None
        self.num_thresholds = len(inner) + 2
        self._thresholds = np.array([-epsilon(), *inner, 1.0 + epsilon()])
        self.curve, self.summation_method = str(curve).upper(), str(summation_method).lower()
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = None if label_weights is None else _numbers("label_weights", label_weights)
        self._from_logits = from_logits
        self._counts: Any = None

    @property
    def thresholds(self) -> list[float]:
        """The thresholds, with one below 0 and one above 1."""
        return [float(t) for t in self._thresholds]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_pred = floats(y_pred)
        if self._from_logits:
            y_pred = ops.sigmoid(y_pred)
        if not self.multi_label:
            found = counts_at(
                self._thresholds, y_true, y_pred, sample_weight, label_weights=self.label_weights
            )
            counts = np.array(found)
        else:
            if y_pred.ndim != 2:
                raise ValueError(
                    f"AUC: y_pred has shape {y_pred.shape}; expected (N, labels) with multi_label"
                )
            labels = range(y_pred.shape[1])
            each = [counts_at(self._thresholds, y_true, y_pred, sample_weight, class_id=i) for i in labels]
            counts = np.stack([np.array(found) for found in each], -1)  # (4, thresholds, labels)
        self._counts = counts if self._counts is None else self._counts + counts

    def reset_state(self) -> None:
        self._counts = None

    def _terms(self) -> Any:
        tp, fp, tn, fn = self._counts
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated(tp, fp, fn)
        recall = ratio(tp, tp + fn)
        if self.curve == "PRGAIN":
            x, y = _gains(tp, fp, tn, fn)
        else:
            x, y = (ratio(fp, fp + tn), recall) if self.curve == "ROC" else (recall, ratio(tp, tp + fp))
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2.0
        else:
            heights = (np.minimum if self.summation_method == "minoring" else np.maximum)(y[:-1], y[1:])
        return (x[:-1] - x[1:]) * heights

    def result(self) -> float:
        if self._counts is None:
            return 0.0
        areas = np.sum(self._terms(), 0)
        if self.multi_label and self.label_weights is not None:
            return float(ratio(np.sum(areas * self.label_weights), np.sum(self.label_weights)))
        return float(np.mean(areas))

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "from_logits": self._from_logits,
        }
        return {**config, "thresholds": self.thresholds[1:-1]} if self._given else config


def _numbers(argument: str, given: Any) -> Any:
    try:
        found = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"AUC: {argument} is {given!r}; expected a list of numbers") from None
    if found.ndim != 1:
        raise ValueError(f"AUC: {argument} is {given!r}; expected a list of numbers")
    return found


def _gains(tp: Any, fp: Any, tn: Any, fn: Any) -> tuple[Any, Any]:
    """Recall and precision as gains; without a true positive, where both diverge, they are 0 and 1.

    P. Flach and M. Kull, "Precision-Recall-Gain Curves", NIPS 2015.
    """
    odds = ratio(tp + fn, tn + fp)
    recall = np.where(tp == 0, 0.0, 1.0 - odds * ratio(fn, tp))
    return np.maximum(recall, 0.0), 1.0 - odds * ratio(fp, tp)


def _interpolated(tp: Any, fp: Any, fn: Any) -> Any:
    """The area of each piece under a precision-recall curve, true positives growing linearly in positives.

    J. Davis and M. Goadrich, "The relationship between Precision-Recall and ROC curves", ICML 2006.
    """
    positives = tp + fp
    slope = ratio(tp[:-1] - tp[1:], np.maximum(positives[:-1] - positives[1:], 0))
    start = tp[1:] - slope * positives[1:]
    both = (positives[:-1] > 0) & (positives[1:] > 0)
    grown = np.where(both, ratio(positives[:-1], np.maximum(positives[1:], 0)), 1.0)
    return ratio(slope * (tp[:-1] - tp[1:] + start * np.log(grown)), np.maximum(tp[1:] + fn[1:], 0))
