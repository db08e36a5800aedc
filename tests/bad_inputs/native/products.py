"""The product and its gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_inputs.native.row import native_row
from bad_inputs.rows import Row, floats
from foldgate import _native


def matmul_rows() -> Iterator[Row]:
    a, b = floats(3, 4), floats(4, 5)

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        def planned(a: Any, b: Any, bias: Any, *options: Any) -> Any:
            return _native.MatmulPlan(np.shape(a), np.shape(b), *options)(a, b, bias)

        planned.__name__ = "MatmulPlan"
        return native_row(name, planned, error, words, *values)

    plain = (None, False, False, 0)
    yield row("a list", TypeError, "matmul: a is not a numpy.ndarray", a.tolist(), b, *plain)
    yield row("an int64 array", TypeError, "matmul: a has dtype int64", a.astype(int), b, *plain)
    yield row("another precision", TypeError, "matmul: b has dtype float64", a, b.astype(float), *plain)
    yield row("a view", ValueError, "a is not C-contiguous", a[:, ::2], b[::2], *plain)
    yield row("big-endian", TypeError, "matmul: a has dtype >f4", a.astype(">f4"), b, *plain)
    bias = [1.0] * 5
    yield row("bias that is a list", TypeError, "bias is not a numpy.ndarray", a, b, bias, *plain[1:])
    yield row("a vector", ValueError, "matmul: a has shape (4,)", a[0], b, *plain)
    for code in (-1, 5, 2**31 - 1):
        words = f"activation code is {code}"
        yield row(f"activation {code}", ValueError, words, a, b, *plain[:3], code)
    words = "incompatible constructor arguments"
    yield row("activation past int", TypeError, words, a, b, *plain[:3], 2**40)
    extents = ((2**24, MemoryError), (2**31, ValueError), (2**40, ValueError), (2**60, ValueError))
    for extent, error in extents:
        tall, wide = np.empty((extent, 0), np.float32), np.empty((0, extent), np.float32)
        yield row(f"{extent} x {extent} results", error, "", tall, wide, *plain)
    many = np.empty((2**45, 0, 4), np.float32)
    words = "contract 4 with 5"
    yield row("terms that disagree in an empty batch", ValueError, words, many, floats(5, 4), *plain)


def matmul_backward_rows() -> Iterator[Row]:
    dc, a, b = floats(3, 5), floats(3, 4), floats(4, 5)

    def gradients(dc: Any, a: Any, b: Any, c: Any, activation: int) -> Any:
        plan = _native.MatmulBackwardPlan(a.shape, b.shape, activation, True, True, True)
        return plan(dc, a, b, c)

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        return native_row(name, gradients, error, words, *values)

    yield row("a of one axis", ValueError, "matmul: a has shape (4,)", dc, a[0], b, None, 0)
    yield row("b of other terms", ValueError, "expected (..., K) and (K, N)", dc, a, floats(3, 5), None, 0)
    yield row("dc of another shape", ValueError, "matmul: dc has shape (3, 4)", floats(3, 4), a, b, None, 0)
    yield row("dc of float64", TypeError, "matmul: dc has dtype float64", dc.astype(float), a, b, None, 0)
    yield row("an activation without c", TypeError, "matmul: c is not a numpy.ndarray", dc, a, b, None, 1)
    yield row("c of another shape", ValueError, "matmul: c has shape (3, 4)", dc, a, b, floats(3, 4), 1)
    yield row("an unknown activation", ValueError, "activation code is 9", dc, a, b, None, 9)
