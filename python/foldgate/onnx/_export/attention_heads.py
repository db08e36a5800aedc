"""Attention with several heads: MultiHeadAttention and GroupQueryAttention."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from foldgate._typing import FloatArray
from foldgate.onnx._export.attention_masks import both, causal, near, shares, truth
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer


@dataclass(frozen=True)
class Heads:
    """How a layer's heads lie.

    Attributes:
      groups: how many keys and values there are.
      times: how many queries each has.
      keys, values: their extents.
      projections: of query, key, value, gate and output.
    """

    groups: int
    times: int
    keys: int
    values: int
    projections: dict[str, Any]


def multi_head(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> list[Value]:
    """MultiHeadAttention of sequences (N, T, D)."""
    if given["query"].rank != 3 or len(layer.output_dense.outer) != 1:
        raise w.refuse("attention over several axes, or an output_shape of several, has no ONNX form here")
    heads = Heads(layer.num_heads, 1, layer.key_dim, layer.value_dim, _projections(layer))
    return _attend(w, layer, heads, given, shapes)


def grouped(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> list[Value]:
    """GroupQueryAttention of sequences (N, T, D)."""
    size = layer.head_dim
    heads = Heads(layer.num_key_value_heads, layer.num_repeats, size, size, _projections(layer))
    return _attend(w, layer, heads, given, shapes)


def _projections(layer: Any) -> dict[str, Any]:
    return {
        name: getattr(layer, f"_{name}_dense", None) for name in ("query", "key", "value", "gate", "output")
    }


def _attend(w: Writer, layer: Any, heads: Heads, given: dict[str, Any], shapes: Any) -> list[Value]:
    """All heads in one product, as (N, groups, times, T, S)."""
    names = ("query", "value", "key")
    values = {n: w.laid(w.floats(given[n], layer.compute_dtype), "plain") for n in names if n in given}
    values.setdefault("key", values["value"])
    dtype, parts = values["query"].dtype, heads.projections
    g, t = heads.groups, heads.times
    q = _of_heads(w, values["query"].name, parts["query"], "query", (g, t, heads.keys), [0, 2, 3, 1, 4])
    k = _of_heads(w, values["key"].name, parts["key"], "key", (g, 1, heads.keys), [0, 2, 3, 4, 1])
    v = _of_heads(w, values["value"].name, parts["value"], "value", (g, 1, heads.values), [0, 2, 3, 1, 4])
    scores = w.op("Mul", w.op("MatMul", q, k), w.constant(1 / math.sqrt(heads.keys), dtype))
    weights = shares(w, scores, _seen(w, layer, heads, given, values), dtype)
    y = w.op("Transpose", w.op("MatMul", weights, v), perm=[0, 3, 1, 2, 4])
    y = w.op("Reshape", y, w.ints(0, 0, g * t * heads.values))
    if layer._use_gate:
        y = w.op("Mul", y, w.op("Sigmoid", _projected(w, values["query"].name, parts["gate"], "gate")))
    mask = _mask_of(w, given, "query", given["query"].mask)
    found = [Value(_projected(w, y, parts["output"], "output"), shapes[0], dtype, mask=mask)]
    if not given.get("return_attention_scores"):
        return found
    sizes = w.joined(w.ints(0, g * t), w.sizes(weights, 3, 5))
    return [*found, Value(w.op("Reshape", weights, sizes), shapes[1], dtype)]


def _of_heads(w: Writer, x: str, projection: Any, name: str, sizes: tuple[int, ...], order: list[int]) -> str:
    y = w.op("Reshape", _projected(w, x, projection, name), w.ints(0, 0, *sizes))
    return w.op("Transpose", y, perm=order)


def _seen(w: Writer, layer: Any, heads: Heads, given: dict[str, Any], values: dict[str, Value]) -> str | None:
    """All masks as one that broadcasts to (N, groups, times, T, S)."""
    query, value = values["query"], values["value"]
    own = _mask_of(w, given, "query", query.mask)
    seen = None if own is None else w.op("Unsqueeze", own, w.ints(1, 2, 4))
    for name in ("value", "key"):
        mask = _mask_of(w, given, name, values[name].mask if name in given else None)
        seen = both(w, seen, None if mask is None else w.op("Unsqueeze", mask, w.ints(1, 2, 3)))
    if given.get("use_causal_mask"):
        seen = both(w, seen, causal(w, query.name, value.name, 1))
    if layer._sliding_window is not None:
        seen = both(w, seen, near(w, query.name, value.name, 1, layer._sliding_window))
    mask = given.get("attention_mask")
    return seen if mask is None else both(w, seen, _spread(w, heads, mask))


def _spread(w: Writer, heads: Heads, mask: Any) -> str:
    """An attention mask (T, S), (N, T, S) or (N, heads, T, S)."""
    name = truth(w, mask)
    rank = mask.rank if isinstance(mask, Value) else np.ndim(mask)
    if rank == 2:
        return name
    if rank == 3:
        return w.op("Unsqueeze", name, w.ints(1, 2))
    shape = mask.shape if isinstance(mask, Value) else np.shape(mask)
    split = (1, 1) if shape[1] == 1 else (heads.groups, heads.times)
    return w.op("Reshape", name, w.joined(w.ints(0, *split), w.sizes(name, 2, 4)))


def _mask_of(w: Writer, given: dict[str, Any], name: str, own: str | None) -> str | None:
    """The mask of the call, or that which the tensor has."""
    mask = given.get(f"{name}_mask")
    return own if mask is None else truth(w, mask)


def _projected(w: Writer, x: str, projection: Any, name: str) -> str:
    columns = int(np.prod(projection.outer))

    def matrix(kernel: FloatArray) -> FloatArray:
        return kernel.reshape(-1, columns)

    y = w.op("MatMul", x, w.weight(projection.kernel, matrix, f"{name}_kernel"))
    if projection.bias is None:
        return y
    return w.op("Add", y, w.weight(projection.bias, lambda bias: bias.reshape(-1), f"{name}_bias"))


HANDLERS = {"MultiHeadAttention": multi_head, "GroupQueryAttention": grouped}
