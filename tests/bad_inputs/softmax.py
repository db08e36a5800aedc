"""Axes that an array does not have, and labels that are no classes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bad_inputs.arguments import SOFTMAX
from bad_inputs.rows import Row, floats, spoil
from foldgate import _native


def _axis_rows(op: str) -> Iterator[Row]:
    for axis in (2, -3, 2**31, -(2**63), 2**70):
        words = f"{op}: axis is {axis}; expected one of"
        yield spoil(f"axis {axis}", op, SOFTMAX[op], ValueError, words, axis=axis)
    for wrong in (None, 1.0, "1", True, (0,)):
        words = f"{op}: axis is {wrong!r}; expected an int"
        yield spoil(f"axis {wrong}", op, SOFTMAX[op], TypeError, words, axis=wrong)


def _label_rows(op: str) -> Iterator[Row]:
    valid = {**SOFTMAX[op], "labels": np.array([0, 4, 2])}
    for label in (5, -1, 2**31, -(2**63), 2**63 - 1):
        labels = np.array([0, label, 2])
        yield spoil(f"label {label}", op, valid, IndexError, f"{op}: labels hold {label};", labels=labels)
        ignored = {**valid, "ignore_index": 4}
        yield spoil(f"label {label}", op, ignored, IndexError, f"{op}: labels hold {label};", labels=labels)
    past = np.array([0, 2**63, 2], np.uint64)
    yield spoil("label 2**63", op, valid, IndexError, f"{op}: labels hold {2**63};", labels=past)
    for labels in (np.zeros((3, 5), int), np.zeros((), int), np.zeros(2, np.int32), np.zeros((1, 3), int)):
        words = f"{op}: labels has shape"
        yield spoil(f"labels {labels.shape}", op, valid, ValueError, words, labels=labels)
    for value in (1.0, "0", True, [1]):
        words = f"{op}: ignore_index is {value!r}; expected an int or None"
        yield spoil(f"ignore_index {value!r}", op, valid, TypeError, words, ignore_index=value)
    words = f"{op}: ignore_index is {2**63}; expected a 64-bit integer"
    yield spoil("ignore_index 2**63", op, valid, ValueError, words, ignore_index=2**63)
    words = f"{op}: ignore_index is 1; expected None with probabilities"
    yield spoil("ignore_index and probabilities", op, SOFTMAX[op], ValueError, words, ignore_index=1)
    empty = {"logits": floats(3, 0), "labels": floats(3, 0)}
    yield spoil("no classes", op, valid, ValueError, f"{op}: logits has shape (3, 0)", **empty)


def _native_rows() -> Iterator[Row]:
    x = floats(3, 5)
    for labels, error in ((np.zeros(3, np.int16), TypeError), (np.zeros(3, ">i8"), TypeError)):
        call = partial(_native.softmax_cross_entropy, x, labels, None)
        yield Row(f"_native.softmax_cross_entropy: {labels.dtype}", call, {}, error, ("labels has dtype",))
    for axis in (2, -3, 2**62):
        call = partial(_native.softmax, "op", x, axis, False)
        yield Row(f"_native.softmax: axis {axis}", call, {}, ValueError, (f"op: axis is {axis}",))


def softmax_rows() -> Iterator[Row]:
    for op in ("softmax", "softmax_backward", "log_softmax", "log_softmax_backward"):
        yield from _axis_rows(op)
    for op in ("softmax_cross_entropy", "softmax_cross_entropy_backward"):
        yield from _label_rows(op)
    yield from _native_rows()
