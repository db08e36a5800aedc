"""The share of the variance that is explained."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._checks import integers
from foldgate.losses._inputs import same_rank
from foldgate.metrics._arrays import array
from foldgate.metrics.metric import Metric

_WAYS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """1 - the sum of squared errors over that of squared distances from the mean.

    Args:
      class_aggregation: `"uniform_average"` for the mean over the last axis, `"variance_weighted_average"`
        for one by variance, None for one score each.
      num_regressors: 0, or the number of predictors that the score is adjusted for.
      name: of the metric.
      dtype: has no meaning here: sums are float64.

    Raises:
      ValueError: one of them is none of these; when it is updated: labels have not two axes.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.R2Score()
      >>> metric.update_state([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
      >>> round(metric.result(), 4)
      0.5714
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in _WAYS:
            raise ValueError(f"R2Score: class_aggregation is {class_aggregation!r}; expected one of {_WAYS}")
        integers(self, 0, num_regressors=num_regressors)
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.reset_state()

    def reset_state(self) -> None:
        self._sums: Any = 0.0
        self._samples = 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = same_rank(array(y_true), array(y_pred))
        if y_true.ndim != 2 or y_true.shape != y_pred.shape:
            raise ValueError(
                f"R2Score: y_true has shape {y_true.shape} and y_pred {y_pred.shape}; expected (N, outputs)"
            )
        y_true, y_pred = y_true.astype(np.float64), y_pred.astype(np.float64)
        weights = np.asarray(1.0 if sample_weight is None else sample_weight, np.float64)
        weights = np.broadcast_to(weights[:, None] if weights.ndim == 1 else weights, y_true.shape)
        parts = (weights, y_true * weights, y_true**2 * weights, (y_true - y_pred) ** 2 * weights)
        self._sums = self._sums + np.array([part.sum(0) for part in parts])
        self._samples += y_true.size

    def result(self) -> Any:
        if not self._samples:
            return 0.0
        count, total, squares, errors = self._sums
        spread = squares - total * (total / count)
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = 1.0 - errors / spread
        scores = np.where(np.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = float(np.mean(scores))
        elif self.class_aggregation == "variance_weighted_average":
            scores = float(np.sum(spread * scores) / np.sum(spread))
        freedom = self._samples - self.num_regressors - 1
        if self.num_regressors and freedom > 0:
            scores = 1.0 - (1.0 - scores) * (self._samples - 1) / freedom
        return scores

    def get_config(self) -> dict[str, Any]:
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}
