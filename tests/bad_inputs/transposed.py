"""Options of transposed convolution that make no sense, for every rank."""

from __future__ import annotations

from collections.abc import Iterator

from bad_inputs.rows import Arguments, Row, floats, spoil
from bad_inputs.window_arguments import TRANSPOSED
from bad_inputs.windows import int_rows, padding_rows


def _output_padding_rows(op: str, valid: Arguments, rank: int) -> Iterator[Row]:
    for value in (1, (1,) * rank, (0,) * (rank + 1), (), -1, 2**63):
        words = f"{op}: output_padding is {value!r}; expected"
        yield spoil(f"output_padding {value!r}", op, valid, ValueError, words, output_padding=value)
    for value in (1.0, True, "1", (1.0,) * rank):
        words = f"{op}: output_padding is {value!r}; expected an int"
        yield spoil(f"output_padding {value!r}", op, valid, TypeError, words, output_padding=value)
    words = f"{op}: output_padding is 3; expected less than its axis' stride or dilation rate"
    yield spoil(
        "output_padding 3", op, valid, ValueError, words, output_padding=3, strides=2, dilation_rate=3
    )


def _extent_rows(op: str, valid: Arguments, rank: int) -> Iterator[Row]:
    words = [f"{op}: the output has -1 positions along spatial axis 0", "expected at least 1"]
    yield spoil(f"padding 3, rank {rank}", op, valid, ValueError, words, padding=3)
    for padding in (2**40, 2**62, 2**63 - 1):
        yield spoil(f"padding {padding}", op, valid, ValueError, f"{op}: ", padding=padding)
    for name in ("strides", "dilation_rate"):
        for value in (2**61, 2**62, 2**63 - 1):
            yield spoil(f"{name} {value}", op, valid, ValueError, f"{op}: ", **{name: value})
    for shape in ((2, *[3] * rank, 0), (2, 0, *[3] * (rank - 1), 4)):
        yield spoil(f"x of shape {shape}", op, valid, ValueError, f"{op}: ", x=floats(*shape))
    for shape in ((*[3] * rank, 6, 0), (*[3] * rank, 0, 4), (*[0] * rank, 6, 4)):
        yield spoil(f"kernel of shape {shape}", op, valid, ValueError, f"{op}: ", kernel=floats(*shape))


def _groups_rows(op: str, valid: Arguments, rank: int) -> Iterator[Row]:
    for value in (0, -1, 3, 2**63):
        words = f"{op}: groups is {value}; expected"
        yield spoil(f"groups {value}, rank {rank}", op, valid, ValueError, words, groups=value)
    for value in (1.0, None, "1", True):
        words = f"{op}: groups is {value!r}; expected an int"
        yield spoil(f"groups {value!r}", op, valid, TypeError, words, groups=value)
    words = f"{op}: kernel has 5 input channels but x has 4 channels"
    yield spoil(f"channels, rank {rank}", op, valid, ValueError, words, kernel=floats(*[3] * rank, 6, 5))
    words = f"{op}: algorithm is 'depthwise' but groups is 1"
    yield spoil("algorithm depthwise", op, valid, ValueError, words, algorithm="depthwise")
    for name, value in (("algorithm", "fast"), ("activation", "gelu")):
        words = f"{op}: {name} is {value!r}; expected"
        yield spoil(f"{name} {value}", op, valid, ValueError, words, **{name: value})


def transposed_rows() -> Iterator[Row]:
    for op, arguments in TRANSPOSED.items():
        for rank in (1, 2, 3):
            valid = arguments(rank)
            for name in ("strides", "dilation_rate"):
                yield from int_rows(op, valid, name, rank)
            yield from padding_rows(op, valid, rank)
            yield from _output_padding_rows(op, valid, rank)
            yield from _extent_rows(op, valid, rank)
            yield from _groups_rows(op, valid, rank)
    words = "conv_transpose_backward: y is None with activation 'relu'; expected what conv_transpose returned"
    valid = TRANSPOSED["conv_transpose_backward"](2)
    yield spoil("no y", "conv_transpose_backward", valid, ValueError, words, activation="relu")
