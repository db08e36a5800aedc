"""Scaled dot-product attention, in blocks: no matrix of queries by keys is ever stored."""

from __future__ import annotations

import math
from operator import itemgetter
from typing import Any, Literal, overload

import numpy as np

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import BoolArray, FloatArray
from foldgate.gradients import AttentionGradients, AttentionOutput
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import flag_argument
from foldgate.ops._window import is_int

_calls = _native.Calls(3, 128)


@overload
def attention(
    q: FloatArray,
    k: FloatArray,
    v: FloatArray,
    *,
    mask: FloatArray | BoolArray | None = ...,
    causal: bool = ...,
    scale: float | None = ...,
    heads_axis: int = ...,
    return_statistics: Literal[False] = ...,
) -> FloatArray: ...
@overload
def attention(
    q: FloatArray,
    k: FloatArray,
    v: FloatArray,
    *,
    mask: FloatArray | BoolArray | None = ...,
    causal: bool = ...,
    scale: float | None = ...,
    heads_axis: int = ...,
    return_statistics: Literal[True],
) -> AttentionOutput: ...
@_calls.first  # a call like an earlier one never comes here
def attention(
    q: FloatArray,
    k: FloatArray,
    v: FloatArray,
    *,
    mask: FloatArray | BoolArray | None = None,
    causal: bool = False,
    scale: float | None = None,
    heads_axis: int = 1,
    return_statistics: bool = False,
) -> FloatArray | AttentionOutput:
    """Means of the values, weighted by the softmax of the scores: softmax(scale q k' + mask) v.

    Args:
      q: queries (N, heads, T, D), float32 or float64.
      k: keys (N, heads, S, D); or fewer heads, of which each serves as many of the queries' one after the
        other.
      v: values (N, heads, S, E), of as many heads as the keys.
      mask: an array that broadcasts to (N, heads, T, S): bool, True where a key is seen; or numbers of the
        dtype of `q`, added to the scores.
      causal: whether query i sees the keys 0 to i alone.
      scale: multiplies the scores; None means 1 / sqrt(D).
      heads_axis: 1, or 2 where q is (N, T, heads, D) and k, v and y likewise; the mask and lse stay as they
        are.
      return_statistics: whether to return what `attention_backward` needs.

    Returns:
      y (N, heads, T, E); with `return_statistics`, AttentionOutput(y, lse), lse (N, heads, T) the logarithm
      of each query's sum. A query that sees no key gives 0, and lse -inf.

    Raises:
      TypeError: an operand is not an array, not float32 or float64, or of another dtype than `q`; an option
        is of another kind.
      ValueError: the shapes do not fit each other, `scale` is not finite, or `heads_axis` neither 1 nor 2.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> q, v = np.zeros((1, 1, 2, 4)), np.array([1.0, 3.0]).reshape(1, 1, 2, 1)
      >>> ops.attention(q, q, v).ravel(), ops.attention(q, q, v, causal=True).ravel()
      (array([2., 2.]), array([1., 2.]))
    """
    if any_tensor(q, k, v):
        return record(attention, _recorded, ("q", "k", "v"), locals())
    call = tuple(locals().values())
    op = "attention"
    q = operand(op, "q", q)
    k, v = operand(op, "k", k, q, "q"), operand(op, "v", v, q, "q")
    wanted = flag_argument(op, "return_statistics", return_statistics)
    causal = flag_argument(op, "causal", causal)
    axis = _heads_axis(op, heads_axis)
    arguments = (q, k, v, _mask(op, mask, q, k, axis), causal, _scale(op, scale, q), axis)
    then: Any = AttentionOutput._make if wanted else itemgetter(0)
    return _calls.learn(then, _native.attention, arguments, *call)  # type: ignore[no-any-return]


