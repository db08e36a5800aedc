"""Products, and rows of a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from foldgate.onnx._export.activations import activate
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer


def _as_it_is(array: Any) -> Any:
    return array


def dense(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Dense: Gemm for rows, MatMul over the last axis of more."""
    value = w.floats(given["inputs"], layer.compute_dtype)
    if value.layout == "first":
        value = w.laid(value, "plain")
    kernel = w.weight(layer.kernel, _as_it_is, "kernel")
    bias = None if layer.bias is None else w.weight(layer.bias, _as_it_is, "bias")
    if value.rank == 2:
        y = w.op("Gemm", value.name, kernel, bias)
    else:
        y = w.op("MatMul", value.name, kernel)
        y = y if bias is None else w.op("Add", y, bias)
    return activate(w, w.same(value, y, shape=(*value.shape[:-1], layer.units)), layer.activation)


def embedding(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Embedding: Gather, and the mask where id 0 is padding."""
    value = given["inputs"]
    ids = w.plain(value)
    ids = ids if value.dtype in ("int32", "int64") else w.cast(ids, "int64")
    rows = w.op("Gather", w.weight(layer.embeddings, _as_it_is, "embeddings"), ids, axis=0)
    found = Value(rows, (*value.shape, layer.output_dim), layer.compute_dtype)
    if not layer.mask_zero:
        return found
    kind = value.dtype if value.dtype in ("int32", "int64") else "int64"
    return replace(found, mask=w.op("Not", w.op("Equal", ids, w.constant(0, kind))))


def masking(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Masking: a step counts where a feature is another value; others become 0."""
    value = replace(given["inputs"], name=w.plain(given["inputs"]), layout="plain")
    differs = w.op("Not", w.op("Equal", value.name, w.constant(layer.mask_value, value.dtype)))
    any_one = w.op("ReduceMax", w.cast(differs, "int32"), w.ints(-1), keepdims=1)
    counts = w.cast(any_one, "bool")
    y = w.op("Where", counts, value.name, w.constant(np.zeros(()), value.dtype))
    return replace(w.same(value, y), mask=w.op("Squeeze", counts, w.ints(-1)))


HANDLERS = {"Dense": dense, "Embedding": embedding, "Masking": masking}
