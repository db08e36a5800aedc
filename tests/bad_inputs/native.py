"""The compiled functions called past the checks of `foldgate.ops`: they hold by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_inputs.rows import BATCH, STEPS, UNITS, Row, floats, sequence_backward_arguments
from foldgate import _native

SIGNATURE = "incompatible function arguments"


def _row(name: str, function: Any, error: type[Exception], words: str, *values: Any) -> Row:
    return Row(f"_native.{function.__name__}: {name}", lambda: function(*values), {}, error, (words,))


def _matmul_rows() -> Iterator[Row]:
    a, b = floats(3, 4), floats(4, 5)

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        def planned(a: Any, b: Any, bias: Any, *options: Any) -> Any:
            return _native.MatmulPlan(np.shape(a), np.shape(b), *options)(a, b, bias)

        planned.__name__ = "MatmulPlan"
        return _row(name, planned, error, words, *values)

    yield row("a list", TypeError, SIGNATURE, a.tolist(), b, None, False, False, 0)
    yield row(
        "an int64 array", TypeError, "matmul: a has dtype int64", a.astype(int), b, None, False, False, 0
    )
    yield row(
        "another precision",
        TypeError,
        "matmul: b has dtype float64",
        a,
        b.astype(float),
        None,
        False,
        False,
        0,
    )
    yield row("a view", ValueError, "a is not C-contiguous", a[:, ::2], b[::2], None, False, False, 0)
    yield row("big-endian", TypeError, "matmul: a has dtype >f4", a.astype(">f4"), b, None, False, False, 0)
    yield row(
        "bias that is a list", TypeError, "bias is not a numpy.ndarray", a, b, [1.0] * 5, False, False, 0
    )
    yield row("a vector", ValueError, "matmul: a has shape (4,)", a[0], b, None, False, False, 0)
    for code in (-1, 5, 2**31 - 1):
        yield row(
            f"activation {code}", ValueError, f"activation code is {code}", a, b, None, False, False, code
        )
    yield row(
        "activation past int",
        TypeError,
        "incompatible constructor arguments",
        a,
        b,
        None,
        False,
        False,
        2**40,
    )
    for extent, error in (
        (2**24, MemoryError),
        (2**31, ValueError),
        (2**40, ValueError),
        (2**60, ValueError),
    ):
        tall, wide = np.empty((extent, 0), np.float32), np.empty((0, extent), np.float32)
        yield row(f"{extent} x {extent} results", error, "", tall, wide, None, False, False, 0)
    many = np.empty((2**45, 0, 4), np.float32)
    yield row(
        "terms that disagree in an empty batch",
        ValueError,
        "contract 4 with 5",
        many,
        floats(5, 4),
        None,
        False,
        False,
        0,
    )


def _pool_rows() -> Iterator[Row]:
    x = floats(1, 5, 5, 3)
    huge = 2**62

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        def planned(x: Any, *options: Any) -> Any:
            return _native.MaxPoolPlan(np.shape(x), *options)(x)

        planned.__name__ = "MaxPoolPlan"
        return _row(name, planned, error, words, *values)

    window = ((2, 2), (1, 1), (1, 1), (0, 0, 0, 0), False, False)
    yield row("a list", TypeError, SIGNATURE, x.tolist(), *window, 0)
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


def _pool_backward_rows() -> Iterator[Row]:
    dy, taps = floats(1, 4, 4, 3), np.zeros((1, 4, 4, 3), np.uint8)
    window = ((2, 2), (1, 1), (1, 1), (0, 0, 0, 0), False, False)

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        return _row(name, _native.max_pool_backward, error, f"max_pool_backward: {words}", *values)

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


def _recurrent_rows() -> Iterator[Row]:
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
        return _row(
            name, _native.recurrent_forward, error, words, "op", cell, *values, False, False, True, False
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
    tail = (None, None, None, False, False, True)
    for place, wrong, words in (
        (8, valid["cache"][:-3], "op: cache has shape"),
        (7, valid["y"][:1], "op: y has shape"),
        (2, valid["y"][:, :1].copy(), "op: dy has shape"),
        (10, initial_h, "op: dc is given"),
        (2, None, "op: dy and dh are None"),
    ):
        values = (*backward[:place], wrong, *backward[place + 1 :])
        yield _row(f"argument {place}", _native.recurrent_backward, ValueError, words, *values, *tail)


def _conv_rows() -> Iterator[Row]:
    x, kernel = floats(1, 5, 5, 4), floats(3, 3, 4, 6)
    good = [(1, 1), (0, 0, 0, 0), (1, 1), 1, False, 0, 0]
    huge = 2**62

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        def planned(x: Any, kernel: Any, bias: Any, *options: Any) -> Any:
            return _native.ConvPlan(np.shape(x), np.shape(kernel), *options)(x, kernel, bias)

        planned.__name__ = "ConvPlan"
        return _row(name, planned, error, words, *values)

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
        yield _row(
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
    yield row("a list", TypeError, SIGNATURE, x.tolist(), kernel, None, *good)
    plan = _native.ConvPlan(x.shape, kernel.shape, *good)
    for wrong, words in (
        ((x[:, 1:], kernel), "conv: x has shape"),
        ((x, kernel[1:]), "conv: kernel has shape"),
    ):
        yield _row(words, plan.__call__, ValueError, words, *wrong, None)
    yield row("bias of another length", ValueError, "conv: bias has shape (5,)", x, kernel, floats(5), *good)
    yield row(
        "kernel of float64", TypeError, "conv: kernel has dtype float64", x, kernel.astype(float), None, *good
    )


def _matmul_backward_rows() -> Iterator[Row]:
    dc, a, b = floats(3, 5), floats(3, 4), floats(4, 5)

    def gradients(dc: Any, a: Any, b: Any, c: Any, activation: int) -> Any:
        plan = _native.MatmulBackwardPlan(a.shape, b.shape, activation, True, True, True)
        return plan(dc, a, b, c)

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        return _row(name, gradients, error, words, *values)

    yield row("a of one axis", ValueError, "matmul: a has shape (4,)", dc, a[0], b, None, 0)
    yield row("b of other terms", ValueError, "expected (..., K) and (K, N)", dc, a, floats(3, 5), None, 0)
    yield row("dc of another shape", ValueError, "matmul: dc has shape (3, 4)", floats(3, 4), a, b, None, 0)
    yield row("dc of float64", TypeError, "matmul: dc has dtype float64", dc.astype(float), a, b, None, 0)
    yield row("an activation without c", TypeError, "matmul: c is not a numpy.ndarray", dc, a, b, None, 1)
    yield row("c of another shape", ValueError, "matmul: c has shape (3, 4)", dc, a, b, floats(3, 4), 1)
    yield row("an unknown activation", ValueError, "activation code is 9", dc, a, b, None, 9)


def _optimizer_rows() -> Iterator[Row]:
    variable, gradient, slot = floats(3), floats(3), floats(3)

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        return _row(name, _native.optimizer_updates, error, words, "sgd_update", *values)

    good = [0.0] * 10
    yield row(
        "fewer gradients", ValueError, "there are 1 variables, 0 gradients", 0, [variable], [], [], [[]], good
    )
    yield row(
        "a slot too many",
        ValueError,
        "1 slots are given; expected 0",
        0,
        [variable],
        [gradient],
        ["a"],
        [[slot]],
        good,
    )
    yield row(
        "two slots of one name",
        ValueError,
        "slots are given",
        1,
        [variable],
        [gradient],
        ["a"],
        [[slot, slot]],
        good,
    )
    yield row("the gradient itself", ValueError, "overlaps", 0, [variable], [variable], [], [[]], good)
    yield row("no kernel", ValueError, "kind code is 99", 99, [variable], [gradient], [], [[]], good)

    def averages(name: str, words: str, *values: Any) -> Row:
        return _row(name, _native.moving_averages, ValueError, words, "norm", *values, 0.9)

    frozen = floats(3)
    frozen.flags.writeable = False
    yield averages("fewer values", "there are 1 averages and 0 values", [variable], [])
    yield averages("another shape", "norm: value has shape (4,)", [variable], [floats(4)])
    yield averages("a read-only average", "norm: average is read-only", [frozen], [variable])


def native_rows() -> Iterator[Row]:
    yield from _matmul_backward_rows()
    yield from _optimizer_rows()
    yield from _matmul_rows()
    yield from _pool_rows()
    yield from _pool_backward_rows()
    yield from _recurrent_rows()
    yield from _conv_rows()
