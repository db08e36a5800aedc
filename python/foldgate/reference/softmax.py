"""softmax along an axis, and the cross-entropies that begin with it."""

from __future__ import annotations

import numpy as np

from foldgate.reference._activation import sigmoid
from foldgate.reference._types import Array

__all__ = [
    "log_softmax",
    "log_softmax_backward",
    "sigmoid_cross_entropy",
    "sigmoid_cross_entropy_backward",
    "softmax",
    "softmax_backward",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
]


def softmax(x: Array, *, axis: int = -1) -> Array:
    """e^x / sum e^x along the axis; zeros where all of x is -inf.

    Example:
        >>> import numpy as np
        >>> softmax(np.array([[0.0, np.log(3.0), -np.inf]]))
        array([[0.25, 0.75, 0.  ]])
    """
    with np.errstate(invalid="ignore"):
        e = np.exp(x - _shift(x, axis))
        total = e.sum(axis, keepdims=True)
    return np.asarray(e / np.where(total == 0, 1, total).astype(x.dtype))


def softmax_backward(dy: Array, y: Array, *, axis: int = -1) -> Array:
    """y (dy - sum dy y).

    Example:
        >>> import numpy as np
        >>> softmax_backward(np.array([1.0, 0.0]), np.array([0.25, 0.75]))
        array([ 0.1875, -0.1875])
    """
    return np.asarray(y * (dy - (dy * y).sum(axis, keepdims=True)))


def log_softmax(x: Array, *, axis: int = -1) -> Array:
    """x - log sum e^x along the axis; -inf where x is -inf.

    Example:
        >>> import numpy as np
        >>> np.exp(log_softmax(np.array([0.0, np.log(3.0)])))
        array([0.25, 0.75])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        shifted = x - _shift(x, axis)
        y = shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))
    return np.where(x == -np.inf, x, y)


def log_softmax_backward(dy: Array, y: Array, *, axis: int = -1) -> Array:
    """dy - e^y sum dy.

    Example:
        >>> import numpy as np
        >>> log_softmax_backward(np.array([1.0, 0.0]), np.log([0.25, 0.75]))
        array([ 0.75, -0.75])
    """
    return np.asarray(dy - np.exp(y) * dy.sum(axis, keepdims=True))


def softmax_cross_entropy(
    logits: Array, labels: Array, *, ignore_index: int | None = None
) -> tuple[Array, Array]:
    """loss = log sum_k e^x[k] - x[label], or sum_k p[k] (log sum_j e^x[j] - x[k]); and that logarithm.

    Example:
        >>> import numpy as np
        >>> softmax_cross_entropy(np.log([[1.0, 3.0], [2.0, 2.0]]), np.array([1, 0]))[0]
        array([0.28768207, 0.69314718])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = _shift(logits, -1)
        log_sum = np.log(np.exp(logits - shift).sum(-1, keepdims=True))
        p = _probabilities(logits, labels, ignore_index)
        loss = np.where(p == 0, 0, p * (shift - logits + log_sum)).astype(logits.dtype).sum(-1)
    return np.asarray(loss), (shift + log_sum)[..., 0]


def softmax_cross_entropy_backward(
    dloss: Array,
    logits: Array,
    labels: Array,
    log_sum_exp: Array,
    *,
    ignore_index: int | None = None,
) -> Array:
    """dloss (softmax(x) sum(p) - p), p being 1 for an integer label and 0 for the other classes.

    Example:
        >>> import numpy as np
        >>> x, labels = np.log([[1.0, 3.0]]), np.array([1])
        >>> softmax_cross_entropy_backward(np.ones(1), x, labels, np.log([4.0]))
        array([[ 0.25, -0.25]])
    """
    p = _probabilities(logits, labels, ignore_index)
    shares = np.exp(logits - log_sum_exp[..., None])
    shares /= shares.sum(-1, keepdims=True)  # 1 but for the logarithm's rounding
    return np.asarray(dloss[..., None] * (shares * p.sum(-1, keepdims=True) - p))


def sigmoid_cross_entropy(logits: Array, labels: Array) -> Array:
    """-z log s - (1 - z) log(1 - s) with s = sigmoid(x): max(x, 0) - x z + log(1 + e^-|x|).

    Example:
        >>> import numpy as np
        >>> sigmoid_cross_entropy(np.array([0.0, 100.0]), np.array([1.0, 0.0]))
        array([  0.69314718, 100.        ])
    """
    return np.asarray(np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits))))


def sigmoid_cross_entropy_backward(dloss: Array, logits: Array, labels: Array) -> Array:
    """dloss (sigmoid(x) - z).

    Example:
        >>> import numpy as np
        >>> sigmoid_cross_entropy_backward(np.ones(2), np.array([0.0, 100.0]), np.array([1.0, 0.0]))
        array([-0.5,  1. ])
    """
    return np.asarray(dloss * (sigmoid(logits) - labels))


def _shift(x: Array, axis: int) -> Array:
    """The largest along the axis, by which e^x cannot overflow; 0 where all is -inf."""
    highest = x.max(axis, keepdims=True, initial=-np.inf)
    return np.asarray(np.where(highest == -np.inf, np.zeros_like(highest), highest))


def _probabilities(logits: Array, labels: Array, ignore_index: int | None) -> Array:
    """The labels as rows of probabilities; zeros where they are ignored."""
    if labels.dtype.kind == "f":
        return labels
    counts = labels != ignore_index if ignore_index is not None else np.ones(labels.shape, bool)
    if np.any(counts & ((labels < 0) | (labels >= logits.shape[-1]))):
        raise IndexError(f"softmax_cross_entropy: labels hold one outside 0 to {logits.shape[-1] - 1}")
    classes = np.arange(logits.shape[-1])
    return np.asarray((labels[..., None] == classes) & counts[..., None], logits.dtype)
