"""Convolution with pooling: what is wrong with its own arguments, and with the convolution's through it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bad_inputs.rows import Arguments, Row, floats, spoil
from foldgate import _native

_FORWARD: Arguments = {"x": floats(1, 6, 6, 2), "kernel": floats(3, 3, 2, 4), "bias": floats(4)}
_BACKWARD: Arguments = {
    "dy": floats(1, 2, 2, 4),
    "x": floats(1, 6, 6, 2),
    "kernel": floats(3, 3, 2, 4),
    "taps": np.zeros((1, 2, 2, 4), np.uint8),
}


def _both(op: str, valid: Arguments) -> Iterator[Row]:
    yield spoil("x a list", op, valid, TypeError, f"{op}: x is a list; expected a numpy.ndarray", x=[1.0])
    yield spoil("x of int", op, valid, TypeError, f"{op}: x has dtype int64", x=np.ones((1, 6, 6, 2), int))
    kernel = floats(3, 3, 2, 4).astype(np.float64)
    yield spoil("kernel of float64", op, valid, TypeError, f"{op}: kernel has dtype float64", kernel=kernel)
    for name, value in (("activation", "gelu"), ("algorithm", "fast"), ("padding", "full"), ("strides", 0)):
        yield spoil(f"{name} {value}", op, valid, ValueError, f"{op}: {name} is", **{name: value})


def _native_rows() -> Iterator[Row]:
    def row(name: str, words: str, x: np.ndarray, kernel: np.ndarray, pads: tuple[int, ...]) -> Row:
        options = ((1, 1), pads, (1, 1), 1, False, 0, 0, True)
        call = _native.conv_max_pool
        return Row(
            f"_native.conv_max_pool: {name}",
            lambda: call(x, kernel, None, *options),
            {},
            ValueError,
            (words,),
        )

    x, kernel = _FORWARD["x"], _FORWARD["kernel"]
    yield row("pads", "conv_max_pool: pad", x, kernel, (0, 0, 0))
    yield row("kernel axes", "conv_max_pool: kernel has 3 axes; expected 4", x, floats(3, 2, 4), (0,) * 4)
    yield row(
        "one output", "conv_max_pool: the convolution has 1 outputs", floats(1, 3, 6, 2), kernel, (0,) * 4
    )


def pooled_rows() -> Iterator[Row]:
    yield from _both("conv_max_pool", _FORWARD)
    yield from _both("conv_max_pool_backward", _BACKWARD)
    op = "conv_max_pool"
    yield spoil("taps 1", op, _FORWARD, TypeError, f"{op}: return_taps is 1; expected a bool", return_taps=1)
    few = floats(1, 3, 9, 2)
    words = f"{op}: the convolution has 1 outputs along spatial axis 0; expected at least 2"
    yield spoil("one row of outputs", op, _FORWARD, ValueError, words, x=few)
    op = "conv_max_pool_backward"
    yield spoil(
        "no y", op, _BACKWARD, ValueError, f"{op}: y is None with activation 'relu'", activation="relu"
    )
    far = np.full((1, 2, 2, 4), 4, np.uint8)
    yield spoil(
        "tap 4", op, _BACKWARD, IndexError, "conv_max_pool_backward: taps hold 4; expected 0 to 3", taps=far
    )
    yield from _native_rows()
