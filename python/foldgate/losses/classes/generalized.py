"""The loss for labels some of which are wrong."""

from __future__ import annotations

from typing import Any

from foldgate._checks import numbers
from foldgate.losses.generalized import categorical_generalized_cross_entropy
from foldgate.losses.loss import LossFunctionWrapper


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """(1 - p^q) / q of the probability p of the class; see `categorical_generalized_cross_entropy`.

    Args:
      q: between 0, where it is the cross-entropy, and 1, the absolute error. Defaults to 0.5.
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word, or `q` is not between 0 and 1; when it is called: the shapes do
        not fit.

    Example:
      >>> from foldgate import losses
      >>> float(losses.CategoricalGeneralizedCrossEntropy()([1, 0], [[0.75, 0.25], [1.0, 0.0]]))
      0.5
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        numbers(self, "(0, 1)", q=q)
        super().__init__(
            categorical_generalized_cross_entropy, reduction=reduction, name=name, dtype=dtype, q=q
        )
        self.q = q
