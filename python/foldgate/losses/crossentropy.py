"""Cross-entropies of classes and of yes or no.

Of logits, or of probabilities that a softmax or sigmoid has just made on the tape, they are the fused ops;
of other probabilities the logarithm of what is clipped to [epsilon, 1 - epsilon].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import ops
from foldgate._checks import flags
from foldgate._defaults import epsilon
from foldgate._logits import logits_of
from foldgate._masks import set_mask
from foldgate._tape import Tensor
from foldgate.losses._inputs import equal_pair, prediction
from foldgate.losses.loss import takes_ids


def smoothed(name: str, y_true: Any, label_smoothing: float, classes: float) -> Any:
    """Labels drawn towards 1 / classes."""
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing is {label_smoothing}; expected 0 to 1")
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes if label_smoothing else y_true


def clipped(probabilities: Any) -> Any:
    """Probabilities away from 0 and 1, so that their logarithms are finite."""
    return np.clip(probabilities, epsilon(), 1.0 - epsilon())


def _logits(activation: str, y_pred: Any, from_logits: bool) -> Any:
    return y_pred if from_logits else logits_of(activation, y_pred)


def _last(x: Any, axis: int) -> Any:
    """x with the axis of the classes last."""
    return x if axis in (-1, x.ndim - 1) else np.moveaxis(x, axis, -1)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """The cross-entropy of probabilities with one-hot (or other) labels.

    Args:
      y_true: (..., K), the probability of each class.
      y_pred: (..., K), probabilities, scaled to sum up to 1, or logits.
      from_logits: whether `y_pred` are logits.
      label_smoothing: 0 to 1: how far labels are drawn towards 1 / K.
      axis: of the classes.

    Returns:
      One loss a sample, (...).

    Raises:
      ValueError: the shapes differ, or `label_smoothing` is outside its range.

    Example:
      >>> from foldgate import losses
      >>> losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
      array([0.6931], dtype=float32)
    """
    name = "categorical_crossentropy"
    flags(name, from_logits=from_logits)
    y_true, y_pred = equal_pair(name, y_true, y_pred)
    y_true = smoothed(name, y_true, label_smoothing, y_pred.shape[-1])
    logits = _logits("softmax", y_pred, from_logits)
    if logits is not None and not isinstance(y_true, Tensor):
        return ops.softmax_cross_entropy(_last(logits, axis), np.ascontiguousarray(_last(y_true, axis)))[0]
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    shares = y_pred / np.sum(y_pred, axis, keepdims=True)
    return -np.sum(y_true * np.log(clipped(shares)), axis)


@takes_ids
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """The cross-entropy of probabilities with classes.

    Args:
      y_true: (...) or (..., 1), classes from 0 to K - 1.
      y_pred: (..., K), probabilities, scaled to sum up to 1, or logits.
      from_logits: whether `y_pred` are logits.
      ignore_class: None, or a label whose samples have no loss, and do not count in a mean.
      axis: of the classes.

    Returns:
      One loss a sample, (...).

    Raises:
      ValueError: the shapes do not fit.
      IndexError: a label is not a class.

    Example:
      >>> from foldgate import losses
      >>> losses.sparse_categorical_crossentropy([1, 0], [[0.5, 0.5], [0.25, 0.75]]).round(4)
      array([0.6931, 1.3863], dtype=float32)
    """
    name = "sparse_categorical_crossentropy"
    flags(name, from_logits=from_logits)
    y_pred = prediction(y_pred)
    labels = class_ids(name, y_true, y_pred, axis)
    logits = _logits("softmax", y_pred, from_logits)
    if logits is not None:
        loss = ops.softmax_cross_entropy(_last(logits, axis), labels, ignore_index=ignore_class)[0]
    else:
        loss = _of_shares(name, labels, _last(y_pred, axis), ignore_class)
    if ignore_class is not None:
        set_mask(loss, labels != ignore_class)
    return loss


def class_ids(name: str, y_true: Any, y_pred: Any, axis: int) -> Any:
    """Labels as integers, of the shape of the losses."""
    labels = y_true.numpy() if isinstance(y_true, Tensor) else np.asarray(y_true)
    if y_pred.ndim < 1 or not -y_pred.ndim <= axis < y_pred.ndim:
        raise ValueError(f"{name}: y_pred has shape {y_pred.shape}; expected an axis {axis} of classes")
    if labels.ndim == y_pred.ndim and labels.shape[axis] == 1:
        labels = labels.squeeze(axis)
    place = axis % y_pred.ndim
    expected = y_pred.shape[:place] + y_pred.shape[place + 1 :]
    if labels.shape != expected:
        raise ValueError(
            f"{name}: y_true has shape {labels.shape}; expected {expected}, as y_pred has {y_pred.shape}"
        )
    return labels if labels.dtype.kind in "iu" else labels.astype(np.int64)


def _of_shares(name: str, labels: Any, y_pred: Any, ignore_class: int | None) -> Any:
    classes = y_pred.shape[-1]
    kept = np.ones(labels.shape, np.bool_) if ignore_class is None else labels != ignore_class
    ids = np.where(kept, labels, 0).ravel()
    if ids.size and not 0 <= ids.min() <= ids.max() < classes:
        wrong = ids[(ids < 0) | (ids >= classes)][0]
        raise IndexError(f"{name}: y_true has the label {wrong}; expected 0 to {classes - 1}")
    rows = np.reshape(y_pred, (-1, classes))
    shares = rows[np.arange(len(ids)), ids] / np.sum(rows, 1)
    loss = np.reshape(-np.log(clipped(shares)), labels.shape)
    return loss if ignore_class is None else np.where(kept, loss, 0.0)


def binary_values(y_true: Any, y_pred: Any, from_logits: bool) -> Any:
    """The binary cross-entropy of every value."""
    logits = _logits("sigmoid", y_pred, from_logits)
    if logits is not None and not isinstance(y_true, Tensor):
        return ops.sigmoid_cross_entropy(logits, np.ascontiguousarray(y_true))
    if from_logits:
        y_pred = ops.sigmoid(y_pred)
    share = clipped(y_pred)
    return -(y_true * np.log(share) + (1.0 - y_true) * np.log(1.0 - share))


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """The mean binary cross-entropy of a sample's values.

    Args:
      y_true: 0 or 1, or probabilities.
      y_pred: of the same shape, probabilities or logits.
      from_logits: whether `y_pred` are logits.
      label_smoothing: 0 to 1: how far labels are drawn towards 0.5.
      axis: that the mean is taken over.

    Returns:
      One loss a sample, without `axis`.

    Raises:
      ValueError: the shapes differ, or `label_smoothing` is outside its range.

    Example:
      >>> from foldgate import losses
      >>> losses.binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
      array([0.6931], dtype=float32)
    """
    name = "binary_crossentropy"
    flags(name, from_logits=from_logits)
    y_true, y_pred = equal_pair(name, y_true, y_pred)
    y_true = smoothed(name, y_true, label_smoothing, 2.0)
    return np.mean(binary_values(y_true, y_pred, from_logits), axis)
