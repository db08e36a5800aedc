"""conv_step and separable_conv: arguments that do not fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_inputs.rows import Arguments, Row, floats, spoil

STEP: Arguments = {
    "x": floats(2, 5, 4),
    "state": floats(2, 2, 4),
    "kernel": floats(3, 4, 6),
    "bias": floats(6),
}
SEPARABLE: Arguments = {
    "x": floats(2, 5, 5, 4),
    "depthwise_kernel": floats(3, 3, 4, 2),
    "pointwise_kernel": floats(1, 1, 8, 6),
}


def _step_rows() -> Iterator[Row]:
    op = "conv_step"

    def row(error: type[Exception], words: str, **wrong: Any) -> Row:
        return spoil(f"{wrong.keys()} {words}", op, STEP, error, f"{op}: {words}", **wrong)

    for name in ("x", "state", "kernel", "bias"):
        yield row(TypeError, f"{name} is a list", **{name: [1.0]})
        words = "kernel has dtype float32 but x" if name == "x" else f"{name} has dtype float64"
        yield row(TypeError, words, **{name: STEP[name].astype(np.float64)})
    yield row(ValueError, "x has 2 axes; expected 3", x=floats(5, 4))
    yield row(ValueError, "x has 0 time steps", x=floats(2, 0, 4))
    yield row(ValueError, "kernel has 2 axes; expected 3", kernel=floats(4, 6))
    yield row(ValueError, "kernel has shape (3, 5, 6)", kernel=floats(3, 5, 6))
    yield row(ValueError, "kernel has shape (0, 4, 6)", kernel=floats(0, 4, 6))
    yield row(ValueError, "kernel has shape (3, 4, 0)", kernel=floats(3, 4, 0))
    yield row(ValueError, "bias has shape (5,)", bias=floats(5))
    for state in (floats(2, 3, 4), floats(1, 2, 4), floats(2, 2, 3), floats(2, 4)):
        yield row(ValueError, f"state has shape {state.shape}; expected (2, 2, 4)", state=state)
    for groups, error in ((0, ValueError), (3, ValueError), (True, TypeError), (1.0, TypeError)):
        yield row(error, f"groups is {groups!r}", groups=groups)
    for rate, error in ((0, ValueError), (2**62, ValueError), (1.5, TypeError)):
        yield row(error, f"dilation_rate is {rate!r}", dilation_rate=rate)
    yield row(ValueError, "activation is 'gelu'", activation="gelu")


def _separable_rows(op: str, valid: Arguments) -> Iterator[Row]:
    def row(error: type[Exception], words: str, **wrong: Any) -> Row:
        return spoil(f"{wrong.keys()} {words}", op, valid, error, f"{op}: {words}", **wrong)

    for name in valid:
        yield row(TypeError, f"{name} is a list", **{name: [1.0]})
    each, mix = "depthwise_kernel", "pointwise_kernel"
    yield row(ValueError, f"{each} has shape (3, 3, 5, 2)", depthwise_kernel=floats(3, 3, 5, 2))
    yield row(ValueError, f"{each} has shape (3, 3, 4, 0)", depthwise_kernel=floats(3, 3, 4, 0))
    yield row(ValueError, f"{each} has shape (4, 2)", depthwise_kernel=floats(4, 2))
    yield row(ValueError, f"{mix} has shape (1, 1, 7, 6)", pointwise_kernel=floats(1, 1, 7, 6))
    yield row(ValueError, f"{mix} has shape (1, 8, 6)", pointwise_kernel=floats(1, 8, 6))
    yield row(ValueError, f"{mix} has shape (1, 1, 8, 0)", pointwise_kernel=floats(1, 1, 8, 0))
    yield row(ValueError, "x has 3 axes; expected 4", x=floats(2, 5, 4))
    yield row(ValueError, "the effective kernel size 3 does not fit", x=floats(2, 2, 5, 4))
    for name in ("strides", "dilation_rate"):
        for value, error in ((0, ValueError), (2**62, ValueError), (1.5, TypeError), ((1,), ValueError)):
            yield row(error, "", **{name: value})
    yield row(ValueError, "padding is", padding="some")
    yield row(ValueError, "data_format is", data_format="first")
    yield row(ValueError, "activation is 'gelu'", activation="gelu")


def conv_part_rows() -> Iterator[Row]:
    yield from _step_rows()
    yield from _separable_rows("separable_conv", SEPARABLE | {"bias": floats(6)})
    words = "separable_conv: bias has shape (5,)"
    yield spoil("bias of five", "separable_conv", SEPARABLE, ValueError, words, bias=floats(5))
    op, valid = "separable_conv_backward", SEPARABLE | {"dy": floats(2, 3, 3, 6)}
    yield from _separable_rows(op, valid)
    for name in ("dy", "y"):
        words = f"{op}: {name} has shape (2, 3, 3, 5); expected (2, 3, 3, 6)"
        yield spoil(f"{name} of five", op, valid, ValueError, words, **{name: floats(2, 3, 3, 5)})
    words = f"{op}: y is None with activation 'relu'"
    yield spoil("no y", op, valid, ValueError, words, activation="relu")
