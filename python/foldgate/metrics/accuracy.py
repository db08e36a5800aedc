"""How often predictions are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._defaults import floatx
from foldgate.losses._inputs import same_rank
from foldgate.metrics._arrays import array


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where labels and predictions are equal, else 0.

    Args:
      y_true: the labels.
      y_pred: the predictions, of their shape.

    Returns:
      Of their shape.

    Example:
      >>> from foldgate import metrics
      >>> metrics.accuracy([1, 2], [1, 3])
      array([1., 0.], dtype=float32)
    """
    y_true, y_pred = same_rank(array(y_true), array(y_pred))
    return np.equal(y_true, y_pred).astype(floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where a prediction is on the label's side of the threshold, else 0.

    Args:
      y_true: 0 or 1.
      y_pred: the predictions, of its shape.
      threshold: above which a prediction counts as 1.

    Returns:
      Of their shape.

    Example:
      >>> from foldgate import metrics
      >>> metrics.binary_accuracy([1.0, 0.0], [0.75, 0.75])
      array([1., 0.], dtype=float32)
    """
    y_true, y_pred = same_rank(array(y_true), array(y_pred))
    return np.equal(y_true, y_pred > threshold).astype(floatx())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is that of the right class, else 0.

    Args:
      y_true: (..., K), one-hot.
      y_pred: (..., K).

    Returns:
      (...).

    Example:
      >>> from foldgate import metrics
      >>> metrics.categorical_accuracy([[0.0, 1.0]], [[0.25, 0.75]])
      array([1.], dtype=float32)
    """
    return np.equal(array(y_true).argmax(-1), array(y_pred).argmax(-1)).astype(floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is that of the right class, else 0.

    Args:
      y_true: (...) or (..., 1), classes.
      y_pred: (..., K).

    Returns:
      (...).

    Example:
      >>> from foldgate import metrics
      >>> metrics.sparse_categorical_accuracy([1], [[0.25, 0.75]])
      array([1.], dtype=float32)
    """
    y_true, y_pred = array(y_true), array(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = y_true[..., 0]
    return np.equal(y_true, y_pred.argmax(-1)).astype(floatx())


def in_top_k(labels: Any, y_pred: Any, k: int) -> Any:
    """Whether fewer than k predictions are larger than the label's; NaN and infinities are not in the top."""
    flat = y_pred.reshape(-1, y_pred.shape[-1])
    ids = labels.reshape(-1).astype(np.int64)
    known = (ids >= 0) & (ids < flat.shape[1])
    own = np.take_along_axis(flat, np.where(known, ids, 0)[:, None], 1)
    inside = np.count_nonzero(flat > own, axis=1) < k
    return (inside & known & np.isfinite(own[:, 0])).reshape(labels.shape).astype(floatx())


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the right class is among the k largest predictions, else 0.

    Args:
      y_true: (..., K), one-hot.
      y_pred: (..., K).
      k: how many predictions count.

    Returns:
      (...).

    Example:
      >>> from foldgate import metrics
      >>> metrics.top_k_categorical_accuracy([[0.0, 1.0, 0.0]], [[0.5, 0.25, 0.125]], k=2)
      array([1.], dtype=float32)
    """
    return in_top_k(array(y_true).argmax(-1), array(y_pred), k)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Any:
    """1 where the right class is among the k largest predictions, else 0.

    Args:
      y_true: (...), classes.
      y_pred: (..., K), or the classes themselves with `from_sorted_ids`, the best first.
      k: how many predictions count.
      from_sorted_ids: see `y_pred`.

    Returns:
      (...).

    Example:
      >>> from foldgate import metrics
      >>> metrics.sparse_top_k_categorical_accuracy([1], [[0.5, 0.25, 0.125]], k=2)
      array([1.], dtype=float32)
    """
    y_true, y_pred = array(y_true), array(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = y_true[..., 0]
    if from_sorted_ids:
        return np.any(y_true[..., None] == y_pred[..., :k], -1).astype(floatx())
    return in_top_k(y_true, y_pred, k)
