"""Cross-entropies."""

from __future__ import annotations

from typing import Any

from foldgate._checks import axes, integers, numbers
from foldgate.losses.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from foldgate.losses.loss import LossFunctionWrapper


class BinaryCrossentropy(LossFunctionWrapper):
    """The cross-entropy of yes or no, for a sigmoid.

    Args:
      from_logits: whether predictions are logits rather than probabilities.
      label_smoothing: 0 to 1: how far labels are drawn towards the uniform distribution.
      axis: of the classes, or of the vectors.
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> round(float(losses.BinaryCrossentropy(from_logits=True)([[1.0]], [[0.0]])), 4)
      0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        numbers(self, "[0, 1]", label_smoothing=label_smoothing)
        axes(self, axis=axis)
        super().__init__(
            binary_crossentropy,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            reduction=reduction,
            name=name,
            dtype=dtype,
        )


class CategoricalCrossentropy(LossFunctionWrapper):
    """The cross-entropy of one-hot classes, for a softmax.

    Args:
      from_logits: whether predictions are logits rather than probabilities.
      label_smoothing: 0 to 1: how far labels are drawn towards the uniform distribution.
      axis: of the classes, or of the vectors.
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> round(float(losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
      0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        numbers(self, "[0, 1]", label_smoothing=label_smoothing)
        axes(self, axis=axis)
        super().__init__(
            categorical_crossentropy,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            reduction=reduction,
            name=name,
            dtype=dtype,
        )


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The cross-entropy of classes given as integers, for a softmax.

    Args:
      from_logits: whether predictions are logits rather than probabilities.
      ignore_class: None, or a label whose samples do not count.
      axis: of the classes, or of the vectors.
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> round(float(losses.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
      0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        integers(self, None, or_none=True, ignore_class=ignore_class)
        axes(self, axis=axis)
        super().__init__(
            sparse_categorical_crossentropy,
            from_logits=from_logits,
            ignore_class=ignore_class,
            reduction=reduction,
            axis=axis,
            name=name,
            dtype=dtype,
        )
