"""What tests of convolution's engines ask of every case."""

from __future__ import annotations

from typing import Any

import numpy as np

from conv_cases import Case, integer_operands
from foldgate import ops, reference
from support import assert_close, integers


def check_exact(case: Case, rng: np.random.Generator, dtype: Any, data_format: str) -> None:
    """Forward, by a handle and backward on whole numbers, whose sums are exact in any order."""
    options = {**case.options, "data_format": data_format}
    x, kernel, bias = integer_operands(case, rng, dtype, data_format)
    for activation in ("linear", "relu", "relu6", "tanh"):
        expected = reference.conv(x, kernel, bias, activation=activation, **options)
        actual = ops.conv(x, kernel, bias, activation=activation, **options)
        assert_close(actual, expected, 4 * np.finfo(dtype).eps if activation == "tanh" else 0)
        packed = ops.PackedConv(kernel, bias, activation=activation, **options)
        np.testing.assert_array_equal(packed(x), actual)
    assert_close(ops.conv(x, kernel, **options), reference.conv(x, kernel, **options), 0)
    dy = integers(rng, expected.shape, dtype)
    found = ops.conv_backward(dy, x, kernel, **options)
    for name, gradient in reference.conv_backward(dy, x, kernel, **options)._asdict().items():
        assert_close(getattr(found, name), gradient, 0, name)
