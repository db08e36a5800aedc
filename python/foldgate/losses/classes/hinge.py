"""Losses of margins."""

from __future__ import annotations

from typing import Any

from foldgate.losses.hinge import categorical_hinge, hinge, squared_hinge
from foldgate.losses.loss import LossFunctionWrapper


class Hinge(LossFunctionWrapper):
    """The mean of max(1 - y_true y_pred, 0), for labels -1 and 1, or 0 and 1.

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.Hinge()([[0.0, 1.0]], [[0.5, 0.5]]))
      1.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None
    ) -> None:
        super().__init__(hinge, reduction=reduction, name=name, dtype=dtype)


class SquaredHinge(LossFunctionWrapper):
    """The mean of max(1 - y_true y_pred, 0)^2, for labels -1 and 1, or 0 and 1.

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.SquaredHinge()([[0.0, 1.0]], [[0.5, 0.5]]))
      1.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(squared_hinge, reduction=reduction, name=name, dtype=dtype)


class CategoricalHinge(LossFunctionWrapper):
    """max(1 + the best wrong class - the right one, 0).

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.25]]))
      1.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_hinge, reduction=reduction, name=name, dtype=dtype)
