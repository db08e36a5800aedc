"""Focal cross-entropies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate._checks import axes, members, numbers
from foldgate.losses.focal import binary_focal_crossentropy, categorical_focal_crossentropy
from foldgate.losses.loss import LossFunctionWrapper


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """The cross-entropy of yes or no, what is known well counting less.

    Args:
      apply_class_balancing: whether ones weigh `alpha` and zeros 1 - `alpha`.
      alpha: the weight of a class.
      gamma: how much what is known well counts less.
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
      >>> round(float(losses.BinaryFocalCrossentropy()([[1.0]], [[0.5]])), 4)
      0.1733
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        numbers(self, "[0, 1]", alpha=alpha, label_smoothing=label_smoothing)
        numbers(self, "[0, inf)", gamma=gamma)
        axes(self, axis=axis)
        super().__init__(
            binary_focal_crossentropy,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            reduction=reduction,
            name=name,
            dtype=dtype,
        )


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """The cross-entropy of one-hot classes, what is known well counting less.

    Args:
      alpha: a factor, or one a class.
      gamma: how much what is known well counts less.
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
      >>> round(float(losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
      0.0433
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        of_each = {"alpha": alpha} if np.ndim(alpha) == 0 else members(self, alpha=alpha)
        numbers(self, "[0, inf)", **of_each)
        numbers(self, "[0, 1]", label_smoothing=label_smoothing)
        numbers(self, "[0, inf)", gamma=gamma)
        axes(self, axis=axis)
        super().__init__(
            categorical_focal_crossentropy,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            reduction=reduction,
            name=name,
            dtype=dtype,
        )
