"""Scores of precision and recall together."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._checks import numbers
from foldgate._defaults import epsilon
from foldgate.metrics._arrays import floats
from foldgate.metrics.metric import Metric


class FBetaScore(Metric):
    """(1 + beta^2) precision recall / (beta^2 precision + recall).

    Args:
      average: None for one score a class, `"micro"` for one of all decisions, `"macro"` for the mean,
        `"weighted"` for the mean by how often classes occur.
      beta: how much more recall counts.
      threshold: None takes the largest prediction of a sample for the decision; else those above it.
      name: of the metric.
      dtype: has no meaning here: counts are float64.

    Raises:
      ValueError: one of them is none of these; when it is updated: predictions have not two axes.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.FBetaScore("micro", beta=2.0, threshold=0.5)
      >>> metric.update_state([[1, 1, 0], [0, 1, 1]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6]])
      >>> round(metric.result(), 3)
      0.75
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        kind = type(self).__name__
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"{kind}: average is {average!r}; expected None, 'micro', 'macro' or 'weighted'")
        numbers(self, "(0, inf)", beta=beta)
        numbers(self, "(0, 1]", or_none=True, threshold=threshold)
        self.average, self.beta, self.threshold = average, beta, threshold
        self._sums: Any = 0.0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = floats(y_true), floats(y_pred)
        if y_true.ndim != 2 or y_pred.shape != y_true.shape:
            raise ValueError(
                f"{type(self).__name__}: y_true has shape {y_true.shape} and y_pred {y_pred.shape}; expected "
                "(N, classes)"
            )
        if self.threshold is None:
            yes = (y_pred >= y_pred.max(-1, keepdims=True)) & (np.abs(y_pred) > 1e-9)
        else:
            yes = y_pred > self.threshold
        weights = 1.0 if sample_weight is None else np.asarray(sample_weight, np.float64).reshape(-1, 1)
        parts = [yes * y_true, yes * (1 - y_true), ~yes * y_true, y_true]
        axis = None if self.average == "micro" else 0
        self._sums = self._sums + np.array([np.sum(part * weights, axis) for part in parts])

    def result(self) -> Any:
        if np.ndim(self._sums) == 0:
            return 0.0
        right, wrong, missed, weights = self._sums
        precision = right / (right + wrong + epsilon())
        recall = right / (right + missed + epsilon())
        square = self.beta**2
        score = (1 + square) * precision * recall / (square * precision + recall + epsilon())
        if self.average == "weighted":
            return float(np.sum(score * weights / (np.sum(weights) + epsilon())))
        return score if self.average is None else float(np.mean(score))

    def reset_state(self) -> None:
        self._sums = 0.0

    def get_config(self) -> dict[str, Any]:
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **own}


class F1Score(FBetaScore):
    """2 precision recall / (precision + recall).

    Args:
      average: as in `FBetaScore`.
      threshold: as in `FBetaScore`.
      name: of the metric.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.F1Score("macro")
      >>> metric.update_state([[1, 0], [0, 1]], [[0.6, 0.4], [0.3, 0.7]])
      >>> round(metric.result(), 4)
      1.0
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        return {key: value for key, value in super().get_config().items() if key != "beta"}
