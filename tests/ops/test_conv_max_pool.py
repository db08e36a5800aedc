"""Convolution with 2 x 2 max pooling against one after the other, to the bit, and against the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conv_cases import DEPTHWISE, OPTIONS, Case, integer_operands, name_of, turned
from foldgate import ops, reference
from support import Array, assert_close, check_gradients, same_on_threads

FORMATS = ["channels_last", "channels_first"]
ACTIVATIONS = [None, "relu", "relu6", "tanh", "sigmoid"]

# Outputs around a tile of 4 x 4 and of 2 x 2 (few tiles); of odd ones the last is in no window.
TILES = [
    Case(spatial, channels, out, (3, 3), {"padding": padding}, batch=batch)
    for spatial, channels, out, padding, batch in [
        ((4, 4), 1, 1, 0, 1),  # one window
        ((5, 7), 3, 17, 1, 2),
        ((9, 6), 16, 15, ((0, 2), (1, 0)), 2),
        ((21, 22), 17, 65, 1, 2),  # F(4x4) from here on
        ((24, 27), 33, 32, "same", 1),
        ((28, 25), 130, 129, "same", 1),  # a panel's weights at a time
    ]
]
PLANE = [case for case in [*OPTIONS, *DEPTHWISE] if len(case.spatial) == 2]


def operands(case: Case, rng: np.random.Generator, dtype: Any) -> list[Array]:
    return [
        rng.standard_normal(shape).astype(dtype) for shape in (case.x_shape(), case.kernel_shape, (case.out,))
    ]


@pytest.mark.parametrize("activation", [None, "relu", "relu6", "tanh"])
@pytest.mark.parametrize("case", TILES, ids=name_of)
def test_in_the_output_transform_it_is_the_maximum_of_what_conv_stores(
    case: Case, activation: str | None, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, kernel, bias = operands(case, rng, dtype)
    options = {**case.options, "algorithm": "winograd", "activation": activation}
    expected, taps = ops.max_pool(ops.conv(x, kernel, bias, **options), return_indices="taps")
    y, winners = ops.conv_max_pool(x, kernel, bias, return_taps=True, **options)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(winners, taps)
    np.testing.assert_array_equal(ops.conv_max_pool(x, kernel, bias, **options), expected)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", PLANE, ids=name_of)
def test_exact_on_integers(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, kernel, bias = integer_operands(case, rng, dtype)
    options = {**case.options, "data_format": data_format, "activation": "relu"}
    x = turned(x, data_format)
    convolved = reference.conv(x, kernel, bias, **options)
    if min(convolved.shape[1:3] if data_format == "channels_last" else convolved.shape[2:]) < 2:
        with pytest.raises(ValueError, match=r"conv_max_pool: .*"):
            ops.conv_max_pool(x, kernel, bias, **options)
        return
    expected, taps = reference.conv_max_pool(x, kernel, bias, return_taps=True, **options)
    y, winners = ops.conv_max_pool(x, kernel, bias, algorithm="direct", return_taps=True, **options)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(winners, taps)
    dy = rng.integers(-3, 4, y.shape).astype(dtype)
    exact = reference.conv_max_pool_backward(dy, x, kernel, taps, y=y, **options)
    actual = ops.conv_max_pool_backward(dy, x, kernel, winners, y=y, algorithm="direct", **options)
    for name in ("dx", "dkernel", "dbias"):
        np.testing.assert_array_equal(getattr(actual, name), getattr(exact, name), name)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_reference_against_finite_differences(activation: str | None, rng: np.random.Generator) -> None:
    case = Case((6, 7), 2, 3, (3, 3), {"padding": 1})
    x, kernel, bias = operands(case, rng, np.float64)
    options = {"padding": 1, "activation": activation}
    y, taps = reference.conv_max_pool(x, kernel, bias, return_taps=True, **options)
    dy = rng.standard_normal(y.shape)
    gradients = reference.conv_max_pool_backward(dy, x, kernel, taps, y=y, **options)

    def loss(x: Array, kernel: Array, bias: Array) -> float:
        return float(np.sum(dy * reference.conv_max_pool(x, kernel, bias, **options)))

    check_gradients(
        loss,
        {"x": x, "kernel": kernel, "bias": bias},
        {"x": gradients.dx, "kernel": gradients.dkernel, "bias": gradients.dbias},
        rng,
    )


def test_gradients_skipped_and_nan(rng: np.random.Generator) -> None:
    case = Case((26, 26), 16, 16, (3, 3), {"padding": 1})
    x, kernel, bias = operands(case, rng, np.float32)
    x[0, 10, 10, 3] = np.nan
    y, taps = ops.conv_max_pool(x, kernel, bias, padding=1, activation="relu", return_taps=True)
    assert np.isnan(y[0, 5, 5]).all(), "the window that sees it"
    assert np.isfinite(y[1:]).all()
    gradients = ops.conv_max_pool_backward(
        y, x, kernel, taps, y=y, padding=1, activation="relu", need_dx=False
    )
    assert gradients.dx is None and gradients.dkernel is not None and gradients.dbias is not None


def test_bit_identical_for_any_number_of_threads(rng: np.random.Generator) -> None:
    x, kernel, bias = operands(Case((40, 41), 33, 40, (3, 3), {"padding": 1}), rng, np.float32)
    options: dict[str, Any] = {"padding": 1, "activation": "relu", "return_taps": True}
    same_on_threads(lambda: ops.conv_max_pool(x, kernel, bias, **options))


def test_an_empty_batch(rng: np.random.Generator) -> None:
    y, taps = ops.conv_max_pool(np.zeros((0, 8, 8, 16)), np.zeros((3, 3, 16, 16)), return_taps=True)
    assert y.shape == taps.shape == (0, 3, 3, 16)
    gradients = ops.conv_max_pool_backward(y, np.zeros((0, 8, 8, 16)), np.zeros((3, 3, 16, 16)), taps)
    assert_close(gradients.dkernel, np.zeros((3, 3, 16, 16)), 0.0)


@pytest.mark.parametrize(
    ("error", "words", "arguments"),
    [
        (TypeError, "conv_max_pool: return_taps is 1; expected a bool", {"return_taps": 1}),
        (TypeError, "conv_max_pool: x is a list; expected a numpy.ndarray", {"x": [1.0]}),
        (
            ValueError,
            "conv_max_pool: kernel has 3 axes; expected 4",
            {"x": np.ones((1, 4, 2)), "kernel": np.ones((2, 2, 2))},
        ),
        (
            ValueError,
            "conv_max_pool: the convolution has 1 outputs along spatial axis 0; expected at least 2",
            {"x": np.ones((1, 3, 9, 2))},
        ),
        (ValueError, "conv_max_pool: activation is 'gelu'", {"activation": "gelu"}),
        (ValueError, "conv_max_pool: algorithm is 'winograd'", {"algorithm": "winograd", "strides": 2}),
    ],
)
def test_bad_arguments_are_named(error: type[Exception], words: str, arguments: dict[str, Any]) -> None:
    valid: dict[str, Any] = {"x": np.ones((1, 6, 6, 2)), "kernel": np.ones((3, 3, 2, 4))}
    with pytest.raises(error, match=words):
        ops.conv_max_pool(**(valid | arguments))


@pytest.mark.parametrize(
    ("error", "words", "arguments"),
    [
        (ValueError, "conv_max_pool_backward: y is None with activation 'relu'", {"activation": "relu"}),
        (ValueError, "y has shape .*; expected dy's", {"activation": "relu", "y": np.ones((1, 2, 1, 4))}),
        (ValueError, "max_pool_backward: dy has shape", {"dy": np.ones((1, 3, 2, 4))}),
        (IndexError, "tap", {"taps": np.full((1, 2, 2, 4), 4, np.uint8)}),
        (TypeError, "dtype float32", {"kernel": np.ones((3, 3, 2, 4), np.float32)}),
    ],
)
def test_bad_arguments_of_backward_are_named(
    error: type[Exception], words: str, arguments: dict[str, Any]
) -> None:
    valid: dict[str, Any] = {
        "dy": np.ones((1, 2, 2, 4)),
        "x": np.ones((1, 6, 6, 2)),
        "kernel": np.ones((3, 3, 2, 4)),
        "taps": np.zeros((1, 2, 2, 4), np.uint8),
    }
    with pytest.raises(error, match=words):
        ops.conv_max_pool_backward(**(valid | arguments))


def test_taps_may_be_of_a_subclass() -> None:
    x, kernel = np.arange(4.0).reshape(1, 2, 2, 1), np.full((1, 1, 1, 1), 2.0)
    y, taps = ops.conv_max_pool(x, kernel, return_taps=True)
    masked = np.ma.masked_array(taps)
    dx = ops.conv_max_pool_backward(np.ones_like(y), x, kernel, masked).dx
    np.testing.assert_array_equal(dx.ravel(), [0, 0, 0, 2])
