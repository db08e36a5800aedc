"""Losses that end where the margin is wide enough."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.losses._inputs import pair


def _signs(y_true: Any) -> Any:
    """Labels of 0 and 1 as -1 and 1; others as they are."""
    return 2.0 * y_true - 1.0 if bool(np.all((y_true == 0) | (y_true == 1))) else y_true


def hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of max(1 - y_true y_pred, 0) over the last axis.

    Args:
      y_true: -1 or 1, or 0 or 1.
      y_pred: the predictions, of a shape that broadcasts with theirs.

    Returns:
      One loss a sample.

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> losses.hinge([[0.0, 1.0]], [[0.5, 0.5]])
      array([1.], dtype=float32)
    """
    y_true, y_pred = pair("hinge", y_true, y_pred)
    return np.mean(np.maximum(1.0 - _signs(y_true) * y_pred, 0.0), -1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of max(1 - y_true y_pred, 0)^2 over the last axis. Arguments as of `hinge`.

    Example:
      >>> from foldgate import losses
      >>> losses.squared_hinge([[0.0, 1.0]], [[0.5, 0.5]])
      array([1.25], dtype=float32)
    """
    y_true, y_pred = pair("squared_hinge", y_true, y_pred)
    return np.mean(np.square(np.maximum(1.0 - _signs(y_true) * y_pred, 0.0)), -1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(1 + max((1 - y_true) y_pred) - sum(y_true y_pred), 0) over the last axis.

    Args:
      y_true: 0 or 1 a class.
      y_pred: the predictions, of a shape that broadcasts with theirs.

    Returns:
      One loss a sample.

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> losses.categorical_hinge([[0.0, 1.0]], [[0.5, 0.25]])
      array([1.25], dtype=float32)
    """
    y_true, y_pred = pair("categorical_hinge", y_true, y_pred)
    right, wrong = np.sum(y_true * y_pred, -1), np.max((1.0 - y_true) * y_pred, -1)
    return np.maximum(wrong - right + 1.0, 0.0)
