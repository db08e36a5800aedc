"""Losses of numbers."""

from __future__ import annotations

from typing import Any

from foldgate._checks import axes, numbers
from foldgate.losses.loss import LossFunctionWrapper
from foldgate.losses.regression import (
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)


class MeanSquaredError(LossFunctionWrapper):
    """The mean of (y_true - y_pred)^2.

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.MeanSquaredError()([[0.0, 1.0]], [[2.0, 1.0]]))
      2.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction=reduction, name=name, dtype=dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of |y_true - y_pred|.

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.MeanAbsoluteError()([[0.0, 1.0]], [[2.0, 1.0]]))
      1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction=reduction, name=name, dtype=dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The mean of 100 |y_true - y_pred| / |y_true|.

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.MeanAbsolutePercentageError()([[2.0, 1.0]], [[1.0, 1.0]]))
      25.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction=reduction, name=name, dtype=dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean of (log(1 + y_true) - log(1 + y_pred))^2.

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.MeanSquaredLogarithmicError()([[0.0, 1.0]], [[0.0, 1.0]]))
      0.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction=reduction, name=name, dtype=dtype)


class Huber(LossFunctionWrapper):
    """The mean of squares near 0 and lines beyond `delta`; see `huber`.

    Args:
      delta: where the square becomes a line.
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
      1.5
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        numbers(self, "(0, inf)", delta=delta)
        super().__init__(huber, delta=delta, reduction=reduction, name=name, dtype=dtype)


class LogCosh(LossFunctionWrapper):
    """The mean of log(cosh(y_pred - y_true)).

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.LogCosh()([[1.0]], [[1.0]]))
      0.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(log_cosh, reduction=reduction, name=name, dtype=dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of the angle between labels and predictions.

    Args:
      axis: of the classes, or of the vectors.
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.CosineSimilarity()([[0.0, 1.0]], [[1.0, 0.0]]))
      0.0
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        axes(self, axis=axis)
        super().__init__(cosine_similarity, axis=axis, reduction=reduction, name=name, dtype=dtype)
