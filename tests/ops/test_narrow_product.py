"""1 x 1 convolutions to and from up to three channels, whose vectors run along the pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conv_checks import check_exact

from conv_cases import Case, integer_operands, name_of
from foldgate import ops, reference
from support import assert_close, bound, same_on_threads

ONE = (1, 1)
CASES = [
    *(Case((8, 9), channels, out, ONE) for channels in (1, 4, 15, 16, 17, 33) for out in (1, 2, 3)),
    *(Case((1, width), 5, 3, ONE, batch=1) for width in (63, 64, 65, 79, 80)),  # from 64 pixels on
    *(
        Case((8, 9), channels, out, ONE)
        for channels, out in [(128, 1), (129, 1), (192, 2), (256, 3), (257, 3)]
    ),
    Case((70,), 6, 1, (1,)),
    Case((4, 5, 6), 6, 3, (1, 1, 1), batch=3),
    Case((8, 9), 6, 4, ONE),
    Case((8, 9), 6, 3, ONE, {"strides": 2}),
    Case((8, 9), 6, 3, ONE, {"padding": 1}),
    Case((8, 9), 6, 6, ONE, {"groups": 3}),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_exact_on_whole_numbers(case: Case, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    check_exact(case, rng, dtype, "channels_last")


@pytest.mark.parametrize("channels, out", [(40, 3), (3, 40)])
def test_bit_identical_for_any_number_of_threads(channels: int, out: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 123, 125, channels), dtype=np.float32)
    kernel = rng.standard_normal((1, 1, channels, out), dtype=np.float32)
    y = same_on_threads(lambda: ops.conv(x, kernel))
    assert_close(y, reference.conv(x, kernel), bound(np.float32, channels, x, kernel))
    dy = rng.standard_normal(y.shape, dtype=np.float32)
    dx = same_on_threads(lambda: ops.conv_backward(dy, x, kernel).dx)
    assert_close(dx, reference.conv_backward(dy, x, kernel).dx, bound(np.float32, out, dy, kernel))


def test_what_is_not_finite_reaches_its_own_pixel_alone(isa: str, rng: np.random.Generator) -> None:
    x, kernel, bias = integer_operands(Case((8, 9), 21, 2, ONE), rng, np.float32)
    kernel[kernel == 0] = 1
    x[0, 3, 5, 20] = np.nan
    x[1, 7, 8, 0] = np.inf
    with np.errstate(invalid="ignore"):  # some of BLAS' kernels raise it
        expected = reference.conv(x, kernel, bias)
    assert np.isfinite(expected).sum() == expected.size - 4
    np.testing.assert_array_equal(ops.conv(x, kernel, bias), expected)
