"""Losses of overlapping regions."""

from __future__ import annotations

from typing import Any

from foldgate._checks import axes, numbers
from foldgate.losses.loss import LossFunctionWrapper
from foldgate.losses.overlap import dice, tversky


class Dice(LossFunctionWrapper):
    """1 - twice the overlap over the sum of both regions.

    Args:
      axis: the axes of a region; None for all.
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> round(float(losses.Dice()([[1.0, 0.0]], [[1.0, 1.0]])), 4)
      0.3333
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        axes(self, axis=axis)
        super().__init__(dice, reduction=reduction, name=name, axis=axis, dtype=dtype)


class Tversky(LossFunctionWrapper):
    """1 - the overlap over itself and weighted misses; see `tversky`.

    Args:
      alpha: the weight of what is missed.
      beta: the weight of what is found wrongly.
      axis: the axes of a region; None for all.
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> from foldgate import losses
      >>> round(float(losses.Tversky(beta=1.0)([[1.0, 0.0]], [[1.0, 1.0]])), 4)
      0.5
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        numbers(self, "[0, inf)", alpha=alpha, beta=beta)
        axes(self, axis=axis)
        super().__init__(
            tversky, alpha=alpha, beta=beta, reduction=reduction, name=name, axis=axis, dtype=dtype
        )
