"""Convolutions whose tasks are few: cut so that several threads share them, to the same bits as one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conv_cases import Case, name_of
from foldgate import ops, reference
from support import Array, assert_close, same_on_threads

FORMATS = ["channels_last", "channels_first"]
CASES = [
    Case((12, 12), 40, 24, (7, 7), {"padding": "same"}, batch=1),  # one panel of columns over 11 tiles
    Case((9, 10), 70, 90, (5, 5), {"padding": "same"}, batch=2),  # three panels
    Case((24, 23), 60, 24, (5, 5), {"padding": "same"}, batch=1),  # three sweeps
    Case((24, 24), 140, 70, (1, 1), batch=1),  # strips of a product
    Case((19, 18), 30, 300, (3, 3), {"padding": "same"}, batch=1),  # three tiles of channels in dkernel
    Case((40, 41), 64, 9, (1, 1), {"strides": 2}, batch=3),  # zeros in dx that strides leave
    Case(
        (28, 28), 30, 50, (3, 3), {"strides": 2, "padding": "same"}, batch=2
    ),  # an odd number of sweeps of planes
    Case((16, 15), 230, 32, (3, 3), {"padding": "same"}, batch=1),  # Winograd: one panel
    Case((28, 25), 240, 40, (3, 3), {"padding": "same"}, batch=1),  # a panel and a quarter
    Case((13, 14), 64, 60, (3, 3), {"padding": "same"}, batch=2),  # one block of tiles in dkernel
    Case((56, 52), 20, 30, (3, 3), {"padding": "same"}, batch=1),  # blocks of rows of tiles
    Case((28, 40), 20, 30, (3, 3), {"padding": "same"}, batch=1),  # seven of them, by threes
    Case(
        (14, 13), 48, 48, (7, 7), {"padding": "same", "groups": 48}, batch=1
    ),  # depthwise: one block of planes
    Case((11, 9), 20, 20, (7, 7), {"padding": "same", "strides": 2, "groups": 20}, batch=8),
]


def operands(case: Case, rng: np.random.Generator, data_format: str) -> tuple[Array, Array, Array]:
    shapes = (case.x_shape(data_format), case.kernel_shape, (case.out,))
    x, kernel, bias = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    return x, kernel, bias


def check(actual: Any, exact: Array) -> None:
    """Within 2e-5 of the results' standard deviation, as documented for Winograd."""
    assert_close(actual, exact.astype(np.float32), 4e-5 * float(exact.std()))


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_same_bits_and_the_reference(case: Case, data_format: str, rng: np.random.Generator) -> None:
    options = {**case.options, "data_format": data_format}
    x, kernel, bias = operands(case, rng, data_format)
    wide = [array.astype(np.float64) for array in (x, kernel, bias)]
    y = same_on_threads(lambda: ops.conv(x, kernel, bias, **options))
    check(y, reference.conv(*wide, **options))
    packed = ops.PackedConv(kernel, bias, **options)
    check(same_on_threads(lambda: packed(x)), reference.conv(*wide, **options))
    dy = rng.standard_normal(y.shape).astype(np.float32)
    actual = same_on_threads(lambda: ops.conv_backward(dy, x, kernel, **options))
    exact = reference.conv_backward(dy.astype(np.float64), *wide[:2], **options)
    check(actual.dx, exact.dx)
    check(actual.dkernel, exact.dkernel)
    check(actual.dbias, exact.dbias)
