"""Cases worked out by hand, NumPy's own convolve, and the definitions written as sums."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from support import assert_close, bound, integers

ROWS = ["11100", "01110", "00111", "00110", "01100"]
CROSS = ["101", "010", "101"]


def _image(rows: list[str], dtype: Any) -> Any:
    return np.array([[float(c) for c in row] for row in rows], dtype)


def test_five_by_five_by_hand(ops: Any, dtype: Any) -> None:
    x, kernel = _image(ROWS, dtype)[None, :, :, None], _image(CROSS, dtype)[:, :, None, None]
    np.testing.assert_array_equal(ops.conv(x, kernel)[0, :, :, 0], [[4, 3, 4], [2, 4, 3], [2, 3, 4]])


def test_it_is_cross_correlation(ops: Any, dtype: Any) -> None:
    x = np.array([0, 0, 1, 0, 0], dtype).reshape(1, 5, 1)
    y = ops.conv(x, np.array([1, 2, 3], dtype).reshape(3, 1, 1))
    np.testing.assert_array_equal(y.ravel(), [3, 2, 1])


@pytest.mark.parametrize("x, y", [([0.1, 1, 0.2, 0.1], [1, 1, 1, 0.2]), ([0.3, 0.1, 1, 0.2], [0.3, 1, 1, 1])])
def test_pooling_of_a_shifted_detector(x: list[float], y: list[float], ops: Any, dtype: Any) -> None:
    pooled = ops.max_pool(np.array(x, dtype).reshape(1, 4, 1), 3, 1, "same")
    np.testing.assert_array_equal(pooled.ravel(), np.array(y, dtype))


@pytest.mark.parametrize(
    "spatial, channels, kernel, padding, out",
    [
        ((64,), 2, (3, 2, 16), "valid", (62,)),
        ((64,), 2, (5, 2, 16), "valid", (60,)),
        ((64, 128), 20, (3, 5, 20, 16), "valid", (62, 124)),
        ((64, 128), 20, (3, 5, 20, 16), (1, 2), (64, 128)),
        ((28, 28), 1, (3, 3, 1, 32), "valid", (26, 26)),
    ],
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_conv_dimensions(
    spatial: tuple[int, ...],
    channels: int,
    kernel: tuple[int, ...],
    padding: Any,
    out: tuple[int, ...],
    data_format: str,
    ops: Any,
) -> None:
    first = data_format == "channels_first"
    x = np.zeros((1, channels, *spatial) if first else (1, *spatial, channels), np.float32)
    y = ops.conv(x, np.zeros(kernel, np.float32), padding=padding, data_format=data_format)
    assert y.shape == ((1, kernel[-1], *out) if first else (1, *out, kernel[-1]))


def test_recurrent_dimensions_and_parameters(ops: Any, dtype: Any) -> None:
    x = np.zeros((32, 20, 8), dtype)
    for units, parameters in [(16, 1600), (18, 1944)]:
        weights = [
            np.zeros((8, 4 * units), dtype),
            np.zeros((units, 4 * units), dtype),
            np.zeros(4 * units, dtype),
        ]
        assert sum(w.size for w in weights) == parameters
        assert [a.shape for a in ops.lstm(x, *weights)] == [(32, 20, units), (32, units), (32, units)]
    for reset_after, bias, parameters in [(True, (2, 600), 122_400), (False, (600,), 121_800)]:
        weights = [np.zeros((2, 600), dtype), np.zeros((200, 600), dtype), np.zeros(bias, dtype)]
        assert sum(w.size for w in weights) == parameters
        y, h = ops.gru(x[:, :, :2], *weights, reset_after=reset_after)
        assert y.shape == (32, 20, 200) and h.shape == (32, 200)


@pytest.mark.parametrize("mode, padding", [("valid", "valid"), ("full", 4), ("same", 2)])
def test_numpy_convolve(mode: Any, padding: Any, ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    """m kernels of size k over n samples: n - k + 1 outputs each; convolve turns its kernel around."""
    signal, kernels = rng.standard_normal(50).astype(dtype), rng.standard_normal((5, 3)).astype(dtype)
    y = ops.conv(signal.reshape(1, 50, 1), kernels.reshape(5, 1, 3), padding=padding)
    for o in range(3):
        expected = np.convolve(signal, kernels[::-1, o], mode).astype(dtype)
        assert_close(y[0, :, o], expected, bound(dtype, 5, signal, kernels))


def test_numpy_convolve_causal(ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    signal, kernel = integers(rng, (20,), dtype), integers(rng, (4,), dtype)
    y = ops.conv(signal.reshape(1, 20, 1), kernel.reshape(4, 1, 1), padding="causal")
    np.testing.assert_array_equal(y.ravel(), np.convolve(signal, kernel[::-1])[:20])


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("stride, dilation, before", [(1, 1, 0), (2, 1, 1), (1, 2, 2), (3, 2, 1)])
def test_conv_by_its_definition(
    groups: int, stride: int, dilation: int, before: int, ops: Any, dtype: Any, rng: np.random.Generator
) -> None:
    """The sum over taps and channels, written out; exact on whole numbers."""
    x, kernel = integers(rng, (2, 7, 6, 4), dtype), integers(rng, (2, 3, 4 // groups, 8), dtype)
    y = ops.conv(x, kernel, strides=stride, padding=before, dilation_rate=dilation, groups=groups)
    expected = np.zeros_like(y)
    for n, p, q, o in np.ndindex(y.shape):
        first = o // (8 // groups) * (4 // groups)  # the group's first input channel
        for i, j, c in itertools.product(range(2), range(3), range(4 // groups)):
            row, column = p * stride + i * dilation - before, q * stride + j * dilation - before
            if 0 <= row < 7 and 0 <= column < 6:
                expected[n, p, q, o] += x[n, row, column, first + c] * kernel[i, j, c, o]
    np.testing.assert_array_equal(y, expected)


def test_relu_rnn_counts(ops: Any, dtype: Any) -> None:
    """h' = relu(x + h): running sums, forward and backward in time."""
    one = np.ones((1, 1), dtype)
    x = np.array([1, 2, 3], dtype).reshape(1, 3, 1)
    for reverse, y in [(False, [1, 3, 6]), (True, [6, 5, 3])]:
        np.testing.assert_array_equal(
            ops.simple_rnn(x, one, one, activation="relu", reverse=reverse)[0].ravel(), y
        )


