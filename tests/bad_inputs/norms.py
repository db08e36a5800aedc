"""Options of the normalisations that make no sense, and their compiled functions called past the checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_inputs.arguments import NORMS, norm_arguments
from bad_inputs.rows import Row, floats, spoil
from foldgate import _native


def _native_row(name: str, function: Any, error: type[Exception], words: str, *values: Any) -> Row:
    return Row(f"_native.{function.__name__}: {name}", lambda: function(*values), {}, error, (words,))


def norm_rows() -> Iterator[Row]:
    for op in NORMS:
        valid = norm_arguments(op)
        for axis in (3, -4, 2**40):
            yield spoil(f"axis {axis}", op, valid, ValueError, f"{op}: axis is {axis}; expected", axis=axis)
        for axis in (True, None, 1.0, "1"):
            words = f"{op}: axis is {axis!r}; expected an int"
            yield spoil(f"axis {axis!r}", op, valid, TypeError, words, axis=axis)
        if "group" in op or "instance" in op:
            yield spoil("axis 0", op, valid, ValueError, f"{op}: axis is 0; expected 1 or the last", axis=0)
        if "layer" in op or "rms" in op:
            for axes in ((0,), (), (0, 2), (1, 1, 2)):
                words = f"{op}: axis is {axes}; expected the last axes"
                yield spoil(f"axis {axes}", op, valid, ValueError, words, axis=axes)
        if op.endswith("_backward") and "batch" not in op:
            continue
        for epsilon in (-1e-3, float("nan"), float("inf")):
            words = f"{op}: epsilon is {epsilon}; expected 0 or more"
            yield spoil(f"epsilon {epsilon}", op, valid, ValueError, words, epsilon=epsilon)
        for wrong in (None, "1e-3", True):
            words = f"{op}: epsilon is {wrong!r}; expected a float"
            yield spoil(f"epsilon {wrong!r}", op, valid, TypeError, words, epsilon=wrong)
        if "batch" in op:
            for name in ("tanh", 1, np.zeros(2)):
                words = f"{op}: activation is {name!r}; expected None"
                yield spoil(f"activation {name!r}", op, valid, ValueError, words, activation=name)
        else:
            words = f"{op}: return_statistics is 1; expected a bool"
            yield spoil("return_statistics 1", op, valid, TypeError, words, return_statistics=1)
    for op in ("group_norm", "group_norm_backward"):
        for groups in (0, -1, 3, 8, 2**70):
            words = f"{op}: groups is {groups}; expected a divisor of x's 4 channels"
            yield spoil(f"groups {groups}", op, norm_arguments(op), ValueError, words, groups=groups)
        for value in (None, 2.0, True, "2"):
            words = f"{op}: groups is {value!r}; expected an int"
            yield spoil(f"groups {value!r}", op, norm_arguments(op), TypeError, words, groups=value)
    for op in ("group_norm", "instance_norm", "layer_norm", "rms_norm"):
        empty = {"x": floats(2, 0, 4), "gamma": floats(4)}
        if "layer" in op or "rms" in op:
            empty = {"x": floats(2, 0), "gamma": floats(0)}
        if op == "group_norm":
            empty["groups"] = 2
        yield spoil("nothing to normalize", op, empty, ValueError, f"{op}: x has shape (2, 0")
    yield from _native_rows()


def _native_rows() -> Iterator[Row]:
    x, four = floats(2, 3, 4), floats(4)
    for axis in (-1, 3, 2**40):
        words = f"batch_norm: axis is {axis}"
        yield _native_row(
            f"axis {axis}", _native.batch_norm, ValueError, words, x, None, None, axis, 0.0, False
        )
    for epsilon in (-1.0, float("nan")):
        words = "batch_norm: epsilon is "
        yield _native_row("epsilon", _native.batch_norm, ValueError, words, x, None, None, 2, epsilon, False)
    yield _native_row(
        "a view", _native.batch_norm, ValueError, "not C-contiguous", x[:, ::2], None, None, 2, 0.0, False
    )
    yield _native_row(
        "gamma that is a list",
        _native.batch_norm,
        TypeError,
        "gamma is not",
        x,
        [1.0] * 4,
        None,
        2,
        0.0,
        False,
    )
    for groups in (0, 3, -4):
        words = f"op: groups is {groups}"
        values = ("op", x, None, None, False, groups, 0.0)
        yield _native_row(f"groups {groups}", _native.group_norm, ValueError, words, *values)
    for axes in (0, 4, -1):
        words = f"op: {axes} axes are normalized"
        yield _native_row(
            f"axes {axes}", _native.row_norm, ValueError, words, "op", x, None, None, axes, 0.0, True
        )
    words = "op: beta is given"
    yield _native_row("beta", _native.row_norm, ValueError, words, "op", x, None, four, 1, 0.0, False)
    short, rstd = floats(2, 2), np.ones((2, 3), np.float32)
    for mean, spread in ((short, rstd), (rstd, short)):
        values = ("op", x, x, mean, spread, None, 1)
        yield _native_row("statistics", _native.row_norm_backward, ValueError, "op: ", *values)
