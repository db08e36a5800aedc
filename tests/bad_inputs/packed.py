"""Handles of packed weights: what their making and their calls refuse."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bad_inputs.rows import Row, floats, spoil
from bad_inputs.window_arguments import conv_arguments
from bad_inputs.windows import int_rows, padding_rows
from foldgate import _native, ops

OP = "PackedConv"


def _call_rows() -> Iterator[Row]:
    valid = conv_arguments(2)
    x = valid.pop("x")
    packed = ops.PackedConv(**valid)

    def row(name: str, error: type[Exception], words: str, wrong: Any) -> Row:
        return Row(f"{OP}: {name}", packed, {"x": wrong}, error, (f"{OP}: {words}",))

    yield row("x that is a list", TypeError, "x is a list; expected a numpy.ndarray", x.tolist())
    yield row("x missing", TypeError, "x is a NoneType; expected a numpy.ndarray", None)
    yield row("x of int64", TypeError, "x has dtype int64", x.astype(int))
    yield row("x of another precision", TypeError, "x has dtype float64", x.astype(float))
    yield row("x of three axes", ValueError, "x has 3 axes; expected 4", x[0])
    yield row("x of five axes", ValueError, "x has 5 axes; expected 4", x[None])
    yield row("x of other channels", ValueError, "kernel has 4 input channels", x[..., :3])
    yield row("x too small", ValueError, "the effective kernel size", x[:, :2])
    yield row("x without positions", ValueError, "spatial input shape", x[:, :0])
    grouped = {"kernel": valid["kernel"], "groups": 4}
    words = f"{OP}: groups is 4; expected a divisor of kernel's 6 output channels"
    yield Row(f"{OP}: groups that do not divide", ops.PackedConv, grouped, ValueError, (words,))
    for wrong, error, words in (
        (valid["kernel"][:2], ValueError, "kernel has kernel_size (2, 3); expected (3, 3)"),
        (valid["kernel"][0], ValueError, "kernel has kernel_size (3,); expected (3, 3)"),
        (valid["kernel"].tolist(), TypeError, "kernel is a list"),
    ):
        update = {"kernel": wrong}
        yield Row(f"{OP}: update {words}", ops.PackedConv(**valid).update, update, error, (f"{OP}: {words}",))


def _native_rows() -> Iterator[Row]:
    kernel, bias = floats(3, 3, 4, 6), floats(6)
    good: list[Any] = [kernel, bias, (1, 1), (1, 1), 1, False, 0, 0]

    def plan_of(*values: Any, x: Any = (1, 5, 5, 4), pads: Any = (0, 0, 0, 0)) -> Any:
        return _native.PackedConv(*values).plan(x, pads)

    def row(
        name: str, error: type[Exception], words: str, place: int = 0, value: Any = kernel, **plan: Any
    ) -> Row:
        values = [*good[:place], value, *good[place + 1 :]]
        return Row(f"_native.{OP}: {name}", lambda **p: plan_of(*values, **p), plan, error, (words,))

    yield row("a list", TypeError, "incompatible constructor arguments", 0, kernel.tolist())
    yield row("kernel of int64", TypeError, "PackedConv: kernel has dtype int64", 0, kernel.astype(int))
    yield row("kernel view", ValueError, "kernel is not C-contiguous", 0, kernel[::-1])
    yield row("kernel of two axes", ValueError, "PackedConv: kernel has shape (4, 6)", 0, kernel[0, 0])
    yield row("kernel of six axes", ValueError, "PackedConv: kernel has shape", 0, floats(1, 1, 1, 1, 4, 6))
    yield row("bias of five", ValueError, "PackedConv: bias has shape (5,)", 1, floats(5))
    yield row("bias of float64", TypeError, "PackedConv: bias has dtype float64", 1, bias.astype(float))
    for place, value, words in (
        (2, (1,), "strides has 1 values"),
        (3, (0, 1), "dilation_rate is (0, 1)"),
        (4, 0, "groups is 0"),
        (4, 3, "groups is 3"),
        (6, 9, "activation code is 9"),
        (7, -1, "algorithm code is -1"),
        (7, 3, "algorithm is 'depthwise'"),
    ):
        yield row(f"argument {place} {value}", ValueError, words, place, value)
    for x in ((), (1, 5, 5), (1, 5, 5, 4, 1), (-1, 5, 5, 4), (1, 5, -5, 4), (2**62, 2**40, 5, 4)):
        yield row(f"plan of {x}", ValueError, "PackedConv: ", x=x)
    for pads in ((), (0, 0), (-1, 0, 0, 0), (2**62,) * 4):
        yield row(f"pads {pads}", ValueError, "PackedConv: ", pads=pads)
    plan = plan_of(*good)
    for wrong, error, words in (
        (floats(1, 5, 6, 4), ValueError, "PackedConv: x has shape (1, 5, 6, 4); expected (1, 5, 5, 4)"),
        (floats(1, 5, 5, 4)[:, ::-1], ValueError, "x is not C-contiguous"),
        (floats(1, 5, 5, 4).astype(float), TypeError, "PackedConv: x has dtype float64"),
        ([1.0], TypeError, "PackedConv: x is not a numpy.ndarray"),
    ):
        yield Row(f"_native.{OP}: call {words}", partial(plan, wrong), {}, error, (words,))
    yield Row(
        f"_native.{OP}: call of two", partial(plan, kernel, bias), {}, TypeError, ("2 operands; expected 1",)
    )


def packed_rows() -> Iterator[Row]:
    for rank in (1, 2, 3):
        valid = conv_arguments(rank)
        del valid["x"]
        for name in ("strides", "dilation_rate"):
            yield from int_rows(OP, valid, name, rank)
        yield from padding_rows(OP, valid, rank)
    for groups, error in (
        (0, ValueError),
        (-1, ValueError),
        (1.0, TypeError),
        (True, TypeError),
        (None, TypeError),
    ):
        yield spoil(f"groups {groups}", OP, valid, error, f"{OP}: groups is {groups!r}", groups=groups)
    for name in ("activation", "algorithm"):
        yield spoil(f"{name} gelu2", OP, valid, ValueError, f"{OP}: {name} is 'gelu2'", **{name: "gelu2"})
    for wrong in (floats(4, 6), floats(1, 1, 1, 1, 4, 6)):
        yield spoil(
            f"kernel {wrong.ndim} axes", OP, valid, ValueError, f"{OP}: kernel has shape", kernel=wrong
        )
    for kernel in (None, [1.0], np.ones((3, 4, 6), int)):
        yield spoil(f"kernel {kernel!r}", OP, valid, TypeError, f"{OP}: kernel ", kernel=kernel)
    yield spoil("bias of five", OP, valid, ValueError, f"{OP}: bias has shape (5,)", bias=floats(5))
    yield spoil("bias a list", OP, valid, TypeError, f"{OP}: bias is a list", bias=[1.0] * 6)
    yield spoil("bias float64", OP, valid, TypeError, f"{OP}: bias has dtype", bias=floats(6).astype(float))
    yield from _call_rows()
    yield from _native_rows()