def test_lstm_remembers_with_open_forget_gate(ops: Any, dtype: Any) -> None:
    """Input gate shut (-1e4), forget gate open (+1e4): c stays as it was for ever."""
    bias = np.array([-1e4, 1e4, 0, 1e4], dtype)
    weights = np.zeros((1, 4), dtype)
    c = np.full((1, 1), 0.75, dtype)
    y, _, last = ops.lstm(np.ones((1, 50, 1), dtype), weights, weights, bias, initial_c=c)
    np.testing.assert_array_equal(last, c)
    assert_close(y, np.full((1, 50, 1), np.tanh(0.75), dtype), bound(dtype, 1))


def test_gru_update_gate_keeps(ops: Any, dtype: Any) -> None:
    """z = 1 keeps h, z = 0 takes the candidate: h' = (1 - z) n + z h."""
    h, weights = np.full((1, 1), 0.25, dtype), np.zeros((1, 3), dtype)
    for z, expected in [(1e4, 0.25), (-1e4, np.tanh(0.5))]:
        bias = np.array([z, 0, 0.5], dtype)
        y = ops.gru_step(np.ones((1, 1), dtype), h, weights, weights, bias, reset_after=False)
        assert_close(y, np.full((1, 1), expected, dtype), bound(dtype, 1))


@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_by_its_equations(reset_after: bool, ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    """One unit, in plain floats; without reset_after there is no torch to compare with."""
    x, h = (float(v) for v in rng.standard_normal(2))
    (wz, wr, wn), (rz, rr, rn), (bz, br, bn), (cz, cr, cn) = rng.standard_normal((4, 3))
    if not reset_after:
        cz = cr = cn = 0.0

    def sigmoid(v: float) -> float:
        return 1 / (1 + math.exp(-v))

    z = sigmoid(x * wz + bz + h * rz + cz)
    r = sigmoid(x * wr + br + h * rr + cr)
    n = math.tanh(x * wn + bn + (r * (h * rn + cn) if reset_after else (r * h) * rn))
    expected = (1 - z) * n + z * h

    bias = np.array([[bz, br, bn], [cz, cr, cn]] if reset_after else [bz, br, bn], dtype)
    kernel, recurrent_kernel = np.array([[wz, wr, wn]], dtype), np.array([[rz, rr, rn]], dtype)
    at, state = np.array([[x]], dtype), np.array([[h]], dtype)
    arguments = {"reset_after": reset_after}
    new = ops.gru_step(at, state, kernel, recurrent_kernel, bias, **arguments)
    allowed = bound(dtype, 2, at, kernel)
    assert_close(new, np.full((1, 1), expected, dtype), allowed)
    y, last = ops.gru(at[:, None], kernel, recurrent_kernel, bias, initial_h=state, **arguments)
    assert_close(y[:, 0], new, allowed)
    assert_close(last, new, allowed)
