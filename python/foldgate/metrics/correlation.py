"""How far predictions rise and fall with what is true."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._checks import axes
from foldgate._defaults import epsilon
from foldgate.losses._inputs import pair
from foldgate.metrics.mean import MeanMetricWrapper


def pearson_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """The covariance over the product of both standard deviations: -1 to 1.

    Args:
      y_true: what is true.
      y_pred: of the same shape.
      axis: over which; several at once in a tuple. Defaults to -1.

    Returns:
      One number a sample, without `axis`; NaN where one side is constant.

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> from foldgate import metrics
      >>> metrics.pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).round(4)
      array([1.], dtype=float32)
    """
    a, b = pair("pearson_correlation", y_true, y_pred)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = [(x - np.mean(x, axis, keepdims=True)) / np.std(x, axis, keepdims=True) for x in (a, b)]
    return np.mean(shares[0] * shares[1], axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """2 covariance / (both variances + (the difference of the means)^2): 1 where both are the same.

    Args:
      y_true: what is true.
      y_pred: of the same shape.
      axis: over which; several at once in a tuple. Defaults to -1.

    Returns:
      One number a sample, without `axis`.

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> from foldgate import metrics
      >>> metrics.concordance_correlation([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]]).round(4)
      array([0.5714], dtype=float32)
    """
    a, b = pair("concordance_correlation", y_true, y_pred)
    means = [np.mean(x, axis, keepdims=True) for x in (a, b)]
    spread = np.var(a, axis, keepdims=True) + np.var(b, axis, keepdims=True) + (means[0] - means[1]) ** 2
    return np.mean(2.0 * (a - means[0]) * (b - means[1]) / (spread + epsilon()), axis)


class _Correlation(MeanMetricWrapper):
    _direction = "up"
    _function: Any = None

    def __init__(self, name: str | None, dtype: Any, axis: Any) -> None:
        axes(self, axis=axis)
        super().__init__(type(self)._function, name=name, dtype=dtype, axis=axis)
        self.axis = axis


class PearsonCorrelation(_Correlation):
    """The mean of `pearson_correlation`.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.
      axis: over which; several at once in a tuple. Defaults to -1.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.PearsonCorrelation()
      >>> metric.update_state([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]])
      >>> round(metric.result(), 4)
      0.9967
    """

    _function = staticmethod(pearson_correlation)

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: Any = -1) -> None:
        super().__init__(name, dtype, axis)


class ConcordanceCorrelation(_Correlation):
    """The mean of `concordance_correlation`.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.
      axis: over which; several at once in a tuple. Defaults to -1.

    Example:
      >>> from foldgate import metrics
      >>> metric = metrics.ConcordanceCorrelation()
      >>> metric.update_state([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]])
      >>> round(metric.result(), 4)
      0.9816
    """

    _function = staticmethod(concordance_correlation)

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: Any = -1
    ) -> None:
        super().__init__(name, dtype, axis)
