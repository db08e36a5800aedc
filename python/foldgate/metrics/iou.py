"""How far predicted regions overlap with labelled ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate._checks import axes, integers, members, numbers
from foldgate._defaults import epsilon
from foldgate.metrics._arrays import array
from foldgate.metrics.metric import Metric

_MOST_CLASSES = 1 << 16  # whose counts, every class against every other, take 34 GB


def _check_classes(metric: Any, num_classes: int) -> None:
    integers(metric, 1, num_classes=num_classes)
    if num_classes > _MOST_CLASSES:
        raise ValueError(
            f"{type(metric).__name__}: num_classes is {num_classes}; expected at most {_MOST_CLASSES}"
        )


class IoU(Metric):
    """The mean over some classes of intersection over union: true positives over all that is or is called so.

    Args:
      num_classes: how many classes there are.
      target_class_ids: those that count.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.
      ignore_class: None, or a label that does not count.
      sparse_y_true: whether labels are classes rather than one-hot.
      sparse_y_pred: whether predictions are classes rather than scores.
      axis: of one-hot labels and of scores.

    Raises:
      ValueError: a target is not a class.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.IoU(2, [0])
      >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
      >>> round(metric.result(), 4)
      0.3333
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        _check_classes(self, num_classes)
        integers(self, None, or_none=True, ignore_class=ignore_class)
        axes(self, axis=axis)
        integers(self, 0, **members(self, target_class_ids=target_class_ids))
        if not len(target_class_ids):
            raise ValueError(f"{type(self).__name__}: target_class_ids is empty; expected one class or more")
        if max(target_class_ids) >= num_classes or min(target_class_ids) < 0:
            raise ValueError(
                f"{type(self).__name__}: target_class_ids is {list(target_class_ids)}; expected 0 to "
                f"{num_classes - 1}"
            )
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = np.zeros((num_classes, num_classes))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = array(y_true), array(y_pred)
        y_true = (y_true if self.sparse_y_true else y_true.argmax(self.axis)).ravel().astype(np.int64)
        y_pred = (y_pred if self.sparse_y_pred else y_pred.argmax(self.axis)).ravel().astype(np.int64)
        weights = np.asarray(1.0 if sample_weight is None else sample_weight, np.float64)
        weights = np.broadcast_to(weights.ravel() if weights.ndim else weights, y_true.shape)
        n = self.num_classes
        counted = (y_true >= 0) & (y_true < n) & (y_pred >= 0) & (y_pred < n)
        if self.ignore_class is not None:
            counted &= y_true != self.ignore_class
        places = (y_true * n + y_pred)[counted]
        self.total_cm = self.total_cm + np.bincount(places, weights[counted], n * n).reshape(n, n)

    def result(self) -> float:
        right = np.diag(self.total_cm)
        union = self.total_cm.sum(0) + self.total_cm.sum(1) - right
        right, union = right[self.target_class_ids], union[self.target_class_ids]
        there = union > 1e-9
        shares = np.where(there, right / (union + epsilon()), 0.0)
        return float(shares.sum() / (np.count_nonzero(there) + epsilon()))

    def reset_state(self) -> None:
        self.total_cm = np.zeros_like(self.total_cm)

    def _config(self, *names: str) -> dict[str, Any]:
        return {**Metric.get_config(self), **{name: getattr(self, name) for name in names}}

    def get_config(self) -> dict[str, Any]:
        return self._config(
            "num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis"
        )


class BinaryIoU(IoU):
    """`IoU` of two classes, predictions being at least the threshold or below it.

    Args:
      target_class_ids: the classes that count.
      threshold: from which on a prediction is class 1.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.BinaryIoU(threshold=0.3)
      >>> metric.update_state([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
      >>> round(metric.result(), 4)
      0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        numbers(self, "(-inf, inf)", threshold=threshold)
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, array(y_pred) >= self.threshold, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return self._config("target_class_ids", "threshold")


class MeanIoU(IoU):
    """`IoU` of all classes.

    Args:
      num_classes: how many classes there are.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.
      ignore_class, sparse_y_true, sparse_y_pred, axis: as in `IoU`.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.MeanIoU(2)
      >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
      >>> round(metric.result(), 4)
      0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        _check_classes(self, num_classes)  # before their numbers are listed
        ids = range(num_classes)
        super().__init__(num_classes, ids, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")


class OneHotIoU(IoU):
    """`IoU` of one-hot labels and scores.

    Args:
      num_classes: how many classes there are.
      target_class_ids: those that count.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.
      ignore_class, sparse_y_pred, axis: as in `IoU`.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.OneHotIoU(2, [0])
      >>> metric.update_state([[1, 0], [0, 1]], [[0.75, 0.25], [0.25, 0.75]])
      >>> round(metric.result(), 4)
      1.0
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config("num_classes", "target_class_ids", "ignore_class", "sparse_y_pred", "axis")


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot labels and scores.

    Args:
      num_classes: how many classes there are.
      name: None for one from the class.
      dtype: has no meaning here: counts are float64.
      ignore_class, sparse_y_pred, axis: as in `IoU`.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.OneHotMeanIoU(2)
      >>> metric.update_state([[1, 0], [0, 1]], [[0.75, 0.25], [0.25, 0.75]])
      >>> round(metric.result(), 4)
      1.0
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config("num_classes", "ignore_class", "sparse_y_pred", "axis")
