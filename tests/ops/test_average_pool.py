"""Average pools, forward and backward, against the reference; bit-identical for any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from average_pool_cases import CASES, FORMATS, PARTS, image_shape
from foldgate import ops, reference
from support import assert_close, bound, integers, same_on_threads

CHANNELS = [1, 3, 16, 37]


def taps_of(size: Any, rank: int) -> int:
    return int(np.prod(size)) if isinstance(size, tuple) else int(size**rank)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("spatial, size, strides, arguments", CASES)
def test_within_the_bound(
    spatial: Any,
    size: Any,
    strides: Any,
    arguments: Any,
    data_format: str,
    isa: str,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    arguments = {**arguments, "data_format": data_format}
    for channels in CHANNELS:
        x = rng.standard_normal(image_shape(spatial, channels, data_format)).astype(dtype)
        y = reference.average_pool(x, size, strides, **arguments)
        allowed = bound(dtype, taps_of(size, len(spatial)), x)
        assert_close(ops.average_pool(x, size, strides, **arguments), y, allowed)
        dy = rng.standard_normal(y.shape).astype(dtype)
        expected = reference.average_pool_backward(dy, x.shape, size, strides, **arguments)
        found = ops.average_pool_backward(dy, x.shape, size, strides, **arguments)
        assert_close(found, expected, bound(dtype, taps_of(size, len(spatial)), dy), "dx")


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("spatial, parts", PARTS)
def test_adaptive_within_the_bound(
    spatial: Any, parts: Any, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    for channels in CHANNELS:
        x = rng.standard_normal(image_shape(spatial, channels, data_format)).astype(dtype)
        y = reference.adaptive_average_pool(x, parts, data_format=data_format)
        allowed = bound(dtype, int(np.prod(spatial)), x)
        assert_close(ops.adaptive_average_pool(x, parts, data_format=data_format), y, allowed)
        dy = rng.standard_normal(y.shape).astype(dtype)
        expected = reference.adaptive_average_pool_backward(dy, x.shape, data_format=data_format)
        found = ops.adaptive_average_pool_backward(dy, x.shape, data_format=data_format)
        assert_close(found, expected, bound(dtype, int(np.prod(spatial)), dy), "dx")


@pytest.mark.parametrize("data_format", FORMATS)
def test_exact_where_the_count_is_a_power_of_two(
    data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x = integers(rng, image_shape((8, 70), 19, data_format), dtype)
    expected = reference.average_pool(x, (2, 4), (2, 1), data_format=data_format)
    assert_close(ops.average_pool(x, (2, 4), (2, 1), data_format=data_format), expected, 0)


@pytest.mark.parametrize("channels", [64, 80])
def test_two_rows_of_pairs(channels: int, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    """Windows of four pixels go a way of their own where they are alike."""
    x = integers(rng, (2, 8, 10, channels), dtype)
    for strides, arguments in ((2, {}), ((2, 1), {}), (3, {"dilation_rate": 2}), (2, {"padding": 1})):
        expected = reference.average_pool(x, 2, strides, **arguments)
        assert_close(ops.average_pool(x, 2, strides, **arguments), expected, 0)
    halves = reference.adaptive_average_pool(x[:, :4], (2, 5))
    assert_close(ops.adaptive_average_pool(x[:, :4], (2, 5)), halves, 0)


@pytest.mark.parametrize("data_format", FORMATS)
def test_bit_identical_for_any_number_of_threads(data_format: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal(image_shape((61, 203), 33, data_format)).astype(np.float32)

    def both() -> Any:
        y = ops.average_pool(x, 3, 2, 1, data_format=data_format)
        z = ops.adaptive_average_pool(x, (7, 10), data_format=data_format)
        dx = ops.average_pool_backward(y, x.shape, 3, 2, 1, data_format=data_format)
        return y, z, dx, ops.adaptive_average_pool_backward(z, x.shape, data_format=data_format)

    same_on_threads(both)


@pytest.mark.parametrize("data_format", FORMATS)
def test_what_is_not_finite_stays_in_its_windows(data_format: str, isa: str) -> None:
    for value in (np.nan, np.inf):
        x = np.zeros(image_shape((6, 40), 5, data_format), np.float32)
        at = (0, 1, 3, 20) if data_format == "channels_first" else (0, 3, 20, 1)
        x[at] = value
        expected = reference.average_pool(x, 3, 1, 1, data_format=data_format)
        np.testing.assert_array_equal(ops.average_pool(x, 3, 1, 1, data_format=data_format), expected)


def test_empty_batches_and_no_channels(dtype: Any) -> None:
    for shape in ((0, 6, 6, 3), (2, 6, 6, 0)):
        x = np.zeros(shape, dtype)
        y, z = ops.average_pool(x), ops.adaptive_average_pool(x, 2)
        assert (y.shape, z.shape) == ((shape[0], 3, 3, shape[3]), (shape[0], 2, 2, shape[3]))
        assert ops.average_pool_backward(y, x.shape).shape == x.shape
        assert ops.adaptive_average_pool_backward(z, x.shape).shape == x.shape
