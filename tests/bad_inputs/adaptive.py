"""Numbers of parts that make no sense, for the adaptive pools of every rank."""

from __future__ import annotations

from collections.abc import Iterator

from bad_inputs.rows import Row, floats, spoil
from bad_inputs.window_arguments import ADAPTIVE


def adaptive_rows() -> Iterator[Row]:
    for rank in (1, 2, 3):
        for op in ("adaptive_average_pool", "adaptive_max_pool"):
            yield from _forward_rows(op, rank)
        for op in ("adaptive_average_pool_backward", "adaptive_max_pool_backward"):
            yield from _backward_rows(op, rank)
    for op, arguments in ADAPTIVE.items():
        for value in ("NHWC", None, 1):
            words = f"{op}: data_format is {value!r}; expected"
            yield spoil(f"data_format {value!r}", op, arguments(2), ValueError, words, data_format=value)


def _forward_rows(op: str, rank: int) -> Iterator[Row]:
    valid = ADAPTIVE[op](rank)
    for value in (0, -1, (1,) * (rank + 1), (), (2,) * (rank - 1) + (0,), 2**63, 2**62):
        words = f"{op}: "
        yield spoil(f"output_size {value!r}", op, valid, ValueError, words, output_size=value)
    for value in (1.0, True, None, "2", (1.0,) * rank):
        words = f"{op}: output_size is {value!r}; expected an int"
        yield spoil(f"output_size {value!r}", op, valid, TypeError, words, output_size=value)
    far = (2**40, *[1] * (rank - 1))
    yield spoil("parts beyond memory", op, valid, MemoryError, "", output_size=far)
    words = f"{op}: x has a spatial extent of 0"
    yield spoil("no positions", op, valid, ValueError, words, x=floats(2, *[0] * rank, 4))


def _backward_rows(op: str, rank: int) -> Iterator[Row]:
    valid = ADAPTIVE[op](rank)
    for shape in ((2, *[0] * rank, 4), (2, *[5] * rank, 3), (1, *[5] * rank, 4), (), (1,) * 7):
        yield spoil(f"input_shape {shape}", op, valid, ValueError, f"{op}: ", input_shape=shape)
    for shape in ((2**63, *[5] * rank, 4), (2, *[2**62] * rank, 4), (-1, *[5] * rank, 4)):
        yield spoil(f"input_shape {shape}", op, valid, ValueError, f"{op}: ", input_shape=shape)
    for value in (None, 5, "25", [1.0] * (rank + 2)):
        words = f"{op}: input_shape is {value!r}; expected a tuple of ints"
        yield spoil(f"input_shape {value!r}", op, valid, TypeError, words, input_shape=value)
