"""What the tests of Winograd convolution share: operands, and the bounds of its errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from conv_cases import Case
from foldgate import ops, reference
from support import Array, assert_close, bound

FORMATS = ["channels_last", "channels_first"]

# By taps along an axis: the largest sum of a tile's absolute terms over that of the operands, the square of
# the largest row sum of |A'| (|G| 1)(|B'| 1), where direct convolution has 9 and 25. Of F(4x4, 3x3), where
# F(2x2, 3x3) has 64, and of F(2x2, 5x5).
MAGNIFICATION = {3: 564, 5: 1132}


def operands(
    case: Case, rng: np.random.Generator, dtype: Any, data_format: str
) -> tuple[Array, Array, Array]:
    shapes = (case.x_shape(data_format), case.kernel_shape, (case.out,))
    x, kernel, bias = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    return x, kernel, bias


def check(case: Case, actual: Any, expected: Any, products: int, *factors: Array) -> None:
    """Within the bound that always holds, and 300 eps of the results' standard deviation, as documented.

    A sum of `products` products of numbers of a normal distribution has a deviation of sqrt(products); no
    activation has a slope above 1.
    """
    exact = expected.astype(actual.dtype)
    taps = case.size[-1]
    assert_close(actual, exact, bound(actual.dtype, MAGNIFICATION[taps] * products // taps**2, *factors))
    assert_close(actual, exact, 300 * float(np.finfo(actual.dtype).eps) * products**0.5)


def check_all(case: Case, data_format: str, dtype: Any, rng: np.random.Generator) -> None:
    """Results and gradients against the reference in float64."""
    options = {**case.options, "data_format": data_format}
    x, kernel, bias = operands(case, rng, dtype, data_format)
    channels, out = case.channels // case.groups, case.out // case.groups
    wide = [array.astype(np.float64) for array in (x, kernel, bias)]
    for activation in ("relu", "relu6", "tanh", None):
        y = ops.conv(x, kernel, bias, activation=activation, algorithm="winograd", **options)
        expected = reference.conv(*wide, activation=activation, **options)
        check(case, y, expected, math.prod(case.size) * channels, x, kernel)
    dy = rng.standard_normal(y.shape).astype(dtype)
    exact = reference.conv_backward(dy.astype(np.float64), *wide[:2], **options)
    actual = ops.conv_backward(dy, x, kernel, algorithm="winograd", **options)
    check(case, actual.dx, exact.dx, math.prod(case.size) * out, dy, kernel)
    check(case, actual.dkernel, exact.dkernel, dy.size // case.out, dy, x)
    check(case, actual.dbias, exact.dbias, dy.size // case.out, dy)
