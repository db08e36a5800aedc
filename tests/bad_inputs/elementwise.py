"""Wrong `out=`, parameters that make no sense, and codes past the functions of every value."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bad_inputs.arguments import elementwise_arguments
from bad_inputs.rows import Row, floats, spoil
from elementwise_cases import FUNCTIONS
from foldgate import _native


def _out_rows(op: str) -> Iterator[Row]:
    valid = elementwise_arguments(op)
    frozen = floats(3, 5)
    frozen.flags.writeable = False
    wrong: list[tuple[str, Any, type[Exception], str]] = [
        ("a list", [0.0], TypeError, "out is not a numpy.ndarray"),
        ("another precision", np.zeros((3, 5)), TypeError, "out has dtype float64; expected float32"),
        ("ints", np.zeros((3, 5), np.int32), TypeError, "out has dtype int32; expected float32"),
        ("another shape", floats(5, 3), ValueError, "out has shape (5, 3); expected (3, 5)"),
        ("one axis more", floats(1, 3, 5), ValueError, "out has shape (1, 3, 5); expected (3, 5)"),
        ("a view", floats(3, 10)[:, ::2], ValueError, "out is not C-contiguous and aligned"),
        ("big-endian", floats(3, 5).astype(">f4"), TypeError, "out has dtype >f4; expected float32"),
        ("read-only", frozen, ValueError, "out is read-only"),
    ]
    for name, out, error, words in wrong:
        yield spoil(f"out is {name}", op, valid, error, f"{op}: {words}", out=out)
    memory = floats(20)
    for name in valid:
        operand, out = memory[:15].reshape(3, 5), memory[1:16].reshape(3, 5)
        words = f"{op}: out overlaps {name} in part"
        yield spoil(f"out overlaps {name}", op, valid, ValueError, words, **{name: operand, "out": out})


def _parameter_rows(function: str, name: str) -> Iterator[Row]:
    for op in (function, f"{function}_backward"):
        valid = elementwise_arguments(op)
        for value in (-1, -1e-300, float("nan"), float("inf")):
            words = f"{op}: {name} is {value!r}; expected a finite number of at least 0"
            yield spoil(f"{name} {value}", op, valid, ValueError, words, **{name: value})
        for value in ("1", None, True, [1.0], 1j):
            words = f"{op}: {name} is {value!r}; expected a number"
            yield spoil(f"{name} {value}", op, valid, TypeError, words, **{name: value})


def _native_rows() -> Iterator[Row]:
    x = floats(3, 5)
    for code in (-1, 19, 2**31 - 1):
        for call, values in (
            (_native.elementwise, ("op", code, x, 0.0, None)),
            (_native.elementwise_backward, ("op", code, x, x, 0.0, None)),
        ):
            words = (f"op: function code is {code}; expected 0 to 18",)
            name = f"_native.{call.__name__}: code {code}"
            yield Row(name, partial(call, *values), {}, ValueError, words)
    view = floats(3, 10)[:, ::2]
    name = "_native.elementwise: a view"
    yield Row(name, partial(_native.elementwise, "op", 0, view, 0.0, None), {}, ValueError, ("op: x is not",))
    for place, v in (("a view", view), ("another shape", floats(5, 3))):
        name = f"_native.elementwise_backward: v is {place}"
        yield Row(
            name,
            lambda v=v: _native.elementwise_backward("op", 0, x, v, 0.0, None),
            {},
            ValueError,
            ("op: ",),
        )


def elementwise_rows() -> Iterator[Row]:
    for function in FUNCTIONS:
        yield from _out_rows(function)
        yield from _out_rows(f"{function}_backward")
    yield from _parameter_rows("leaky_relu", "negative_slope")
    yield from _parameter_rows("elu", "alpha")
    yield from _native_rows()
    for op in ("gelu", "gelu_backward"):
        for value in (None, 1, "tanh"):
            words = f"{op}: approximate is {value!r}; expected a bool"
            valid = elementwise_arguments(op)
            yield spoil(f"approximate {value}", op, valid, TypeError, words, approximate=value)
