"""Losses of distributions and of counts."""

from __future__ import annotations

from typing import Any

from foldgate.losses.loss import LossFunctionWrapper
from foldgate.losses.probabilistic import kl_divergence, poisson


class KLDivergence(LossFunctionWrapper):
    """The sum of y_true log(y_true / y_pred).

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
      0.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(kl_divergence, reduction=reduction, name=name, dtype=dtype)


class Poisson(LossFunctionWrapper):
    """The mean of y_pred - y_true log(y_pred).

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.Poisson()([[0.0]], [[3.0]]))
      3.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None
    ) -> None:
        super().__init__(poisson, reduction=reduction, name=name, dtype=dtype)
