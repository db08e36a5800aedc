"""Metrics: masks, states, metrics of one's own, and what wrong use says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import metrics
from foldgate._masks import set_mask


def test_masks_and_weights() -> None:
    y_true, y_pred = np.zeros((2, 3, 1)), np.array([[[1.0], [2.0], [9.0]], [[3.0], [9.0], [9.0]]])
    set_mask(y_pred, np.array([[True, True, False], [True, False, False]]))
    metric = metrics.MeanAbsoluteError()
    metric.update_state(y_true, y_pred)
    # a sample's values and weights are both averaged over its steps: (1 + 2) / 3 + 3 / 3 over 2 / 3 + 1 / 3
    assert metric.result() == pytest.approx(2.0)


def test_tensors_are_taken_without_a_record() -> None:
    metric, x = metrics.MeanSquaredError(), foldgate.Variable(np.ones((2, 2)))
    with foldgate.GradientTape() as tape:
        y = x * 3.0
        metric.update_state(np.zeros((2, 2)), y)
        loss = np.sum(y)
    assert metric.result() == 9.0
    np.testing.assert_array_equal(tape.gradient(loss, x), np.full((2, 2), 3.0))


def test_a_metric_of_metrics_resets_both() -> None:
    class Outer(metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="outer")
            self.seen = self.add_weight(name="seen", initializer="zeros")
            self.inner = metrics.AUC()

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.seen.assign_add(1.0)

        def result(self) -> float:
            return float(self.seen)

    metric = Outer()
    assert metric(0, 0) == 1.0 and metric(0, 0) == 2.0
    assert len(metric.variables) == 1
    metric.reset_state()
    assert metric.result() == 0.0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: metrics.get("acuracy"), ValueError, "'acuracy' is not known"),
        (lambda: metrics.Precision(thresholds=2.0), ValueError, "Precision: thresholds is 2"),
        (lambda: metrics.AUC(curve="XY"), ValueError, "AUC: curve is 'XY'"),
        (lambda: metrics.AUC(summation_method="most"), ValueError, "summation_method is 'most'"),
        (lambda: metrics.AUC(num_thresholds=1), ValueError, "num_thresholds is 1"),
        (lambda: metrics.F1Score("mean"), ValueError, "F1Score: average is 'mean'"),
        (lambda: metrics.MeanIoU(2**70), ValueError, "MeanIoU: num_classes is 1180591620717411303424"),
        (lambda: metrics.IoU(2**17, [0]), ValueError, "IoU: num_classes is 131072; expected at most 65536"),
        (lambda: metrics.IoU(2, [2]), ValueError, "IoU: target_class_ids"),
        (lambda: metrics.R2Score("best"), ValueError, "class_aggregation is 'best'"),
        (lambda: metrics.PrecisionAtRecall(2.0), ValueError, "PrecisionAtRecall: recall is 2"),
        (lambda: metrics.Recall()(np.ones(3), np.ones(4)), ValueError, r"\(3,\).*\(4,\)"),
        (lambda: metrics.Recall(class_id=1)(np.ones(3), np.ones(3)), ValueError, "class_id is 1 and y_pred"),
        (lambda: metrics.Recall(class_id=2)(*[np.ones((3, 2))] * 2), ValueError, "class_id is 2 and y_pred"),
        (lambda: metrics.F1Score()(np.ones(3), np.ones(3)), ValueError, "F1Score: y_true has shape"),
        (lambda: metrics.R2Score()(np.ones(3), np.ones(3)), ValueError, "R2Score: y_true has shape"),
        (lambda: metrics.Metric().update_state(), NotImplementedError, "update_state"),
        (lambda: metrics.Metric().result(), NotImplementedError, "result"),
    ],
)
def test_wrong_use(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