def attention_backward(
    dy: FloatArray,
    q: FloatArray,
    k: FloatArray,
    v: FloatArray,
    y: FloatArray,
    lse: FloatArray,
    *,
    mask: FloatArray | BoolArray | None = None,
    causal: bool = False,
    scale: float | None = None,
    heads_axis: int = 1,
) -> AttentionGradients:
    """The gradients of `sum(dy * attention(q, k, v, ...))`; the scores are computed again.

    Args:
      dy: (N, heads, T, E).
      q, k, v, mask, causal, scale, heads_axis: as given to `attention`.
      y, lse: as `attention` returned them.

    Returns:
      AttentionGradients(dq, dk, dv).

    Raises:
      TypeError: as `attention`.
      ValueError: as `attention`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> q, v = np.zeros((1, 1, 1, 4)), np.array([1.0, 3.0]).reshape(1, 1, 2, 1)
      >>> k = np.zeros((1, 1, 2, 4))
      >>> y, lse = ops.attention(q, k, v, return_statistics=True)
      >>> ops.attention_backward(np.ones((1, 1, 1, 1)), q, k, v, y, lse).dv.ravel()
      array([0.5, 0.5])
    """
    op = "attention_backward"
    q = operand(op, "q", q)
    dy, k, v = operand(op, "dy", dy, q, "q"), operand(op, "k", k, q, "q"), operand(op, "v", v, q, "q")
    y, lse = operand(op, "y", y, q, "q"), operand(op, "lse", lse, q, "q")
    causal = flag_argument(op, "causal", causal)
    axis = _heads_axis(op, heads_axis)
    given = _mask(op, mask, q, k, axis)
    return AttentionGradients(
        *_native.attention_backward(dy, q, k, v, y, lse, given, causal, _scale(op, scale, q), axis)
    )


def _recorded(
    q: FloatArray, k: FloatArray, v: FloatArray, *, return_statistics: bool, **options: Any
) -> tuple[FloatArray | AttentionOutput, Backward]:
    y, lse = attention(q, k, v, return_statistics=True, **options)

    def backward(needs: Needs, dy: FloatArray | None, dlse: FloatArray | None = None) -> AttentionGradients:
        dy = np.zeros_like(y) if dy is None else dy
        if dlse is None:
            return attention_backward(dy, q, k, v, y, lse, **options)
        # One more value: 0 of every key, of mean -dlse and gradient 1, makes ds = p (dy v' - dy y + dlse).
        mean = -np.moveaxis(dlse, 1, options["heads_axis"])[..., None]
        pairs = (dy, np.ones_like(mean)), (v, np.zeros_like(v[..., :1])), (y, mean)
        dy, values, means = (np.concatenate(pair, axis=-1) for pair in pairs)
        dq, dk, dv = attention_backward(dy, q, k, values, means, lse, **options)
        return AttentionGradients(dq, dk, dv[..., :-1])

    return (AttentionOutput(y, lse) if return_statistics else y), backward


def _scale(op: str, scale: float | None, q: FloatArray) -> float:
    if scale is None:
        return 1 / math.sqrt(max(1, q.shape[-1] if q.ndim else 1))
    if isinstance(scale, bool) or not isinstance(scale, int | float | np.floating):
        raise TypeError(f"{op}: scale is {scale!r}; expected a float")
    if not math.isfinite(scale):
        raise ValueError(f"{op}: scale is {scale}; expected a finite number")
    return float(scale)


def _heads_axis(op: str, heads_axis: int) -> int:
    if not is_int(heads_axis) or heads_axis not in (1, 2):
        raise ValueError(f"{op}: heads_axis is {heads_axis!r}; expected 1 or 2")
    return int(heads_axis)


def _mask(
    op: str, mask: FloatArray | BoolArray | None, q: FloatArray, k: FloatArray, heads_axis: int
) -> FloatArray | BoolArray | None:
    """The mask with four axes, the last of them whole."""
    if mask is None:
        return None
    if isinstance(mask, np.ndarray) and mask.dtype == np.bool_:
        given: Any = mask
    else:
        given = operand(op, "mask", mask, q, "q")
    if q.ndim != 4 or k.ndim != 4 or given.ndim > 4:
        raise ValueError(f"{op}: mask has shape {given.shape}; expected axes of (N, heads, T, keys)")
    whole = given.reshape((1,) * (4 - given.ndim) + given.shape)
    if whole.shape[3] == 1:
        whole = np.broadcast_to(whole, (*whole.shape[:3], k.shape[3 - heads_axis]))
    laid: FloatArray | BoolArray = np.require(whole, requirements=["C_CONTIGUOUS", "ALIGNED"])
    return laid.view(np.ndarray)
