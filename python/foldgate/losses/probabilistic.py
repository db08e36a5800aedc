"""Distances of distributions and of counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._defaults import epsilon
from foldgate.losses._inputs import pair


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """The sum of y_true log(y_true / y_pred) over the last axis, of probabilities from epsilon to 1.

    Args:
      y_true: the labels.
      y_pred: the predictions, of a shape that broadcasts with theirs.

    Returns:
      One loss a sample.

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
      array([0.1438], dtype=float32)
    """
    y_true, y_pred = pair("kl_divergence", y_true, y_pred)
    y_true, y_pred = np.clip(y_true, epsilon(), 1.0), np.clip(y_pred, epsilon(), 1.0)
    return np.sum(y_true * np.log(y_true / y_pred), -1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """The mean of y_pred - y_true log(y_pred) over the last axis. Arguments as of `kl_divergence`.

    Example:
      >>> from foldgate import losses
      >>> losses.poisson([[1.0, 0.0]], [[1.0, 3.0]]).round(4)
      array([2.], dtype=float32)
    """
    y_true, y_pred = pair("poisson", y_true, y_pred)
    return np.mean(y_pred - y_true * np.log(y_pred + epsilon()), -1)
