"""What the tests of Winograd convolution share: operands, and the bounds of its errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from conv_cases import Case, normal_operands
from foldgate import ops, reference
from support import Array, assert_close, bound, same_on_threads

FORMATS = ["channels_last", "channels_first"]

# By taps along an axis: the largest sum of a tile's absolute terms over that of the operands, the square of
# the largest row sum of |A'| (|G| 1)(|B'| 1), where direct convolution has 9 and 25. Of F(4x4, 3x3), where
# F(2x2, 3x3) has 64, and of F(2x2, 5x5).
MAGNIFICATION = {3: 564, 5: 1132}


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
    x, kernel, bias = normal_operands(case, rng, dtype, data_format)
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


def check_kernel_gradient(case: Case, data_format: str, rng: np.random.Generator) -> None:
    """The gradient by the kernel alone, of sizes that take the reference a while."""
    options = {**case.options, "data_format": data_format}
    x, kernel, _ = normal_operands(case, rng, np.float32, data_format)
    dy = rng.standard_normal(ops.conv(x, kernel, **options).shape).astype(np.float32)
    exact = reference.conv_backward(*(a.astype(np.float64) for a in (dy, x, kernel)), **options)
    actual = ops.conv_backward(dy, x, kernel, algorithm="winograd", **options)
    check(case, actual.dkernel, exact.dkernel, dy.size // case.out, dy, x)


def check_on_threads(case: Case, data_format: str, rng: np.random.Generator) -> None:
    """The same bits for any number of threads."""
    options = {**case.options, "data_format": data_format, "algorithm": "winograd"}
    x, kernel, bias = normal_operands(case, rng, np.float32, data_format)
    dy = rng.standard_normal(ops.conv(x, kernel, **options).shape).astype(np.float32)
    same_on_threads(lambda: ops.conv(x, kernel, bias, activation="tanh", **options))
    same_on_threads(lambda: ops.conv_backward(dy, x, kernel, **options))


def check_choice(case: Case, chosen: str, rng: np.random.Generator) -> None:
    """Whether the shape chooses this of the two algorithms, by the bits of their results."""
    x, kernel, bias = normal_operands(case, rng, np.float32)
    by_rule = ops.conv(x, kernel, bias, **case.options)
    by_name = {
        name: ops.conv(x, kernel, bias, algorithm=name, **case.options) for name in ("direct", "winograd")
    }
    assert not np.array_equal(by_name["direct"], by_name["winograd"])
    np.testing.assert_array_equal(by_rule, by_name[chosen])
