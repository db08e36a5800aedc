"""Scaled dot-product attention: softmax(scale q k' + mask) v, over the keys."""

from __future__ import annotations

import math

import numpy as np

from foldgate.gradients import AttentionGradients, AttentionOutput
from foldgate.reference._types import Array

__all__ = ["attention", "attention_backward"]


def attention(
    q: Array,
    k: Array,
    v: Array,
    *,
    mask: Array | None = None,
    causal: bool = False,
    scale: float | None = None,
    heads_axis: int = 1,
    return_statistics: bool = False,
) -> Array | AttentionOutput:
    """Mean of the values, weighted by the softmax of the scores over the keys.

    Args:
        q: `(N, heads, T, D)`.
        k: `(N, heads, S, D)`, or of fewer heads, each of which serves several of q's.
        v: `(N, heads, S, E)`.
        mask: broadcasts to `(N, heads, T, S)`: True where a key is seen, or numbers added to the scores.
        causal: whether query i sees keys up to i alone.
        scale: multiplies the scores; `None` means 1 / sqrt(D).
        heads_axis: 1, or 2 where q, k, v and y are `(N, T, heads, D)`.
        return_statistics: whether to return the logarithm of every query's sum too.

    Returns:
        y `(N, heads, T, E)`, or `AttentionOutput(y, lse)`. A query that sees no key gives 0, and lse -inf.

    Example:
        >>> import numpy as np
        >>> q, v = np.zeros((1, 1, 1, 2)), np.array([1.0, 3.0]).reshape(1, 1, 2, 1)
        >>> attention(q, np.ones((1, 1, 2, 2)), v).ravel()
        array([2.])
    """
    q, k, v = (_heads_first(x, heads_axis) for x in (q, k, v))
    k, v = (_for_each(q, x) for x in (k, v))
    s = _scores(q, k, mask, causal, scale)
    most = s.max(axis=-1, keepdims=True, initial=-np.inf)
    most = np.where(np.isneginf(most), q.dtype.type(0), most)
    p = np.exp(s - most)
    total = p.sum(axis=-1, keepdims=True)
    nothing = total == 0
    y = _heads_first((p / np.where(nothing, q.dtype.type(1), total)) @ v, heads_axis)
    with np.errstate(divide="ignore"):
        lse = (most + np.log(total))[..., 0]
    return AttentionOutput(y, lse) if return_statistics else y


def attention_backward(
    dy: Array,
    q: Array,
    k: Array,
    v: Array,
    y: Array,
    lse: Array,
    *,
    mask: Array | None = None,
    causal: bool = False,
    scale: float | None = None,
    heads_axis: int = 1,
) -> AttentionGradients:
    """The gradients of `sum(dy * attention(q, k, v, ...))`.

    With p the softmax: dv = p' dy, ds = p (dy v' - sum(dy y)), dq = scale ds k, dk = scale ds' q.

    Args:
        dy: `(N, heads, T, E)`.
        q, k, v, mask, causal, scale, heads_axis: as in `attention`.
        y, lse: as `attention` returned them.

    Returns:
        `AttentionGradients(dq, dk, dv)`.

    Example:
        >>> import numpy as np
        >>> one = np.ones((1, 1, 1, 1))
        >>> attention_backward(one, one, one, one, one, np.ones((1, 1, 1))).dv.ravel()
        array([1.])
    """
    dy, q, k, v, y = (_heads_first(x, heads_axis) for x in (dy, q, k, v, y))
    groups = k.shape[1]
    k, v = (_for_each(q, x) for x in (k, v))
    s = _scores(q, k, mask, causal, scale)
    p = np.exp(s - np.where(np.isneginf(lse), q.dtype.type(0), lse)[..., None])
    total = p.sum(axis=-1, keepdims=True)  # 1 but for the rounding of lse
    p = p / np.where(total == 0, q.dtype.type(1), total)
    delta = (dy * y).sum(axis=-1, keepdims=True)
    ds = p * (dy @ np.swapaxes(v, -1, -2) - delta) * q.dtype.type(_scale(q, scale))
    dk, dv = (_shared(np.swapaxes(x, -1, -2) @ of, groups) for x, of in ((ds, q), (p, dy)))
    return AttentionGradients(*(_heads_first(x, heads_axis) for x in (ds @ k, dk, dv)))


def _heads_first(x: Array, heads_axis: int) -> Array:
    return np.swapaxes(x, 1, heads_axis)


def _for_each(q: Array, x: Array) -> Array:
    """Keys or values for every head of q."""
    return x if x.shape[1] == q.shape[1] else np.repeat(x, q.shape[1] // x.shape[1], axis=1)


def _shared(gradient: Array, groups: int) -> Array:
    """The gradient of what `_for_each` repeated."""
    n, heads, *rest = gradient.shape
    return gradient if heads == groups else gradient.reshape(n, groups, heads // groups, *rest).sum(axis=2)


def _scale(q: Array, scale: float | None) -> float:
    return 1 / math.sqrt(q.shape[-1]) if scale is None else scale


def _scores(q: Array, k: Array, mask: Array | None, causal: bool, scale: float | None) -> Array:
    s = np.asarray(q @ np.swapaxes(k, -1, -2) * q.dtype.type(_scale(q, scale)))
    if mask is not None:
        s = np.where(mask, s, q.dtype.type(-np.inf)) if mask.dtype == np.bool_ else s + mask
    if causal:
        s = np.where(np.tri(*s.shape[-2:], dtype=np.bool_), s, q.dtype.type(-np.inf))
    return s
