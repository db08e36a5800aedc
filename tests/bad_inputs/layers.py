"""Rates, seeds, ids and biases that make no sense."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bad_inputs.rows import Row, floats, spoil
from foldgate import _native

DROPOUT: dict[str, dict[str, Any]] = {
    "dropout": {"x": floats(3, 5), "rate": 0.5, "seed": 1},
    "dropout_backward": {"dy": floats(3, 5), "rate": 0.5, "seed": 1},
}
EMBEDDING: dict[str, dict[str, Any]] = {
    "embedding": {"ids": np.array([0, 2]), "table": floats(3, 5)},
    "embedding_backward": {"ids": np.array([0, 2]), "dy": floats(2, 5), "rows": 3},
}


def _word_rows(op: str, valid: dict[str, Any]) -> Iterator[Row]:
    for name in ("seed", "offset"):
        for value in (-1, 2**64):
            words = f"{op}: {name} is {value}; expected 0 to 2**64 - 1"
            yield spoil(f"{name} {value}", op, valid, ValueError, words, **{name: value})
        for wrong in (None, 1.0, "1", True):
            words = f"{op}: {name} is {wrong!r}; expected an int"
            yield spoil(f"{name} {wrong!r}", op, valid, TypeError, words, **{name: wrong})


def _dropout_rows() -> Iterator[Row]:
    for op, valid in DROPOUT.items():
        yield from _word_rows(op, valid)
        for rate in (-0.1, 1, 1.5, float("nan"), float("inf")):
            words = f"{op}: rate is {rate!r}; expected at least 0 and below 1"
            yield spoil(f"rate {rate}", op, valid, ValueError, words, rate=rate)
        for wrong in (None, "0.5", True, 1j):
            words = f"{op}: rate is {wrong!r}; expected a number"
            yield spoil(f"rate {wrong!r}", op, valid, TypeError, words, rate=wrong)
        for rate in (-1.0, 1.0, float("nan")):
            call = partial(_native.dropout, "op", "x", floats(3), rate, 0, 0)
            yield Row(f"_native.dropout: rate {rate}", call, {}, ValueError, ("op: rate is",))


def _uniform_rows() -> Iterator[Row]:
    op, valid = "random_uniform", {"shape": (2, 3), "seed": 1}
    yield from _word_rows(op, valid)
    for shape in ((-1, 2), (2**63,), (2**62, 2**62)):
        yield spoil(f"shape {shape}", op, valid, ValueError, f"{op}: ", shape=shape)
    for wrong in (3, None, (1.0,), (True,)):
        yield spoil(f"shape {wrong!r}", op, valid, TypeError, f"{op}: shape is {wrong!r}", shape=wrong)
    for name in ("low", "high"):
        yield spoil(f"{name} NaN", op, valid, ValueError, f"{op}: {name} is nan", **{name: float("nan")})
        yield spoil(f"{name} text", op, valid, TypeError, f"{op}: {name} is '1'", **{name: "1"})
    for dtype in (np.int32, np.float16):
        yield spoil(f"dtype {dtype}", op, valid, TypeError, f"{op}: dtype is", dtype=dtype)


def _embedding_rows() -> Iterator[Row]:
    for op, valid in EMBEDDING.items():
        for wrong in (3, -1, 2**31, -(2**63), 2**63 - 1):
            words = f"{op}: ids hold {wrong}; expected 0 to 2"
            yield spoil(f"id {wrong}", op, valid, IndexError, words, ids=np.array([0, wrong]))
        for wrong in (3, -1, -(2**31)):
            words = f"{op}: ids hold {wrong}; expected 0 to 2"
            ids = np.array([0, wrong], np.int32)
            yield spoil(f"id {wrong} of int32", op, valid, IndexError, words, ids=ids)
        past = np.array([0, 2**63], np.uint64)
        yield spoil("id 2**63", op, valid, IndexError, f"{op}: ids hold {2**63}", ids=past)
        for ids in (np.zeros(2), np.zeros(2, bool), np.zeros(2, object)):
            words = f"{op}: ids has dtype {ids.dtype}; expected integers"
            yield spoil(f"ids of {ids.dtype}", op, valid, TypeError, words, ids=ids)
        for other in ([0, 2], None, 1):
            words = f"{op}: ids is a {type(other).__name__}; expected a numpy.ndarray"
            yield spoil(f"ids {other!r}", op, valid, TypeError, words, ids=other)
    op, valid = "embedding", EMBEDDING["embedding"]
    for shape in ((3,), (3, 5, 1), ()):
        yield spoil(f"table {shape}", op, valid, ValueError, f"{op}: table has shape", table=floats(*shape))
    op, valid = "embedding_backward", EMBEDDING["embedding_backward"]
    for shape in ((2,), (3, 5), (2, 5, 1), ()):
        yield spoil(f"dy {shape}", op, valid, ValueError, f"{op}: dy has shape", dy=floats(*shape))
    wrong_rows: list[tuple[Any, type[Exception]]] = [(-1, ValueError), (2**63, ValueError)]
    wrong_rows += [(1.0, TypeError), (True, TypeError), (None, TypeError)]
    for rows, error in wrong_rows:
        yield spoil(f"rows {rows!r}", op, valid, error, f"{op}: rows is {rows!r}", rows=rows)
    yield spoil("rows beyond memory", op, valid, MemoryError, "", rows=2**45)
    yield spoil("rows beyond 2**63 bytes", op, valid, ValueError, f"{op}: ", rows=2**62)
    call = partial(_native.embedding, np.zeros(2, np.int16), floats(3, 5))
    yield Row("_native.embedding: int16", call, {}, TypeError, ("embedding: ids has dtype int16",))
    call = partial(_native.embedding_backward, floats(2, 5), np.zeros(2, int), -1)
    yield Row("_native.embedding_backward: rows", call, {}, ValueError, ("rows is -1",))


def _bias_rows() -> Iterator[Row]:
    x, y = floats(3, 5), floats(3, 5)
    valid = {"x": x, "bias": floats(5)}
    backward = {"dy": x, "y": y, "activation": "relu"}
    for op, arguments in (("bias_add", valid), ("bias_add_backward", backward)):
        for name in ("data_format", "activation"):
            words = f"{op}: {name} is 'NHWC'; expected"
            yield spoil(f"{name} NHWC", op, arguments, ValueError, words, **{name: "NHWC"})
        first = next(iter(arguments))
        words = f"{op}: x has shape (3,); expected at least 2 axes"
        options: Any = {first: floats(3), "data_format": "channels_first", "y": None}
        if op == "bias_add":
            del options["y"]
        yield spoil("one axis, channels first", op, arguments, ValueError, words, **options)
    op = "bias_add_backward"
    yield spoil("no y", op, backward, ValueError, f"{op}: y is None; expected it with", y=None)
    for code in (-1, 5):
        call = partial(_native.bias_add, x, floats(5), False, code)
        yield Row(f"_native.bias_add: {code}", call, {}, ValueError, (f"activation code is {code}",))


def layer_rows() -> Iterator[Row]:
    yield from _dropout_rows()
    yield from _uniform_rows()
    yield from _embedding_rows()
    yield from _bias_rows()
