"""Counts of right and wrong decisions at thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._checks import members, numbers
from foldgate.losses._inputs import same_rank
from foldgate.metrics._arrays import array

LOWEST = -1e10


def thresholds_of(name: str, thresholds: Any, default: float = 0.5) -> list[float]:
    """A list of thresholds from 0 to 1."""
    if thresholds is None:
        return [default]
    several = np.ndim(thresholds) > 0
    found = members(name, thresholds=thresholds) if several else {"thresholds": thresholds}
    if not found:
        raise ValueError(f"{name}: thresholds is {thresholds!r}; expected one or more")
    numbers(name, "[0, 1]", **found)
    return [float(t) for t in found.values()]


def only_top_k(y_pred: Any, k: int) -> Any:
    """The k largest values of every row; the others are the lowest number."""
    order = np.argsort(-y_pred, -1, kind="stable")[..., :k]
    kept = np.full(y_pred.shape, LOWEST, y_pred.dtype)
    np.put_along_axis(kept, order, np.take_along_axis(y_pred, order, -1), -1)
    return kept


def counts_at(
    thresholds: Any,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
    label_weights: Any = None,
) -> tuple[Any, Any, Any, Any]:
    """True and false positives, true and false negatives, at each threshold: a prediction above it is a yes.

    One pass sorts predictions among the thresholds, so that many thresholds cost no more than a few.
    """
    y_pred, y_true = same_rank(array(y_pred).astype(np.float64), array(y_true))
    if y_pred.shape != y_true.shape:
        raise ValueError(f"metric: y_true has shape {y_true.shape}; expected {y_pred.shape}, that of y_pred")
    weights = np.ones(y_pred.shape)
    if sample_weight is not None:
        given = array(sample_weight).astype(np.float64)
        weights = weights * given.reshape(given.shape + (1,) * (y_pred.ndim - given.ndim))
    if label_weights is not None:
        weights = weights * np.asarray(label_weights, np.float64)
    if top_k is not None:
        y_pred = only_top_k(y_pred, top_k)
    if class_id is not None:
        if y_pred.ndim < 2 or class_id >= y_pred.shape[-1]:
            raise ValueError(
                f"metric: class_id is {class_id} and y_pred has shape {y_pred.shape}; expected "
                "(..., classes) with that class among them"
            )
        y_true, y_pred, weights = y_true[..., class_id], y_pred[..., class_id], weights[..., class_id]
    order = np.argsort(thresholds, kind="stable")
    passed = np.searchsorted(np.asarray(thresholds, np.float64)[order], y_pred.ravel(), side="left")
    yes = y_true.ravel().astype(np.bool_)
    found = []
    for chosen in (yes, ~yes):
        bins = np.bincount(passed[chosen], weights.ravel()[chosen], len(order) + 1)
        below = np.cumsum(bins)[:-1]
        above = np.empty(len(order))
        above[order] = bins.sum() - below
        found += [above, bins.sum() - above]
    return found[0], found[2], found[3], found[1]


def ratio(a: Any, b: Any) -> Any:
    """a / b, 0 where b is 0."""
    return np.divide(
        a, b, out=np.zeros(np.broadcast_shapes(np.shape(a), np.shape(b))), where=np.asarray(b) != 0
    )
