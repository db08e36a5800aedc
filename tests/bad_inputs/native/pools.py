"""Max pooling and its gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_inputs.native.row import native_row
from bad_inputs.rows import Row, floats
from foldgate import _native


def pool_rows() -> Iterator[Row]:
    x = floats(1, 5, 5, 3)
    huge = 2**62

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        def planned(x: Any, *options: Any) -> Any:
            return _native.MaxPoolPlan(np.shape(x), *options)(x)

        planned.__name__ = "MaxPoolPlan"
        return native_row(name, planned, error, words, *values)

    window = ((2, 2), (1, 1), (1, 1), (0, 0, 0, 0), False, False)
    yield row("a list", TypeError, "max_pool: x is not a numpy.ndarray", x.tolist(), *window, 0)
    yield row("an int64 array", TypeError, "max_pool: x has dtype int64", x.astype(int), *window, 0)
    yield row("a view", ValueError, "max_pool: x is not C-contiguous", x[:, ::2], *window, 0)
    yield row(
        "unaligned",
        ValueError,
        "and aligned",
        np.zeros(61, np.uint8)[1:].view(np.float32).reshape(1, 5, 3, 1),
        *window,
        0,
    )
    for code in (-1, 3):
        yield row(f"indices code {code}", ValueError, f"max_pool: indices code is {code}", x, *window, code)
    for axes in (2, 6):
        yield row(f"{axes} axes", ValueError, "max_pool: input_shape is (", floats(*[3] * axes), *window, 0)
    good = list(window)
    spoiled: list[tuple[int, Any, str]] = [
        (0, (2,), "kernel_size has 1 values"),
        (0, (2, 0), "kernel_size is (2, 0)"),
        (0, (-2, 2), "kernel_size is (-2, 2)"),
        (0, (2, huge), "effective kernel size"),
        (0, (), "kernel_size has 0 values"),
        (0, (6, 2), "effective kernel size"),
        (1, (0, 1), "strides is (0, 1)"),
        (1, (-1, 1), "strides is (-1, 1)"),
        (1, (1, 1, 1), "strides has 3 values"),
        (2, (0, 1), "dilation_rate is (0, 1)"),
        (2, (huge, huge), "max_pool: "),
        (2, (2**63 - 1, 1), "max_pool: "),
        (3, (0, 0), "padding has 2 values"),
        (3, (-1, 0, 0, 0), "padding is (-1, 0, 0, 0)"),
        (3, (2, 0, 0, 0), "half the window"),
        (3, (huge, huge, huge, huge), "max_pool: "),
        (3, (2**63 - 1,) * 4, "max_pool: "),
    ]
    for place, value, words in spoiled:
        arguments = [*good[:place], value, *good[place + 1 :]]
        yield row(f"argument {place} {value}", ValueError, words, x, *arguments, 0)
    constructor = "incompatible constructor arguments"
    for place in range(4):
        for value in ((2**63,) * 4, (1.5, 1.5), "22", None, 2):
            arguments = [*good[:place], value, *good[place + 1 :]]
            yield row(f"argument {place} {value!r}", TypeError, constructor, x, *arguments, 0)


def pool_backward_rows() -> Iterator[Row]:
    dy, taps = floats(1, 4, 4, 3), np.zeros((1, 4, 4, 3), np.uint8)
    window = ((2, 2), (1, 1), (1, 1), (0, 0, 0, 0), False, False)

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        return native_row(name, _native.max_pool_backward, error, f"max_pool_backward: {words}", *values)

    shape = (1, 5, 5, 3)
    yield row("dy of another shape", ValueError, "dy has shape (1, 3, 4, 3)", dy[:, 1:], taps, shape, *window)
    yield row(
        "indices of another shape", ValueError, "indices has shape", dy, taps[..., :2].copy(), shape, *window
    )
    yield row(
        "indices of int16", TypeError, "indices has dtype int16", dy, taps.astype(np.int16), shape, *window
    )
    yield row(
        "big-endian indices", TypeError, "indices has dtype >i8", dy, taps.astype(">i8"), shape, *window
    )
    yield row(
        "strided indices",
        ValueError,
        "indices is not C-contiguous",
        dy,
        np.repeat(taps, 2, 1)[:, ::2],
        shape,
        *window,
    )
    for wrong in ((1, 5, 5, -3), (-1, 5, 5, 3), (1, 5, 5), (1, 5, 5, 4), (2, 5, 5, 3), (1, 6, 5, 3), ()):
        yield row(f"input_shape {wrong}", ValueError, "", dy, taps, wrong, *window)
    for wrong in ((2**62, 5, 5, 2**62), (2**32, 2**31, 2**31, 2), (2**63 - 1,) * 4, (1, 2**62, 2**62, 3)):
        yield row(f"input_shape {wrong}", ValueError, "", dy, taps, wrong, *window)
    for found in (-1, 25, 2**32, -(2**63)):
        indices = np.full(dy.shape, found, np.int64)
        yield row(f"position {found}", IndexError, f"indices hold {found};", dy, indices, shape, *window)
    yield row("tap 4", IndexError, "indices hold 4;", dy, taps + np.uint8(4), shape, *window)
