"""separable_conv, forward and backward, against the reference; the reference against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from support import Array, assert_close, check_gradients, integers

# (spatial, kernel size, Cin, multiplier, Cout, options)
CASES: list[tuple[tuple[int, ...], tuple[int, ...], int, int, int, dict[str, Any]]] = [
    ((9,), (3,), 5, 1, 4, {"padding": "causal", "dilation_rate": 2}),
    ((7, 6), (3, 3), 3, 2, 5, {"padding": "same"}),
    ((7, 6), (3, 2), 17, 1, 18, {"strides": 2, "padding": 1}),
    ((7, 6), (3, 3), 1, 3, 2, {}),
    ((4, 5, 3), (2, 2, 2), 3, 2, 4, {"padding": "same"}),
]
NAMES = ("dx", "ddepthwise_kernel", "dpointwise_kernel", "dbias")


def operands(case: Any, data_format: str, make: Any) -> dict[str, Array]:
    spatial, size, channels, multiplier, out, _ = case
    x = (2, channels, *spatial) if data_format == "channels_first" else (2, *spatial, channels)
    return {
        "x": make(x),
        "depthwise_kernel": make((*size, channels, multiplier)),
        "pointwise_kernel": make((*[1] * len(size), channels * multiplier, out)),
        "bias": make((out,)),
    }


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_exact_on_whole_numbers(
    case: Any, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    given = operands(case, data_format, lambda shape: integers(rng, shape, dtype))
    options = {**case[5], "data_format": data_format, "activation": "relu"}
    y = ops.separable_conv(**given, **options)
    assert_close(y, reference.separable_conv(**given, **options), 0)
    del given["bias"]
    given |= {"dy": integers(rng, y.shape, dtype), "y": y}
    actual = ops.separable_conv_backward(**given, **options)
    for name, a, b in zip(NAMES, actual, reference.separable_conv_backward(**given, **options), strict=True):
        assert_close(a, b, 0, name)
    for left_out in NAMES:
        fewer = ops.separable_conv_backward(**given, **options, **{f"need_{left_out}": False})
        for name, a, b in zip(NAMES, fewer, actual, strict=True):
            assert_close(a, None if name == left_out else b, 0, name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_reference_gradients(case: Any, rng: np.random.Generator) -> None:
    given = operands(case, "channels_last", rng.standard_normal)
    options = {**case[5], "activation": "tanh"}
    y = reference.separable_conv(**given, **options)
    dy = rng.standard_normal(y.shape)
    rest = {name: value for name, value in given.items() if name != "bias"}
    gradients = reference.separable_conv_backward(dy, **rest, y=y, **options)
    check_gradients(
        lambda **arrays: float(np.sum(dy * reference.separable_conv(**arrays, **options))),
        given,
        dict(zip(given, gradients, strict=True)),
        rng,
    )
