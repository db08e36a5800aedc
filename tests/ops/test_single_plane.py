"""Planes of outputs of one plane of channels_first images under 3 x 3 taps: one channel, and multipliers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conv_checks import check_exact

from conv_cases import Case, integer_operands, name_of
from foldgate import ops, reference
from support import assert_close, bound, integers, same_on_threads

SQUARE = (3, 3)
CASES = [
    *(Case((6, width), 1, 5, SQUARE) for width in (3, 5, 10, 17, 18, 19, 26, 33, 34, 35, 52)),
    *(Case((height, 28), 1, 33, SQUARE) for height in (3, 4, 5, 8)),
    Case((28, 28), 1, 32, SQUARE, {"padding": "same"}, batch=3),
    Case((14, 14), 1, 70, SQUARE, {"padding": "same"}),
    Case((9, 20), 1, 8, SQUARE, {"padding": ((2, 0), (0, 3))}),
    Case((2, 2), 1, 8, SQUARE, {"padding": 4}),  # outputs that see padding alone
    Case((64, 64), 1, 20, SQUARE, {"padding": "same"}, batch=1),  # planes 16 KB apart
    Case((129, 90), 1, 6, SQUARE, {"padding": "same"}, batch=1),  # bands of rows, of which the last is one
    Case((2, 8, 20), 1, 9, (1, 3, 3), {"padding": "same", "strides": (2, 1, 1)}),
    Case((8, 20), 3, 6, SQUARE, {"groups": 3}),
    Case((8, 20), 3, 15, SQUARE, {"groups": 3, "padding": "same"}),
    Case((8, 14), 3, 6, SQUARE, {"groups": 3, "padding": "same"}),
    Case((8, 14), 3, 12, SQUARE, {"groups": 3, "padding": "same"}),
    # not side by side, or not square
    Case((8, 20), 1, 9, SQUARE, {"strides": (1, 2)}),
    Case((8, 20), 1, 9, SQUARE, {"dilation_rate": (2, 1)}),
    Case((8, 20), 1, 9, (1, 9)),
    Case((20,), 1, 9, (9,)),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_exact_on_whole_numbers(case: Case, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    check_exact(case, rng, dtype, "channels_first")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("column", [0, 1, 19, 20, 21])
def test_what_is_not_finite_reaches_those_that_see_it_alone(
    column: int, value: float, isa: str, rng: np.random.Generator
) -> None:
    case = Case((10, 22), 1, 6, SQUARE)
    options = {"data_format": "channels_first"}
    x, kernel, bias = integer_operands(case, rng, np.float32, "channels_first")
    kernel[kernel == 0] = 1
    x[x == 0] = 1
    x[1, 0, 4, column] = value
    dy = integers(rng, (2, 6, 8, 20), np.float32)
    with np.errstate(invalid="ignore"):
        expected = reference.conv(x, kernel, bias, **options)
        gradients = reference.conv_backward(dy, x, kernel, **options)
    np.testing.assert_array_equal(ops.conv(x, kernel, bias, **options), expected)
    np.testing.assert_array_equal(ops.conv_backward(dy, x, kernel, **options).dkernel, gradients.dkernel)


@pytest.mark.parametrize(
    "case",
    [Case((28, 28), 1, 32, SQUARE, batch=32), Case((128, 90), 1, 48, SQUARE, {"padding": "same"}, batch=1)],
    ids=name_of,
)
def test_bit_identical_for_any_number_of_threads(case: Case, rng: np.random.Generator) -> None:
    options = {**case.options, "data_format": "channels_first"}
    x = rng.standard_normal(case.x_shape("channels_first")).astype(np.float32)
    kernel = rng.standard_normal(case.kernel_shape).astype(np.float32)
    y = same_on_threads(lambda: ops.conv(x, kernel, **options))
    assert_close(y, reference.conv(x, kernel, **options), bound(np.float32, 9, x, kernel))
    dy = rng.standard_normal(y.shape).astype(np.float32)
    found = same_on_threads(lambda: ops.conv_backward(dy, x, kernel, **options))
    expected = reference.conv_backward(dy, x, kernel, **options)
    assert_close(found.dkernel, expected.dkernel, bound(np.float32, dy.size // case.out, dy, x), "dkernel")
