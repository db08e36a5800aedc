"""Connectionist temporal classification: labels whose places in the sequence nobody knows.

A. Graves et al., "Connectionist Temporal Classification", ICML 2006. In logarithms, over the labels with a
blank (class 0) before, between and after them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import ops
from foldgate._custom_gradient import custom_gradient
from foldgate._tape import Tensor
from foldgate.losses._inputs import prediction
from foldgate.losses.loss import takes_ids


@takes_ids
def ctc(y_true: Any, y_pred: Any) -> Any:
    """-log of the probability of the labels, over all ways of placing them in the steps.

    Args:
      y_true: (N, L) classes from 1 to K - 1, padded with 0, which is the blank.
      y_pred: (N, T, K) logits.

    Returns:
      One loss a sample, (N); inf where T steps cannot hold the labels.

    Raises:
      ValueError: the shapes do not fit.
      IndexError: a label is not a class.

    Example:
      >>> import numpy as np
      >>> from foldgate import losses
      >>> losses.ctc([[1]], np.zeros((1, 2, 2))).round(4)  # 3 of 4 ways: 11, 01, 10
      array([0.2877])
    """
    y_pred = prediction(y_pred)
    labels = (y_true.numpy() if isinstance(y_true, Tensor) else np.asarray(y_true)).astype(np.int64)
    if y_pred.ndim != 3 or labels.ndim != 2 or len(labels) != len(y_pred):
        raise ValueError(
            f"ctc: y_true has shape {labels.shape} and y_pred {y_pred.shape}; expected (N, L) and (N, T, K)"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < y_pred.shape[2]:
        raise IndexError(
            f"ctc: y_true has labels {labels.min()} to {labels.max()}; expected 0 to {y_pred.shape[2] - 1}"
        )
    return _loss(y_pred, labels=labels)


@custom_gradient
def _loss(logits: Any, labels: Any) -> Any:
    """The gradient to the logits is their softmax less the share of the ways that is at each class."""
    log_probs = ops.log_softmax(np.ascontiguousarray(logits))
    states, skips, last = _states(labels)
    emitted = np.take_along_axis(log_probs.astype(np.float64), states[:, None, :], 2)  # (N, T, S)
    ahead = _forward(emitted, skips)
    total = _log_total(ahead[:, -1], last)

    def gradient(dloss: Any) -> Any:
        behind = _backward(emitted, skips, last)
        with np.errstate(invalid="ignore"):
            share = np.exp(ahead + behind - emitted - total[:, None, None])
        occupied = np.zeros(logits.shape, np.float64)
        rows, steps, _ = np.ogrid[: share.shape[0], : share.shape[1], :1]
        np.add.at(occupied, (rows, steps, states[:, None, :]), share)
        return ((np.exp(log_probs) - occupied) * np.asarray(dloss)[:, None, None]).astype(logits.dtype)

    return (-total).astype(logits.dtype), gradient


def _states(labels: Any) -> tuple[Any, Any, Any]:
    """The labels with blanks, (N, S); where a state may be reached over a blank; the last state of each."""
    n, length = labels.shape
    states = np.zeros((n, 2 * length + 1), np.int64)
    states[:, 1::2] = labels
    skips = np.zeros(states.shape, np.bool_)
    skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    return states, skips, 2 * np.count_nonzero(labels, 1)


def _shifted(x: Any, by: int) -> Any:
    moved = np.full(x.shape, -np.inf)
    if by > 0:
        moved[:, by:] = x[:, :-by]
    else:
        moved[:, :by] = x[:, -by:]
    return moved


def _forward(emitted: Any, skips: Any) -> Any:
    """log of the ways that have come to each state, its own emission included."""
    ahead = np.full(emitted.shape, -np.inf)
    ahead[:, 0, :2] = emitted[:, 0, :2]
    for t in range(1, emitted.shape[1]):
        before = ahead[:, t - 1]
        over = np.where(skips, _shifted(before, 2), -np.inf)
        ahead[:, t] = np.logaddexp(np.logaddexp(before, _shifted(before, 1)), over) + emitted[:, t]
    return ahead


def _backward(emitted: Any, skips: Any, last: Any) -> Any:
    """log of the ways that lead on from each state, its own emission included."""
    n, steps, _ = emitted.shape
    behind, rows = np.full(emitted.shape, -np.inf), np.arange(n)
    for end in (last, np.maximum(last - 1, 0)):
        behind[rows, -1, end] = emitted[rows, -1, end]
    for t in range(steps - 2, -1, -1):
        after = behind[:, t + 1]
        over = _shifted(np.where(skips, after, -np.inf), -2)
        behind[:, t] = np.logaddexp(np.logaddexp(after, _shifted(after, -1)), over) + emitted[:, t]
    return behind


def _log_total(final: Any, last: Any) -> Any:
    rows = np.arange(len(final))
    label = np.where(last > 0, final[rows, np.maximum(last - 1, 0)], -np.inf)
    return np.logaddexp(final[rows, last], label)
