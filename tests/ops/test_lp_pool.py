"""lp_pool and its backward against the reference, on every tier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from average_pool_cases import CASES, FORMATS, image_shape
from foldgate import ops, reference
from support import assert_close, bound, same_on_threads

WINDOWS = [
    (spatial, size, strides, {k: v for k, v in arguments.items() if k != "count_include_pad"})
    for spatial, size, strides, arguments in CASES
]


@pytest.mark.parametrize("spatial, size, strides, arguments", WINDOWS)
@pytest.mark.parametrize("data_format", FORMATS)
def test_against_the_reference(
    spatial: Any,
    size: Any,
    strides: Any,
    arguments: Any,
    data_format: str,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    x = rng.uniform(-1, 1, image_shape(spatial, 5, data_format)).astype(dtype)
    x[rng.random(x.shape) < 0.2] = 0
    taps = int(np.prod(size)) ** len(spatial)
    for p in (1, 2, 3, 5, 0.5, 2.5, 11):
        options = {**arguments, "data_format": data_format, "p": p}
        y = reference.lp_pool(x, size, strides, **options)
        # a root of order p divides a relative error by p, a power multiplies it
        allowed = bound(dtype, taps * 8, y) * max(1, 1 / p)
        assert_close(ops.lp_pool(x, size, strides, **options), y, allowed)
        dy = rng.standard_normal(y.shape).astype(dtype)
        expected = reference.lp_pool_backward(dy, x, y, size, strides, **options)
        found = ops.lp_pool_backward(dy, x, y, size, strides, **options)
        assert_close(found, expected, bound(dtype, taps * 8, dy, expected) * max(1, p), "dx")


@pytest.mark.parametrize("data_format", FORMATS)
def test_every_tier_and_any_number_of_threads(
    data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x = rng.uniform(-1, 1, image_shape((41, 103), 17, data_format)).astype(dtype)
    options: dict[str, Any] = {"pool_size": 3, "strides": 2, "padding": 1, "data_format": data_format}
    y = same_on_threads(lambda: ops.lp_pool(x, **options))
    dx = same_on_threads(lambda: ops.lp_pool_backward(y, x, y, **options))
    expected = reference.lp_pool(x, **options)
    assert_close(y, expected, bound(dtype, 9, expected))
    expected = reference.lp_pool_backward(y, x, y, **options)
    assert_close(dx, expected, bound(dtype, 9, expected), "dx")


def test_windows_of_zeros_have_no_gradient(dtype: Any) -> None:
    x, dy = np.zeros((1, 4, 2), dtype), np.ones((1, 2, 2), dtype)
    for p in (0.5, 1, 2, 3.5):
        y = ops.lp_pool(x, p=p)
        np.testing.assert_array_equal(y, np.zeros_like(dy))
        np.testing.assert_array_equal(ops.lp_pool_backward(dy, x, y, p=p), np.zeros_like(x))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.int32])
def test_powers_of_numpys_kinds(kind: Any) -> None:
    x = np.arange(6.0).reshape(1, 6, 1)
    np.testing.assert_array_equal(ops.lp_pool(x, p=kind(3)), ops.lp_pool(x, p=3))


def test_what_is_not_finite_stays_in_its_windows(dtype: Any, isa: str) -> None:
    for value in (np.nan, np.inf, -np.inf):
        x = np.ones((1, 8, 3), dtype)
        x[0, 4, 1] = value
        for p in (1, 2, 3.5):
            expected = np.array([2 ** (1 / p), abs(value), 2 ** (1 / p)], dtype)
            np.testing.assert_allclose(ops.lp_pool(x, p=p)[0, 2], expected, 4 * np.finfo(dtype).eps)


def test_empty_batches_and_no_channels(dtype: Any) -> None:
    for shape in ((0, 6, 6, 3), (2, 6, 6, 0)):
        x = np.zeros(shape, dtype)
        y = ops.lp_pool(x)
        assert y.shape == (shape[0], 3, 3, shape[3])
        assert ops.lp_pool_backward(y, x, y).shape == shape
