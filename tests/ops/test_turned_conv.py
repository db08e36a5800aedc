"""Convolutions of few channels by whole rows of planes, which channels_last images are turned to."""

from __future__ import annotations

import numpy as np
import pytest

from conv_cases import Case, name_of
from foldgate import ops, reference
from support import assert_close, same_on_threads

FORMATS = ["channels_last", "channels_first"]
CASES = [
    Case((30, 77), 6, 4, (3, 3), {"padding": "same"}, batch=2),
    Case((20, 33), 8, 1, (5, 5), {"padding": "same", "activation": "relu"}, batch=1),
    Case((16, 16), 2, 2, (3, 3), batch=3),
    Case((19, 40), 3, 3, (5, 4), {"padding": "same", "dilation_rate": 2}, batch=1),
    Case((9, 150), 24, 12, (5, 5), {"padding": "same"}, batch=1),
    Case((17, 29), 100, 4, (3, 3), {"padding": "same"}, batch=1),
    Case((31, 48), 4, 24, (5, 5), {"strides": (2, 1), "padding": "same"}, batch=2),
    Case((500,), 3, 5, (9,), {"padding": "same", "activation": "tanh"}, batch=2),
    Case((5, 7, 18), 5, 3, (3, 3, 3), {"padding": "same"}, batch=2),
    Case((24, 35), 8, 8, (3, 3), {"padding": "same", "groups": 2}, batch=1),
    Case((37, 41), 33, 1, (1, 1), {"activation": "relu"}, batch=3),  # planes in place, to their end
    Case((9, 131), 7, 10, (1, 1), batch=1),
    Case((12, 83), 6, 5, (3, 3), {"padding": "valid"}, batch=2),
    Case((7, 66), 3, 12, (2, 3), {"padding": "valid"}, batch=2),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_same_bits_and_the_reference(
    case: Case, data_format: str, dtype: str, rng: np.random.Generator
) -> None:
    options = {**case.options, "data_format": data_format}
    shapes = (case.x_shape(data_format), case.kernel_shape, (case.out,))
    wide = [rng.standard_normal(shape).astype(dtype).astype(np.float64) for shape in shapes]
    x, kernel, bias = (array.astype(dtype) for array in wide)
    tolerance = 2e-4 if dtype == "float32" else 1e-12  # sums of up to 900 terms near 1
    y = same_on_threads(lambda: ops.conv(x, kernel, bias, **options))
    assert_close(y, reference.conv(*wide, **options).astype(dtype), tolerance)
    np.testing.assert_array_equal(ops.PackedConv(kernel, bias, **options)(x), y)
    dy = rng.standard_normal(y.shape).astype(dtype)
    linear = {**options, "activation": None}
    actual = same_on_threads(lambda: ops.conv_backward(dy, x, kernel, **linear))
    exact = reference.conv_backward(dy.astype(np.float64), *wide[:2], **linear)
    assert_close(actual.dx, exact.dx.astype(dtype), tolerance)
    assert_close(actual.dkernel, exact.dkernel.astype(dtype), 10 * tolerance)
    alone = ops.conv_backward(dy, x, kernel, need_dkernel=False, need_dbias=False, **linear)
    np.testing.assert_array_equal(alone.dx, actual.dx)
