"""Attention without projections."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.layers import AdditiveAttention
from foldgate.onnx._export.attention_masks import both, causal, shares, truth
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer


def attention(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> list[Value]:
    """Attention and AdditiveAttention: softmax of the scores where a key counts, times the values."""
    values = [w.laid(w.floats(v, layer.compute_dtype), "plain") for v in given["inputs"]]
    dtype, rank = values[0].dtype, values[0].rank
    query, value = values[0].name, values[1].name
    key = values[2].name if len(values) > 2 else value
    masks = _masks(w, given, values)
    seen = None if masks[1] is None else w.op("Unsqueeze", masks[1], w.ints(-2))
    if given.get("use_causal_mask"):
        seen = both(w, seen, causal(w, query, key, rank - 2))
    weights = shares(w, _scores(w, layer, query, key, rank), seen, dtype)
    y = w.op("MatMul", weights, value)
    if masks[0] is not None:
        y = w.op("Where", w.op("Unsqueeze", masks[0], w.ints(-1)), y, w.constant(np.zeros(()), dtype))
    found = [Value(y, shapes[0], dtype, mask=masks[0])]
    return [*found, Value(weights, shapes[1], dtype)] if given.get("return_attention_scores") else found


def _masks(w: Writer, given: dict[str, Any], values: list[Value]) -> list[str | None]:
    """The masks of query and value: those of the call, or those that the tensors have."""
    if given.get("mask") is None:
        return [value.mask for value in values]
    return [None if mask is None else truth(w, mask) for mask in given["mask"]]


def _scores(w: Writer, layer: Any, query: str, key: str, rank: int) -> str:
    """(N, T, S)."""
    scale = None if layer.scale is None else w.weight(layer.scale, lambda array: array, "scale")
    if isinstance(layer, AdditiveAttention):
        total = w.op("Tanh", _sums(w, query, key))
        return w.op(
            "ReduceSum", total if scale is None else w.op("Mul", total, scale), w.ints(-1), keepdims=0
        )
    if layer.score_mode == "concat":
        total = _sums(w, query, key)
        total = w.op("Tanh", total if scale is None else w.op("Mul", total, scale))
        factor = w.weight(layer.concat_score_weight, lambda array: array, "concat_score_weight")
        return w.op("Mul", w.op("ReduceSum", total, w.ints(-1), keepdims=0), factor)
    query = query if scale is None else w.op("Mul", query, scale)
    turned = w.op("Transpose", key, perm=[*range(rank - 2), rank - 1, rank - 2])
    return w.op("MatMul", query, turned)


def _sums(w: Writer, query: str, key: str) -> str:
    """(N, T, S, D): each query and each key."""
    return w.op("Add", w.op("Unsqueeze", query, w.ints(-2)), w.op("Unsqueeze", key, w.ints(-3)))


HANDLERS = {"Attention": attention, "AdditiveAttention": attention}
