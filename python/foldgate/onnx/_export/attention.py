"""Attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from foldgate._typing import FloatArray
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer


def attention(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Attention by products: softmax(query key^T) value."""
    values = [w.laid(w.floats(v, layer.compute_dtype), "plain") for v in given["inputs"]]
    asked = given.get("return_attention_scores") or given.get("use_causal_mask") or given.get("mask")
    if asked or any(value.mask is not None for value in values):
        raise w.refuse("masks and scores of attention have no ONNX form here")
    if layer.score_mode != "dot":
        raise w.refuse(f"score_mode {layer.score_mode!r} has no ONNX form here; expected 'dot'")
    query, value = values[0].name, values[1].name
    key = values[2].name if len(values) > 2 else value
    if layer.scale is not None:
        query = w.op("Mul", query, w.weight(layer.scale, lambda array: array, "scale"))
    rank = values[0].rank
    turned = w.op("Transpose", key, perm=[*range(rank - 2), rank - 1, rank - 2])
    shares = w.op("Softmax", w.op("MatMul", query, turned), axis=-1)
    return Value(w.op("MatMul", shares, value), shapes[0], values[0].dtype)


def multi_head(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """MultiHeadAttention of sequences (N, T, D)."""
    names = ("query", "value", "key")
    values = {n: w.laid(w.floats(given[n], layer.compute_dtype), "plain") for n in names if n in given}
    values.setdefault("key", values["value"])
    masks = [n for n in ("query_mask", "value_mask", "key_mask", "attention_mask") if n in given]
    asked = given.get("return_attention_scores") or given.get("use_causal_mask")
    if asked or masks or any(value.mask is not None for value in values.values()):
        raise w.refuse("masks and scores of attention have no ONNX form here")
    if values["query"].rank != 3 or layer._use_gate or layer._sliding_window is not None:
        raise w.refuse("only plain attention over sequences (N, T, D) has an ONNX form here")
    dense = {"query": layer.query_dense, "key": layer.key_dense, "value": layer.value_dense}
    order = {"query": [0, 2, 1, 3], "key": [0, 2, 3, 1], "value": [0, 2, 1, 3]}
    heads = {}
    for name, projection in dense.items():
        y = _projected(w, values[name].name, projection, name)
        y = w.op("Reshape", y, w.ints(0, 0, *projection.outer))
        heads[name] = w.op("Transpose", y, perm=order[name])
    scores = w.op("MatMul", heads["query"], heads["key"])
    scores = w.op("Mul", scores, w.constant(1 / math.sqrt(layer.key_dim), values["query"].dtype))
    y = w.op("MatMul", w.op("Softmax", scores, axis=-1), heads["value"])
    y = w.op("Transpose", y, perm=[0, 2, 1, 3])
    y = w.op("Reshape", y, w.ints(0, 0, layer.num_heads * layer.value_dim))
    found = Value(_projected(w, y, layer.output_dense, "output"), shapes[0], values["query"].dtype)
    if len(layer.output_dense.outer) != 1:
        raise w.refuse("an output_shape of several axes has no ONNX form here")
    return found


def _projected(w: Writer, x: str, projection: Any, name: str) -> str:
    columns = int(np.prod(projection.outer))

    def matrix(kernel: FloatArray) -> FloatArray:
        return kernel.reshape(-1, columns)

    y = w.op("MatMul", x, w.weight(projection.kernel, matrix, f"{name}_kernel"))
    if projection.bias is None:
        return y
    return w.op("Add", y, w.weight(projection.bias, lambda bias: bias.reshape(-1), f"{name}_bias"))


HANDLERS = {"Attention": attention, "MultiHeadAttention": multi_head}
