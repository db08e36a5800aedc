"""The loss of unplaced labels."""

from __future__ import annotations

from typing import Any

from foldgate.losses.ctc import ctc
from foldgate.losses.loss import LossFunctionWrapper


class CTC(LossFunctionWrapper):
    """-log of the probability of labels whose places nobody knows; see `ctc`.

    Args:
      reduction: `"sum_over_batch_size"` for the mean of all losses, `"sum"`, `"mean"`,
        `"mean_with_sample_weight"` or `"none"`; see `Loss`.
      name: of the loss.
      dtype: None, or the dtype to compute in.

    Raises:
      ValueError: `reduction` is another word; when it is called: the shapes do not fit.

    Example:
      >>> import numpy as np
      >>> from foldgate import losses
      >>> round(float(losses.CTC()([[1]], np.zeros((1, 2, 2)))), 4)
      0.2877
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None
    ) -> None:
        super().__init__(ctc, reduction=reduction, name=name, dtype=dtype)
