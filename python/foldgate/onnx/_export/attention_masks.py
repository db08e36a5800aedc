"""Which query sees which key, as bools; and the softmax over the keys that are seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer


def truth(w: Writer, mask: Any) -> str:
    """A mask of the call, a tensor of the model or an array, as bools."""
    if not isinstance(mask, Value):
        return w.constant(np.asarray(mask, np.bool_))
    name = w.plain(mask)
    return name if mask.dtype == "bool" else w.cast(name, "bool")


def both(w: Writer, a: str | None, b: str | None) -> str | None:
    """True where both are, None being True everywhere."""
    return b if a is None else a if b is None else w.op("And", a, b)


def causal(w: Writer, query: str, key: str, axis: int) -> str:
    """(T, S), True where the key is no later than the query; `axis` is that of the steps in both."""
    rows, columns = _places(w, query, axis, 1), _places(w, key, axis, 0)
    return w.op("LessOrEqual", columns, rows)


def near(w: Writer, query: str, key: str, axis: int, window: int) -> str:
    """(T, S), True where they are fewer than `window` places apart."""
    apart = w.op("Abs", w.op("Sub", _places(w, query, axis, 1), _places(w, key, axis, 0)))
    return w.op("Less", apart, w.constant(np.int64(window)))


def _places(w: Writer, x: str, axis: int, behind: int) -> str:
    """0, 1, ... along an axis, as a row, or as a column with an axis behind."""
    # Of a known size Squeeze is said to be no scalar by onnxruntime, which Range has to have.
    size = w.op("ReduceMax", w.sizes(x, axis, axis + 1), keepdims=0)
    places = w.op("Range", w.constant(np.int64(0)), size, w.constant(np.int64(1)))
    return w.op("Unsqueeze", places, w.ints(behind))


def shares(w: Writer, scores: str, seen: str | None, dtype: str) -> str:
    """softmax over the keys that are seen; zeros where a query sees none."""
    if seen is None:
        return w.op("Softmax", scores, axis=-1)
    least = w.constant(np.finfo(np.dtype(dtype)).min, dtype)  # not -inf: a row of them would be NaN
    found = w.op("Softmax", w.op("Where", seen, scores, least), axis=-1)
    return w.op("Where", seen, found, w.constant(np.zeros(()), dtype))
