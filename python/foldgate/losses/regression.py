"""Distances of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from foldgate._checks import numbers
from foldgate._defaults import epsilon
from foldgate._tape import Tensor, record_linear, settled
from foldgate.losses._inputs import pair, target
from foldgate.losses.loss import whole_by


def _mean_of_squares(y_true: Any, y_pred: Any, axis: int | None) -> Any:
    """One node, of derivative 2 (y_pred - y_true) / D, which can be differentiated as often as any."""
    array = y_pred.numpy()
    if isinstance(y_true, Tensor) or y_true.shape != array.shape or not (array.size and array.ndim):
        return None
    error = array - y_true
    count = array.size if axis is None else array.shape[-1]

    def pullback(dz: Any) -> Any:
        (settled_pred,) = settled(y_pred)  # a Tensor where this gradient is recorded itself
        error = settled_pred - y_true
        if axis is None and type(error) is np.ndarray and not isinstance(dz, Tensor):
            error *= float(dz) * (2.0 / count)  # a number of NumPy would make an array of itself
            return error
        factor = dz * (2.0 / count)
        if axis is not None:
            factor = np.expand_dims(factor, -1)
        return error * factor

    error *= error
    found = np.asarray(np.add.reduce(error, axis) / count)
    del error
    made = record_linear(found, y_pred, pullback)
    return None if made is found else made


def mean_of_all_squares(y_true: Any, y_pred: Any) -> Any:
    """The mean of `mean_squared_error` over the batch as one node; None where it is not as simple as that."""
    if y_true.dtype is not y_pred.dtype:
        y_true = target(y_true, y_pred)
    return _mean_of_squares(y_true, y_pred, None)


@whole_by(mean_of_all_squares)
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of (y_true - y_pred)^2 over the last axis.

    Args:
      y_true: the labels.
      y_pred: the predictions, of a shape that broadcasts with theirs.

    Returns:
      One loss a sample.

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> losses.mean_squared_error([[0.0, 1.0]], [[2.0, 1.0]])
      array([2.], dtype=float32)
    """
    y_true, y_pred = pair("mean_squared_error", y_true, y_pred)
    if isinstance(y_pred, Tensor):
        losses = _mean_of_squares(y_true, y_pred, -1)
        if losses is not None:
            return losses
    return np.mean(np.square(y_true - y_pred), -1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of |y_true - y_pred| over the last axis. Arguments as of `mean_squared_error`.

    Example:
      >>> from foldgate import losses
      >>> losses.mean_absolute_error([[0.0, 1.0]], [[2.0, 1.0]])
      array([1.], dtype=float32)
    """
    y_true, y_pred = pair("mean_absolute_error", y_true, y_pred)
    return np.mean(np.abs(y_true - y_pred), -1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of 100 |y_true - y_pred| / |y_true| over the last axis. Arguments as of `mean_squared_error`.

    Example:
      >>> from foldgate import losses
      >>> losses.mean_absolute_percentage_error([[2.0, 1.0]], [[1.0, 1.0]])
      array([25.], dtype=float32)
    """
    y_true, y_pred = pair("mean_absolute_percentage_error", y_true, y_pred)
    return 100.0 * np.mean(np.abs((y_true - y_pred) / np.maximum(np.abs(y_true), epsilon())), -1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of (log(1 + y_true) - log(1 + y_pred))^2 over the last axis, of numbers from 0 up.

    Arguments as of `mean_squared_error`; numbers below epsilon count as epsilon.

    Example:
      >>> import numpy as np
      >>> from foldgate import losses
      >>> losses.mean_squared_logarithmic_error([[np.e - 1.0]], [[0.0]]).round(4)
      array([1.], dtype=float32)
    """
    y_true, y_pred = pair("mean_squared_logarithmic_error", y_true, y_pred)
    first, second = (np.log(np.maximum(y, epsilon()) + 1.0) for y in (y_pred, y_true))
    return np.mean(np.square(first - second), -1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """The mean of e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2, e being the error.

    Args:
      y_true: the labels.
      y_pred: the predictions, of a shape that broadcasts with theirs.
      delta: where the square becomes a line.

    Returns:
      One loss a sample.

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> losses.huber([[0.0, 0.0]], [[1.0, 3.0]])
      array([1.5], dtype=float32)
    """
    numbers("huber", "(0, inf)", delta=delta)
    y_true, y_pred = pair("huber", y_true, y_pred)
    error = y_pred - y_true
    size = np.abs(error)
    return np.mean(np.where(size <= delta, 0.5 * np.square(error), delta * size - 0.5 * delta * delta), -1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """The mean of log(cosh(y_pred - y_true)) over the last axis. Arguments as of `mean_squared_error`.

    Example:
      >>> from foldgate import losses
      >>> losses.log_cosh([[0.0]], [[1.0]]).round(4)
      array([0.4338], dtype=float32)
    """
    y_true, y_pred = pair("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return np.mean(error + np.logaddexp(-2.0 * error, 0.0) - math.log(2.0), -1)


def unit(x: Any, axis: int) -> Any:
    """x over its length."""
    return x / np.sqrt(np.maximum(np.sum(np.square(x), axis, keepdims=True), epsilon() ** 2))


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between labels and predictions: -1 for the same direction.

    Args:
      y_true: the labels.
      y_pred: the predictions, of a shape that broadcasts with theirs.
      axis: of the vectors.

    Returns:
      One loss a sample.

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> losses.cosine_similarity([[3.0, 4.0]], [[6.0, 8.0]]).round(4)
      array([-1.], dtype=float32)
    """
    y_true, y_pred = pair("cosine_similarity", y_true, y_pred)
    return -np.sum(unit(y_true, axis) * unit(y_pred, axis), axis)
