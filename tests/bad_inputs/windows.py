"""Strides, pads, dilations, window sizes and groups that make no sense, for every windowed op and rank."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_inputs.rows import Arguments, Row, floats, spoil
from bad_inputs.window_arguments import WINDOWED, conv_arguments

SIZES = {
    "im2col": "kernel_size",
    "col2im": "kernel_size",
    "max_pool": "pool_size",
    "max_pool_backward": "pool_size",
    "average_pool": "pool_size",
    "average_pool_backward": "pool_size",
    "lp_pool": "pool_size",
    "lp_pool_backward": "pool_size",
}


def int_rows(op: str, valid: Arguments, name: str, rank: int) -> Iterator[Row]:
    """One of the arguments that are an int or one an axis."""
    for value in (0, -1, -(2**63), 2**63, 2**200, (1,) * (rank + 1), (), (2,) * (rank - 1) + (0,)):
        if value == (2,) * rank:
            continue
        words = f"{op}: {name} is {value!r}; expected"
        yield spoil(f"{name} {value!r}, rank {rank}", op, valid, ValueError, words, **{name: value})
    wrong: list[Any] = [
        1.0,
        float("nan"),
        True,
        "2",
        (1.0,) * rank,
        (True,) * rank,
        [None] * rank,
        np.float64(2),
        {},
    ]
    if name != "strides" or "_pool" not in op:
        wrong.append(None)
    for value in wrong:
        words = f"{op}: {name} is {value!r}; expected"
        yield spoil(f"{name} {value!r}, rank {rank}", op, valid, TypeError, words, **{name: value})


def padding_rows(op: str, valid: Arguments, rank: int) -> Iterator[Row]:
    values: list[Any] = [-1, "smae", "", (0,) * (rank + 1), [(0, -1)] * rank, [(1, 1, 1)] * rank, 2**63]
    if rank > 1 or "_pool" in op:
        values.append("causal")
    for value in values:
        words = f"{op}: padding is "
        yield spoil(f"padding {value!r}, rank {rank}", op, valid, ValueError, words, padding=value)
    for value in (None, 1.0, True, b"same", [(1.5, 0)] * rank, {1: 2}, np.zeros(2)):
        words = f"{op}: padding is "
        yield spoil(f"padding {value!r}, rank {rank}", op, valid, TypeError, words, padding=value)
    for value in ("NHWC", "channels", "", None, 1, ("channels_last",), np.zeros(2)):
        words = f"{op}: data_format is {value!r}; expected 'channels_last' or 'channels_first'"
        yield spoil(f"data_format {value!r}", op, valid, ValueError, words, data_format=value)


def _extent_rows(op: str, valid: Arguments, rank: int) -> Iterator[Row]:
    """Windows that do not fit, and products of extents past 2^63."""
    words = f"{op}: the effective kernel size (kernel - 1) * dilation + 1 is 7 "
    yield spoil(f"window too large, rank {rank}", op, valid, ValueError, words, dilation_rate=3)
    yield spoil(f"huge dilation, rank {rank}", op, valid, ValueError, f"{op}: ", dilation_rate=2**62)
    yield spoil(
        f"huge dilation, padded, rank {rank}",
        op,
        valid,
        ValueError,
        f"{op}: ",
        dilation_rate=2**61,
        padding=2**60,
    )
    yield spoil(f"huge pads, rank {rank}", op, valid, ValueError, f"{op}: ", padding=2**62)
    name = SIZES.get(op)
    if name:
        yield spoil(
            f"{name} too large, rank {rank}",
            op,
            valid,
            ValueError,
            f"{op}: the effective kernel size",
            **{name: 6},
        )
        for size in (2**31, 2**32 + 1, 2**62):
            yield spoil(f"{name} {size}, rank {rank}", op, valid, ValueError, f"{op}: ", **{name: size})


def input_shape_rows(op: str, valid: Arguments, rank: int) -> Iterator[Row]:
    shape = valid["input_shape"]
    for value in (None, 5, "25", [1.0] * len(shape), (True,) * len(shape), np.array(shape)):
        words = f"{op}: input_shape is "
        yield spoil(f"input_shape {value!r}", op, valid, TypeError, words, input_shape=value)
    wrong = [
        (-1, *shape[1:]),
        (*shape[:-1], -1),
        (2**63, *shape[1:]),
        (1, *shape),
        shape[1:],
        (),
        (0,) * len(shape),
    ]
    wrong += [
        (shape[0] + 1, *shape[1:]),
        (*shape[:-1], shape[-1] + 1),
        (2, *[0] * rank, 4),
        (2, *[6] * rank, 4),
    ]
    wrong += [(2**32, *[2**31] * rank, 4), (2**62, *[5] * rank, 2**62), (2, *[2**62] * rank, 4)]
    for value in wrong:
        yield spoil(f"input_shape {value}", op, valid, ValueError, f"{op}: ", input_shape=value)


def _groups_rows(op: str, valid: Arguments, rank: int) -> Iterator[Row]:
    for value in (0, -1, 3, 2**63, -(2**70)):
        yield spoil(
            f"groups {value}, rank {rank}",
            op,
            valid,
            ValueError,
            f"{op}: groups is {value}; expected",
            groups=value,
        )
    words = [f"{op}: kernel has 4 input channels per group but x has 4 channels in 2 groups", "2 per group"]
    yield spoil(f"groups 2, rank {rank}", op, valid, ValueError, words, groups=2)
    kernel = floats(*[3] * rank, 1, 6)
    words = f"{op}: groups is 4; expected a divisor of kernel's 6 output channels"
    yield spoil(
        f"groups that do not divide, rank {rank}", op, valid, ValueError, words, groups=4, kernel=kernel
    )
    for value in (1.0, None, "1", True, (1,)):
        yield spoil(
            f"groups {value!r}, rank {rank}", op, valid, TypeError, f"{op}: groups is {value!r}", groups=value
        )
    for value in ("fast", "", 1, None.__class__, ("direct",)):
        yield spoil(
            f"algorithm {value!r}", op, valid, ValueError, f"{op}: algorithm is {value!r}", algorithm=value
        )
    yield spoil(
        "algorithm depthwise for dense",
        op,
        valid,
        ValueError,
        [f"{op}: algorithm", "depthwise"],
        algorithm="depthwise",
    )
    yield spoil(
        "algorithm winograd with strides",
        op,
        valid,
        ValueError,
        [f"{op}: algorithm", "winograd"],
        algorithm="winograd",
        strides=2,
    )
    yield spoil(
        "algorithm fft with strides",
        op,
        valid,
        ValueError,
        [f"{op}: algorithm is 'fft'", "strides of 1"],
        algorithm="fft",
        strides=2,
    )
    for value in ("gelu", "", 1, ("relu",)):
        yield spoil(
            f"activation {value!r}", op, valid, ValueError, f"{op}: activation is {value!r}", activation=value
        )
    for shape in ((2, *[5] * rank, 0), (2, 0, *[5] * (rank - 1), 4)):
        yield spoil(f"x of shape {shape}", op, valid, ValueError, f"{op}: ", x=floats(*shape))
    for shape in ((*[3] * rank, 4, 0), (*[3] * rank, 0, 6), (*[0] * rank, 4, 6)):
        yield spoil(f"kernel of shape {shape}", op, valid, ValueError, f"{op}: ", kernel=floats(*shape))


def _pool_rows(op: str, valid: Arguments, rank: int) -> Iterator[Row]:
    for value in (2, [(0, 2)] * rank, [(2, 0)] * rank):
        words = [f"{op}: padding is (", "expected at most 1, half the window"]
        yield spoil(f"padding {value}, rank {rank}", op, valid, ValueError, words, padding=value)
    words = f"{op}: dilation_rate is 8; expected a tap of every window in the image"
    yield spoil(
        f"taps beside the image, rank {rank}",
        op,
        valid,
        ValueError,
        words,
        pool_size=2,
        dilation_rate=8,
        padding=4,
    )
    words = f"{op}: ceil_mode is True with padding 'same'"
    yield spoil("ceil_mode with same", op, valid, ValueError, words, ceil_mode=True, padding="same")
    for value in (1, None, "yes"):
        yield spoil(
            f"ceil_mode {value!r}", op, valid, TypeError, f"{op}: ceil_mode is {value!r}", ceil_mode=value
        )
    if op.startswith("average"):
        for value in (1, None, "yes"):
            words = f"{op}: count_include_pad is {value!r}; expected a bool"
            yield spoil(f"count_include_pad {value!r}", op, valid, TypeError, words, count_include_pad=value)
    if op == "max_pool":
        for value in (1, None, "positions", "True", ()):
            words = f"{op}: return_indices is {value!r}; expected False, True or 'taps'"
            yield spoil(f"return_indices {value!r}", op, valid, ValueError, words, return_indices=value)


def _index_rows(op: str, valid: Arguments, rank: int) -> Iterator[Row]:
    """Winners outside the plane, outside their window, aliasing past 2^32, in int64 and as taps."""
    shape = valid["indices"].shape
    for found in (-1, 5**rank, 3, 2**31, 2**32, 2**32 + 1, 2**63 - 1, -(2**63)):
        indices = np.zeros(shape, np.int64)
        indices[0].flat[0] = found
        words = f"{op}: indices hold {found}; expected a position of its own window"
        yield spoil(f"position {found}, rank {rank}", op, valid, IndexError, words, indices=indices)
    for found, dtype in ((3**rank, np.uint8), (255, np.uint8), (-1, np.int32), (2**31 - 1, np.int32)):
        taps = np.zeros(shape, dtype)
        taps.flat[-1] = found
        words = f"{op}: indices hold {found}; expected a tap of its own window"
        yield spoil(
            f"tap {found} of {dtype.__name__}, rank {rank}", op, valid, IndexError, words, indices=taps
        )
    taps = np.zeros((2, *[5] * rank, 4), np.uint8)
    words = f"{op}: indices hold 0; expected a tap of its own window inside the image"
    yield spoil(
        "winners in the padding",
        op,
        valid,
        IndexError,
        words,
        indices=taps,
        dy=floats(*taps.shape),
        padding=1,
    )


def window_rows() -> Iterator[Row]:
    for op, arguments in WINDOWED.items():
        for rank in (1, 2, 3):
            valid = arguments(rank)
            for name in ("strides", "dilation_rate", SIZES.get(op)):
                if name:
                    yield from int_rows(op, valid, name, rank)
            yield from padding_rows(op, valid, rank)
            yield from _extent_rows(op, valid, rank)
            if "input_shape" in valid:
                yield from input_shape_rows(op, valid, rank)
            if op in ("conv", "conv_backward"):
                yield from _groups_rows(op, valid, rank)
            if "_pool" in op:
                yield from _pool_rows(op, valid, rank)
            if op == "max_pool_backward":
                yield from _index_rows(op, valid, rank)
    for activation in ("relu", "tanh", "sigmoid"):
        valid = WINDOWED["conv_backward"](2)
        words = ["conv_backward: y is None", "expected"]
        yield spoil(
            f"no y with {activation}", "conv_backward", valid, ValueError, words, activation=activation
        )
    for pads in (2**30, 2**40, 2**58):  # outputs that no machine holds
        for op in ("conv", "im2col"):
            valid = conv_arguments(3) if op == "conv" else WINDOWED[op](3)
            yield spoil(f"pads {pads}", op, valid, ValueError, f"{op}: ", padding=pads)
