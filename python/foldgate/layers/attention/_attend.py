"""The product of queries, keys and values: in one pass, or by steps where the weights are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._typing import BoolArray

Dropout = Callable[[Any], Any]


def attend(
    q: Any,
    k: Any,
    v: Any,
    *,
    scale: float,
    mask: BoolArray | None = None,
    causal: bool = False,
    dropout: Dropout | None = None,
    weights: bool = False,
) -> tuple[Any, Any]:
    """softmax(scale q k' where the mask is True) v, for every head.

    Args:
      q: (N, T, heads, D).
      k: (N, S, heads, D); or fewer heads, of which each serves as many of q's one after the other.
      v: (N, S, heads, E), of as many heads as k.
      scale: of the scores.
      mask: bool, broadcasts to (N, heads, T, S).
      causal: whether query i sees the keys 0 to i alone.
      dropout: applied to the weights, or None.
      weights: whether to return them.

    Returns:
      y (N, T, heads, E), of zeros where a query sees no key, and the weights (N, heads, T, S) before dropout,
      or None.
    """
    if dropout is None and not weights:
        return ops.attention(q, k, v, mask=mask, causal=bool(causal), scale=scale, heads_axis=2), None
    if causal:
        below = causal_mask(q.shape[1], k.shape[1])
        mask = below if mask is None else np.logical_and(mask, below)
    n, queries, heads, _ = q.shape
    keys, groups = k.shape[1:3]
    q = _by_group(q if scale == 1 else q * q.dtype.type(scale), groups)
    scores = ops.matmul(q, _by_group(k, groups), transpose_b=True)
    found = softmax_where(scores.reshape((n, heads, queries, keys)), mask)
    kept = found if dropout is None else dropout(found)
    y = ops.matmul(kept.reshape(scores.shape), _by_group(v, groups))
    y = y.transpose((0, 3, 1, 2, 4)).reshape((n, queries, heads, v.shape[-1]))
    return y, found if weights else None


def _by_group(x: Any, groups: int) -> Any:
    """(N, groups, heads / groups, T, D) of (N, T, heads, D)."""
    n, steps, heads, width = x.shape
    return x.reshape((n, steps, groups, heads // groups, width)).transpose((0, 2, 3, 1, 4))


def softmax_where(scores: Any, mask: BoolArray | None) -> Any:
    """softmax over the last axis of the scores where the mask is True; zeros where a whole row is masked."""
    if mask is not None:
        scores = np.where(mask, scores, scores.dtype.type(-np.inf))
    return ops.softmax(scores)


def beside(query: Any, key: Any) -> Any:
    """Every query plus every key: (..., T, S, D) of (..., T, D) and (..., S, D)."""
    return query[..., None, :] + key[..., None, :, :]


def causal_mask(queries: int, keys: int) -> BoolArray:
    """(queries, keys), True where the key is no later than the query."""
    return np.tri(queries, keys, dtype=np.bool_)


def window_mask(queries: int, keys: int, window: int) -> BoolArray:
    """(queries, keys), True where they are fewer than `window` places apart."""
    near: BoolArray = np.abs(np.arange(queries)[:, None] - np.arange(keys)) < window
    return near


def both(a: BoolArray | None, b: BoolArray | None) -> BoolArray | None:
    """True where both are, None being True everywhere."""
    return b if a is None else a if b is None else np.logical_and(a, b)
