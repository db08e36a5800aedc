"""Indices, powers, options and shapes that make no sense, for unpooling and for pools of parts and of all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bad_inputs.rows import Row, spoil
from bad_inputs.window_arguments import ADAPTIVE, GLOBAL, UNPOOL, WINDOWED

WRONG_POSITIONS = (-1, 2**31, 2**62, -(2**63))


def _index_rows(rank: int) -> Iterator[Row]:
    """Positions outside the plane, and one that is of another part."""
    ops = {name: (UNPOOL | ADAPTIVE | GLOBAL)[name] for name in (*UNPOOL, "adaptive_max_pool_backward")}
    ops["global_max_pool_backward"] = GLOBAL["global_max_pool_backward"]
    for op, arguments in ops.items():
        valid = arguments(rank)
        for found in (*WRONG_POSITIONS, 5**rank):
            indices = valid["indices"].copy()
            indices.flat[-1] = found
            words = f"{op}: indices hold {found}; expected a position of"
            yield spoil(f"position {found}, rank {rank}", op, valid, IndexError, words, indices=indices)
    op = "adaptive_max_pool_backward"  # parts 0..2 and 2..4 of an axis: 0 is not of the last
    valid, words = ADAPTIVE[op](rank), f"{op}: indices hold 0; expected a position of its own"
    indices = valid["indices"].copy()
    indices.flat[-1] = 0
    yield spoil(f"position of another part, rank {rank}", op, valid, IndexError, words, indices=indices)


def _shape_rows(rank: int) -> Iterator[Row]:
    for shape in ((2, *[5] * rank, 3), (1, *[5] * rank, 4), (2, 4), (2, *[5] * (rank + 1), 4), ()):
        op = "max_unpool"
        words = f"{op}: output_shape is "
        yield spoil(f"output_shape {shape}", op, UNPOOL[op](rank), ValueError, words, output_shape=shape)
    for shape in ((2, *[2**62] * rank, 4), (2, *[2**63] * rank, 4), (2, *[-1] * rank, 4)):
        words = "max_unpool: "
        valid = UNPOOL["max_unpool"](rank)
        yield spoil(f"output_shape {shape}", "max_unpool", valid, ValueError, words, output_shape=shape)
    for value in (None, 5, "25", [1.0] * (rank + 2)):
        words = f"max_unpool: output_shape is {value!r}; expected a tuple of ints"
        valid = UNPOOL["max_unpool"](rank)
        yield spoil(f"output_shape {value!r}", "max_unpool", valid, TypeError, words, output_shape=value)
    for op in ("global_average_pool_backward", "global_max_pool_backward"):
        for shape in ((2, *[5] * rank, 3), (1, *[5] * rank, 4), (2, *[0] * rank, 4), (2, 4), ()):
            yield spoil(
                f"input_shape {shape}", op, GLOBAL[op](rank), ValueError, f"{op}: ", input_shape=shape
            )
    for op in ("global_average_pool", "global_max_pool", "global_lp_pool"):
        empty = np.zeros((2, *[0] * rank, 4), np.float32)
        yield spoil("no positions", op, GLOBAL[op](rank), ValueError, f"{op}: x has shape", x=empty)


def _option_rows() -> Iterator[Row]:
    for op in ("lp_pool", "lp_pool_backward", "global_lp_pool", "global_lp_pool_backward"):
        valid = (WINDOWED | GLOBAL)[op](2)
        word = op.removeprefix("global_")  # which speaks where it calls
        for value in (0, -1.0, float("nan"), float("inf"), 2**2000):
            yield spoil(f"p {value}"[:40], op, valid, ValueError, f"{word}: p is ", p=value)
        for value in (None, "2", True, [2], 1j):
            yield spoil(f"p {value!r}", op, valid, TypeError, f"{word}: p is {value!r}", p=value)
    for op in ("global_average_pool", "global_max_pool", "global_lp_pool"):
        for value in (None, 1, "yes"):
            words = f"{op}: keepdims is {value!r}; expected a bool"
            yield spoil(f"keepdims {value!r}", op, GLOBAL[op](2), TypeError, words, keepdims=value)
    for op in ("global_max_pool", "adaptive_max_pool"):
        for value in (None, 1, "taps"):
            words = f"{op}: return_indices is {value!r}; expected a bool"
            yield spoil(
                f"return_indices {value!r}",
                op,
                (GLOBAL | ADAPTIVE)[op](2),
                TypeError,
                words,
                return_indices=value,
            )
    for op, arguments in (UNPOOL | GLOBAL).items():
        for value in ("NHWC", None, 1):
            words = f"{op}: data_format is {value!r}; expected"
            yield spoil(f"data_format {value!r}", op, arguments(2), ValueError, words, data_format=value)


def pool_rows() -> Iterator[Row]:
    for rank in (1, 2, 3):
        yield from _index_rows(rank)
        yield from _shape_rows(rank)
    yield from _option_rows()
