"""Convolution and its gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_inputs.native.row import native_row
from bad_inputs.rows import Row, floats
from foldgate import _native


def conv_rows() -> Iterator[Row]:
    x, kernel = floats(1, 5, 5, 4), floats(3, 3, 4, 6)
    good = [(1, 1), (0, 0, 0, 0), (1, 1), 1, False, 0, 0]
    huge = 2**62

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        def planned(x: Any, kernel: Any, bias: Any, *options: Any) -> Any:
            return _native.ConvPlan(np.shape(x), np.shape(kernel), *options)(x, kernel, bias)

        planned.__name__ = "ConvPlan"
        return native_row(name, planned, error, words, *values)

    def planned_backward(dy: Any, x: Any, kernel: Any, y: Any, *options: Any) -> Any:
        return _native.ConvBackwardPlan(np.shape(x), np.shape(kernel), *options)(dy, x, kernel, y)

    planned_backward.__name__ = "ConvBackwardPlan"

    spoiled: list[tuple[int, Any, str]] = [
        (0, (1,), "strides has 1 values"),
        (0, (0, 1), "strides is (0, 1)"),
        (0, (-1, 1), "strides is (-1, 1)"),
        (1, (0, 0), "padding has 2 values"),
        (1, (-1, 0, 0, 0), "padding is (-1, 0, 0, 0)"),
        (1, (huge,) * 4, "conv: "),
        (1, (2**63 - 1, 0, 0, 0), "pass 2**63"),
        (1, (2**31,) * 4, "conv: "),
        (1, (2**40,) * 4, "conv: "),
        (2, (0, 1), "dilation_rate is (0, 1)"),
        (2, (huge, huge), "conv: "),
        (2, (2, 3), "effective kernel size"),
        (3, 0, "groups is 0"),
        (3, -1, "groups is -1"),
        (3, 3, "groups is 3"),
        (3, huge, f"groups is {huge}"),
        (5, -1, "activation code is -1"),
        (5, 5, "activation code is 5"),
        (6, -1, "algorithm code is -1"),
        (6, 9, "algorithm code is 9"),
    ]
    for place, value, words in spoiled:
        arguments = [*good[:place], value, *good[place + 1 :]]
        yield row(f"argument {place} {value}", ValueError, words, x, kernel, None, *arguments)
        shape = (1, 3, 3, 6)
        backward = (floats(*shape), x, kernel, None, *arguments, True, True, True)
        yield native_row(
            f"argument {place} {value}",
            planned_backward,
            ValueError,
            words.replace("conv: ", "conv_backward: "),
            *backward,
        )
    yield row("x of three axes", ValueError, "conv: x has 3 axes", x[0], kernel, None, *good)
    yield row(
        "kernel of six axes", ValueError, "conv: kernel has shape", x, floats(1, 1, 1, 1, 1, 1), None, *good
    )
    yield row("a view", ValueError, "conv: x is not C-contiguous", x[:, ::-1], kernel, None, *good)
    yield row("a list", TypeError, "conv: x is not a numpy.ndarray", x.tolist(), kernel, None, *good)
    plan = _native.ConvPlan(x.shape, kernel.shape, *good)
    for wrong, words in (
        ((x[:, 1:], kernel), "conv: x has shape"),
        ((x, kernel[1:]), "conv: kernel has shape"),
    ):
        yield native_row(words, plan.__call__, ValueError, words, *wrong, None)
    yield row("bias of another length", ValueError, "conv: bias has shape (5,)", x, kernel, floats(5), *good)
    yield row(
        "kernel of float64", TypeError, "conv: kernel has dtype float64", x, kernel.astype(float), None, *good
    )
