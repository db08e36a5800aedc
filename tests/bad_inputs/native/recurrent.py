"""Recurrent layers and their gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_inputs.native.row import SIGNATURE, native_row
from bad_inputs.recurrent_arguments import BATCH, STEPS, UNITS, sequence_backward_arguments
from bad_inputs.rows import Row, floats
from foldgate import _native


def recurrent_rows() -> Iterator[Row]:
    valid = sequence_backward_arguments("gru")
    names = ("x", "kernel", "recurrent_kernel", "bias", "initial_h")
    x, kernel, recurrent, bias, initial_h = (valid[name] for name in names)

    def row(
        name: str, error: type[Exception], words: str, cell: Any = 1, mask: Any = None, **other: Any
    ) -> Row:
        a = {
            "x": x,
            "kernel": kernel,
            "bias": bias,
            "initial_h": initial_h,
            "initial_c": None,
            "lengths": None,
            **other,
        }
        values = (
            a["x"],
            a["kernel"],
            recurrent,
            a["bias"],
            a["initial_h"],
            a["initial_c"],
            mask,
            a["lengths"],
        )
        return native_row(
            name,
            _native.recurrent_forward,
            error,
            words,
            "op",
            cell,
            *values,
            False,
            False,
            False,
            True,
            False,
        )

    for cell in (-1, 5, 2**31 - 1):
        yield row(f"cell {cell}", ValueError, f"op: cell code is {cell}; expected 0 to 4", cell=cell)
    yield row("cell past int", TypeError, SIGNATURE, cell=2**40)
    yield row(
        "another cell's weights", ValueError, "op: kernel has 15 columns; expected a multiple of 4", cell=0
    )
    yield row("a list", TypeError, SIGNATURE, x=x.tolist())
    yield row("x of two axes", ValueError, "op: x has shape", x=x[0])
    yield row("a view", ValueError, "op: x is not C-contiguous", x=x[:, :, ::-1])
    yield row("mask of bytes", TypeError, "op: mask has dtype uint8", mask=np.ones((BATCH, STEPS), np.uint8))
    yield row("lengths of int32", TypeError, "op: lengths has dtype int32", lengths=np.ones(BATCH, np.int32))
    yield row("length past T", ValueError, "is 4; expected 0 to 3", lengths=np.array([4, 1]))
    yield row("initial_c for a GRU", ValueError, "op: initial_c is given", initial_c=floats(BATCH, UNITS))
    yield row("bias that is a list", TypeError, "op: bias is not a numpy.ndarray", bias=[1.0])
    backward = (
        "op",
        1,
        valid["dy"],
        x,
        kernel,
        recurrent,
        bias,
        valid["y"],
        valid["cache"],
        None,
        None,
        initial_h,
    )
    tail = (None, None, None, False, False, False, True)
    for place, wrong, words in (
        (8, valid["cache"][:-3], "op: cache has shape"),
        (7, valid["y"][:1], "op: y has shape"),
        (2, valid["y"][:, :1].copy(), "op: dy has shape"),
        (10, initial_h, "op: dc is given"),
        (2, None, "op: dy and dh are None"),
    ):
        values = (*backward[:place], wrong, *backward[place + 1 :])
        yield native_row(f"argument {place}", _native.recurrent_backward, ValueError, words, *values, *tail)
