"""Means of cross-entropies."""

from __future__ import annotations

from typing import Any

from foldgate._checks import axes, integers, numbers
from foldgate.losses import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from foldgate.metrics.mean import MeanMetricWrapper


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of yes or no.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.
      from_logits: whether predictions are logits.
      label_smoothing: 0 to 1: how far labels are drawn towards the uniform distribution.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.BinaryCrossentropy()
      >>> metric.update_state([[0, 1]], [[0.5, 0.5]])
      >>> round(metric.result(), 4)
      0.6931
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        numbers(self, "[0, 1]", label_smoothing=label_smoothing)
        super().__init__(
            binary_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of one-hot classes.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.
      from_logits: whether predictions are logits.
      label_smoothing: 0 to 1: how far labels are drawn towards the uniform distribution.
      axis: of the classes, or of the vectors.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.CategoricalCrossentropy()
      >>> metric.update_state([[0, 1]], [[0.5, 0.5]])
      >>> round(metric.result(), 4)
      0.6931
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        numbers(self, "[0, 1]", label_smoothing=label_smoothing)
        axes(self, axis=axis)
        super().__init__(
            categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of classes.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.
      from_logits: whether predictions are logits.
      ignore_class: None, or a label whose samples do not count.
      axis: of the classes, or of the vectors.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.SparseCategoricalCrossentropy()
      >>> metric.update_state([1], [[0.5, 0.5]])
      >>> round(metric.result(), 4)
      0.6931
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        integers(self, None, or_none=True, ignore_class=ignore_class)
        axes(self, axis=axis)
        super().__init__(
            sparse_categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
