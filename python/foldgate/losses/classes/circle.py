"""The loss of embeddings."""

from __future__ import annotations

from typing import Any

from foldgate._checks import numbers
from foldgate.losses.circle import circle
from foldgate.losses.loss import LossFunctionWrapper


class Circle(LossFunctionWrapper):
    """Draws embeddings of one class together and those of others apart; see `circle`.

    Args:
      gamma: the scale. Defaults to 80.
      margin: how far from the best a distance may stay. Defaults to 0.4.
      remove_diagonal: whether no sample is compared with itself. Defaults to True.
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word, or a number is out of its range; when it is called: the shapes
        do not fit.

    Example:
      >>> import numpy as np
      >>> from foldgate import losses
      >>> embeddings = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
      >>> round(float(losses.Circle(gamma=1)([0, 0, 1], embeddings)), 4)
      0.789
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        numbers(self, "[0, inf)", gamma=gamma, margin=margin)
        super().__init__(
            circle,
            reduction=reduction,
            name=name,
            dtype=dtype,
            gamma=gamma,
            margin=margin,
            remove_diagonal=remove_diagonal,
        )
        self.gamma, self.margin, self.remove_diagonal = gamma, margin, remove_diagonal
