"""Masks and options of attention that make no sense, and its compiled functions called past the checks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bad_inputs.arguments import attention_arguments, attention_backward_arguments
from bad_inputs.rows import Row, floats, spoil
from foldgate import _native


def attention_rows() -> Iterator[Row]:
    for op, valid in (
        ("attention", attention_arguments()),
        ("attention_backward", attention_backward_arguments()),
    ):
        for shape in ((4, 4), (5, 4), (2, 4, 5), (3, 3, 4, 5), (1, 1, 1, 1, 5), (0,), (6,)):
            yield spoil(f"mask {shape}", op, valid, ValueError, f"{op}: mask has", mask=np.ones(shape, bool))
        for mask in (np.ones((4, 5)), np.ones((4, 5), int)):
            yield spoil(f"mask of {mask.dtype}", op, valid, TypeError, f"{op}: mask has dtype", mask=mask)
        yield spoil("mask of a list", op, valid, TypeError, f"{op}: mask is a list", mask=[[True] * 5] * 4)
        yield spoil("causal 1", op, valid, TypeError, f"{op}: causal is 1; expected a bool", causal=1)
        for scale in (float("nan"), float("inf")):
            yield spoil(f"scale {scale}", op, valid, ValueError, f"{op}: scale is {scale}", scale=scale)
        for axis in (0, 3, True, "2"):
            words = f"{op}: heads_axis is {axis!r}; expected 1 or 2"
            yield spoil(f"heads_axis {axis}", op, valid, ValueError, words, heads_axis=axis)
        two = {"k": floats(2, 2, 5, 6), "v": floats(2, 2, 5, 7)}
        yield spoil("heads shared unevenly", op, valid, ValueError, f"{op}: k has shape (2, 2, 5, 6)", **two)
        yield spoil("scale True", op, valid, TypeError, f"{op}: scale is True; expected a float", scale=True)
    yield from _native_rows()


def _native_rows() -> Iterator[Row]:
    q, k, v = attention_arguments().values()

    def row(name: str, error: type[Exception], words: str, mask: object, x: object = q) -> Row:
        values = (x, k, v, mask, False, 1.0, 1)
        return Row(f"_native.attention: {name}", lambda: _native.attention(*values), {}, error, (words,))

    yield row("a mask of three axes", ValueError, "attention: mask has shape", np.ones((3, 4, 5), bool))
    yield row("a mask of few keys", ValueError, "attention: mask has shape", np.ones((1, 1, 4, 1), bool))
    yield row(
        "a mask of bytes", TypeError, "attention: mask has dtype uint8", np.ones((2, 3, 4, 5), np.uint8)
    )
    yield row("a mask of a list", TypeError, "attention: mask is not", [True])
    yield row("a view of a mask", ValueError, "not C-contiguous", np.ones((2, 3, 4, 10), bool)[..., ::2])
    axes = (q, k, v, None, False, 1.0, 3)
    words = ("attention: heads_axis is 3",)
    yield Row("_native.attention: an axis", lambda: _native.attention(*axes), {}, ValueError, words)
    yield row("no features", ValueError, "attention: q has shape", None, floats(2, 3, 4, 0))
