"""Losses of how far two regions overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._defaults import epsilon
from foldgate.losses._inputs import pair


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred)).

    Args:
      y_true: 0 or 1.
      y_pred: the predictions, of a shape that broadcasts with theirs.
      axis: the axes of a region; None for all, which gives one number.

    Returns:
      One loss a region.

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> round(float(losses.dice([[1.0, 0.0]], [[1.0, 1.0]])), 4)
      0.3333
    """
    y_true, y_pred = pair("dice", y_true, y_pred)
    both = np.sum(y_true * y_pred, axis)
    return 1.0 - 2.0 * both / (np.sum(y_true, axis) + np.sum(y_pred, axis) + epsilon())


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """1 - both / (both + alpha missed + beta wrong).

    both = sum(y_true y_pred), missed = sum(y_true (1 - y_pred)), wrong = sum(y_pred (1 - y_true)).

    Args:
      y_true: 0 or 1.
      y_pred: the predictions, of a shape that broadcasts with theirs.
      alpha: the weight of what is missed.
      beta: the weight of what is found wrongly.
      axis: the axes of a region; None for all, which gives one number.

    Returns:
      One loss a region.

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> round(float(losses.tversky([[1.0, 0.0]], [[1.0, 1.0]], beta=1.0)), 4)
      0.5
    """
    y_true, y_pred = pair("tversky", y_true, y_pred)
    both = np.sum(y_true * y_pred, axis)
    missed, wrong = np.sum((1.0 - y_pred) * y_true, axis), np.sum(y_pred * (1.0 - y_true), axis)
    return 1.0 - both / (both + missed * alpha + wrong * beta + epsilon())
