"""Cross-entropies that weigh what is already known well less."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import ops
from foldgate._checks import flags
from foldgate.losses._inputs import equal_pair
from foldgate.losses.crossentropy import binary_values, clipped, smoothed


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """sum(-alpha (1 - p)^gamma y log p) over the classes.

    Args:
      y_true: (..., K), the probability of each class.
      y_pred: (..., K), probabilities, scaled to sum up to 1, or logits.
      alpha: a factor, or one a class.
      gamma: how much what is known well counts less.
      from_logits: whether `y_pred` are logits.
      label_smoothing: 0 to 1: how far labels are drawn towards 1 / K.
      axis: of the classes.

    Returns:
      One loss a sample, (...).

    Raises:
      ValueError: the shapes differ, or `label_smoothing` is outside its range.

    Example:
      >>> from foldgate import losses
      >>> losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
      array([0.0433], dtype=float32)
    """
    name = "categorical_focal_crossentropy"
    flags(name, from_logits=from_logits)
    y_true, y_pred = equal_pair(name, y_true, y_pred)
    y_true = smoothed(name, y_true, label_smoothing, y_pred.shape[-1])
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    share = clipped(y_pred / np.sum(y_pred, axis, keepdims=True))
    weight = np.power(1.0 - share, gamma) * np.asarray(alpha, y_pred.dtype)
    return np.sum(weight * (-y_true * np.log(share)), axis)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """The mean of (1 - q)^gamma times the binary cross-entropy, q being the probability of what is true.

    Args:
      y_true: 0 or 1, or probabilities.
      y_pred: of the same shape, probabilities or logits.
      apply_class_balancing: whether ones weigh `alpha` and zeros 1 - `alpha`.
      alpha: see there.
      gamma: how much what is known well counts less.
      from_logits: whether `y_pred` are logits.
      label_smoothing: 0 to 1: how far labels are drawn towards 0.5.
      axis: that the mean is taken over.

    Returns:
      One loss a sample, without `axis`.

    Raises:
      ValueError: the shapes differ, or `label_smoothing` is outside its range.

    Example:
      >>> from foldgate import losses
      >>> losses.binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
      array([0.1733], dtype=float32)
    """
    name = "binary_focal_crossentropy"
    flags(name, from_logits=from_logits)
    y_true, y_pred = equal_pair(name, y_true, y_pred)
    y_true = smoothed(name, y_true, label_smoothing, 2.0)
    if from_logits:
        y_pred = ops.sigmoid(y_pred)
    right = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    values = np.power(1.0 - right, gamma) * binary_values(y_true, y_pred, False)
    if apply_class_balancing:
        values = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * values
    return np.mean(values, axis)
