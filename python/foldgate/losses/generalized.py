"""Between cross-entropy and absolute error: a loss for labels some of which are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.losses._inputs import prediction
from foldgate.losses.crossentropy import class_ids
from foldgate.losses.loss import takes_ids


@takes_ids
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """(1 - p^q) / q of the probability p of the class (Z. Zhang & M. Sabuncu, NeurIPS 2018).

    Args:
      y_true: (...) or (..., 1), classes from 0 to K - 1.
      y_pred: (..., K), probabilities.
      q: between 0, where it is the cross-entropy, and 1, the absolute error.

    Returns:
      One loss a sample, (...).

    Raises:
      ValueError: the shapes do not fit.
      IndexError: a label is not a class.

    Example:
      >>> from foldgate import losses
      >>> losses.categorical_generalized_cross_entropy([1, 0], [[0.75, 0.25], [1.0, 0.0]], q=0.5)
      array([1., 0.], dtype=float32)
    """
    y_pred = prediction(y_pred)
    labels = class_ids("categorical_generalized_cross_entropy", y_true, y_pred, -1)
    rows = np.reshape(y_pred, (-1, y_pred.shape[-1]))
    share = np.reshape(rows[np.arange(labels.size), labels.ravel()], labels.shape)
    return (1.0 - np.power(share, q)) / q
