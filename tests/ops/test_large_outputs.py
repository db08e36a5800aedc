"""Outputs of 16 MB are written past the cache: to the last bit what smaller ones of the same rows are."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from foldgate import ops
from support import Array, same_on_threads

LARGE = 16 << 20
WIDTHS = [1024, 1021]  # of rows that all begin a cache line, and of rows that do not

Call = Callable[[slice], Array | tuple[Array, ...]]
"""What an op makes of these rows, whatever it is called on besides."""


@cache
def _operands(dtype: Any, width: int) -> tuple[Array, Array]:
    rows = LARGE // np.dtype(dtype).itemsize // width + 2
    rng = np.random.default_rng(5)
    return rng.standard_normal((rows, width)).astype(dtype), rng.standard_normal((rows, width)).astype(dtype)


def _calls(dtype: Any, width: int) -> dict[str, Call]:
    x, dy = _operands(dtype, width)
    bias, row = dy[0].copy(), dy[1].copy()
    mean, rstd = x.mean(axis=1), x.std(axis=1)
    return {
        "relu": lambda rows: ops.relu(x[rows]),
        "gelu": lambda rows: ops.gelu(x[rows]),
        "gelu_backward": lambda rows: ops.gelu_backward(dy[rows], x[rows]),
        "dropout": lambda rows: ops.dropout(x[rows], 0.3, seed=7, offset=(rows.start or 0) * width // 4),
        "add_relu": lambda rows: ops.add_relu(x[rows], dy[rows]),
        "bias_add": lambda rows: ops.bias_add(x[rows], bias, activation="relu"),
        "bias_add tanh": lambda rows: ops.bias_add(x[rows], bias, activation="tanh"),
        "sigmoid_cross_entropy": lambda rows: ops.sigmoid_cross_entropy(x[rows], dy[rows]),
        "sigmoid_cross_entropy_backward": lambda rows: ops.sigmoid_cross_entropy_backward(
            dy[rows], x[rows], dy[rows]
        ),
        "softmax_backward": lambda rows: ops.softmax_backward(dy[rows], x[rows]),
        "log_softmax_backward": lambda rows: ops.log_softmax_backward(dy[rows], x[rows]),
        "layer_norm": lambda rows: ops.layer_norm(x[rows], bias, row),
        "layer_norm_backward": lambda rows: (
            ops.layer_norm_backward(dy[rows], x[rows], mean[rows], rstd[rows], bias).dx
        ),
        "rms_norm": lambda rows: ops.rms_norm(x[rows], bias),
        "rms_norm_backward": lambda rows: ops.rms_norm_backward(dy[rows], x[rows], rstd[rows], bias).dx,
    }


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", _calls(np.float32, 1024))
def test_rows_are_those_of_small_outputs(name: str, width: int, isa: str, dtype: Any) -> None:
    call = _calls(dtype, width)[name]
    half = len(_operands(dtype, width)[0]) // 8 * 4  # dropout's counters are of four values each
    np.testing.assert_array_equal(
        call(slice(None)), np.concatenate([call(slice(half)), call(slice(half, None))])
    )


def test_planes_are_those_of_small_outputs(isa: str, dtype: Any) -> None:
    x = _operands(dtype, 1024)[0][:-2].reshape(-1, 8, 32, 32)
    bias = np.arange(8, dtype=dtype)
    options: Any = {"data_format": "channels_first", "activation": "relu"}
    halves = [ops.bias_add(part, bias, **options) for part in np.split(x, 2)]
    np.testing.assert_array_equal(ops.bias_add(x, bias, **options), np.concatenate(halves))


@pytest.mark.parametrize("log", [False, True])
def test_columns_are_those_of_small_outputs(log: bool, isa: str, dtype: Any) -> None:
    x, dy = _operands(dtype, 1024)
    op, backward = (ops.log_softmax, ops.log_softmax_backward) if log else (ops.softmax, ops.softmax_backward)
    y = op(x, axis=0)
    parts = np.split(x, 2, axis=1)
    np.testing.assert_array_equal(y, np.concatenate([op(part.copy(), axis=0) for part in parts], axis=1))
    pairs = zip(np.split(dy, 2, axis=1), np.split(y, 2, axis=1), strict=True)
    halves = [backward(d.copy(), part.copy(), axis=0) for d, part in pairs]
    np.testing.assert_array_equal(backward(dy, y, axis=0), np.concatenate(halves, axis=1))


@pytest.mark.parametrize("channels", [64, 60])  # whole cache lines a pixel, and not
@pytest.mark.parametrize(("size", "strides"), [(3, 1), (5, 1), (3, 2)])
def test_depthwise_images_are_those_of_small_outputs(
    channels: int, size: int, strides: int, isa: str, rng: np.random.Generator
) -> None:
    side = 33 * strides
    images = LARGE // (4 * 33 * 33 * channels) // 2 * 2 + 2
    x = rng.standard_normal((images, side, side, channels), np.float32)
    kernel = rng.standard_normal((size, size, 1, channels), np.float32)
    for activation in ("relu", "tanh"):
        options: Any = {
            "strides": strides,
            "padding": "same",
            "groups": channels,
            "activation": activation,
        }
        y = ops.conv(x, kernel, **options)
        halves = [ops.conv(part, kernel, **options) for part in np.split(x, 2)]
        np.testing.assert_array_equal(y, np.concatenate(halves))
        same_on_threads(lambda options=options: ops.conv(x, kernel, **options))
    del options["activation"]
    dx = ops.conv_backward(y, x, kernel, **options).dx
    pairs = zip(np.split(y, 2), np.split(x, 2), strict=True)
    parts = [ops.conv_backward(dy, part, kernel, **options).dx for dy, part in pairs]
    np.testing.assert_array_equal(dx, np.concatenate(parts))


@pytest.mark.parametrize("beside", [0, 1])
def test_a_given_result_may_be_the_operand_or_begin_within_a_line(beside: int, isa: str) -> None:
    x = _operands(np.float32, 1024)[0]
    expected = ops.relu(x)
    memory = np.zeros(x.size + beside, np.float32)
    given = memory[beside:].reshape(x.shape)
    np.testing.assert_array_equal(ops.relu(x, out=given), expected)
    given[...] = x
    np.testing.assert_array_equal(ops.relu(given, out=given), expected)


def test_the_same_on_any_number_of_threads(isa: str) -> None:
    for call in _calls(np.float32, 1024).values():
        same_on_threads(lambda call=call: call(slice(None)))
