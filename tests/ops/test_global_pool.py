"""Global pools against the reference, and their two shapes of result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from average_pool_cases import FORMATS, image_shape
from foldgate import ops, reference
from support import assert_close, bound


@pytest.mark.parametrize("spatial", [(9,), (70,), (7, 7), (3, 4, 5)])
@pytest.mark.parametrize("data_format", FORMATS)
def test_against_the_reference(
    spatial: tuple[int, ...], data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    count = int(np.prod(spatial))
    form: dict[str, Any] = {"data_format": data_format}
    for channels in (1, 5, 37):
        x = rng.standard_normal(image_shape(spatial, channels, data_format)).astype(dtype)
        dy = rng.standard_normal((2, channels)).astype(dtype)
        allowed = bound(dtype, count, x)
        y = reference.global_average_pool(x, **form)
        assert y.shape == (2, channels)
        assert_close(ops.global_average_pool(x, **form), y, allowed)
        expected = reference.global_average_pool_backward(dy, x.shape, **form)
        assert_close(ops.global_average_pool_backward(dy, x.shape, **form), expected, allowed, "dx")

        y, indices = reference.global_max_pool(x, return_indices=True, **form)
        found, positions = ops.global_max_pool(x, return_indices=True, **form)
        np.testing.assert_array_equal(found, y, strict=True)
        np.testing.assert_array_equal(positions, indices, strict=True)
        np.testing.assert_array_equal(ops.global_max_pool(x, **form), y, strict=True)
        expected = reference.global_max_pool_backward(dy, indices, x.shape, **form)
        dx = ops.global_max_pool_backward(dy, indices, x.shape, **form)
        np.testing.assert_array_equal(dx, expected, strict=True)

        for p in (1, 2, 3):
            norm = reference.global_lp_pool(x, p=p, **form)
            assert_close(ops.global_lp_pool(x, p=p, **form), norm, bound(dtype, count, norm))
            expected = reference.global_lp_pool_backward(dy, x, norm, p=p, **form)
            dx = ops.global_lp_pool_backward(dy, x, norm, p=p, **form)
            assert_close(dx, expected, bound(dtype, 8, dy, x), "dx")


@pytest.mark.parametrize("data_format", FORMATS)
def test_the_first_of_equals_wins_and_nans_win_over_numbers(
    data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    form: dict[str, Any] = {"data_format": data_format}
    x = rng.integers(-2, 3, image_shape((12, 13), 40, data_format)).astype(dtype)
    images = x if data_format == "channels_first" else np.moveaxis(x, -1, 1)
    images[0, ::2, 3:9:2, 5] = np.nan
    images[1, ::3] = -np.inf
    y, indices = reference.global_max_pool(x, return_indices=True, **form)
    found, positions = ops.global_max_pool(x, return_indices=True, **form)
    np.testing.assert_array_equal(found, y)
    np.testing.assert_array_equal(positions, indices)


@pytest.mark.parametrize("data_format", FORMATS)
def test_kept_axes_are_taken_back(data_format: str, dtype: Any, rng: np.random.Generator) -> None:
    x = rng.standard_normal(image_shape((4, 6), 3, data_format)).astype(dtype)
    form: dict[str, Any] = {"data_format": data_format}
    kept = image_shape((1, 1), 3, data_format)
    y = ops.global_average_pool(x, keepdims=True, **form)
    norm = ops.global_lp_pool(x, keepdims=True, **form)
    largest, indices = ops.global_max_pool(x, keepdims=True, return_indices=True, **form)
    assert y.shape == norm.shape == largest.shape == indices.shape == kept
    np.testing.assert_array_equal(y.reshape(2, 3), ops.global_average_pool(x, **form))
    for result in (
        ops.global_average_pool_backward(y, x.shape, **form),
        ops.global_max_pool_backward(largest, indices, x.shape, **form),
        ops.global_lp_pool_backward(norm, x, norm.reshape(2, 3), **form),
    ):
        assert result.shape == x.shape


def test_empty_batches_and_no_channels(dtype: Any) -> None:
    for shape in ((0, 6, 3), (2, 6, 0)):
        x = np.zeros(shape, dtype)
        y, indices = ops.global_max_pool(x, return_indices=True)
        assert y.shape == indices.shape == (shape[0], shape[2])
        assert ops.global_average_pool(x).shape == ops.global_lp_pool(x).shape == y.shape
        assert ops.global_max_pool_backward(y, indices, shape).shape == shape
        assert ops.global_average_pool_backward(y, shape).shape == shape
        assert ops.global_lp_pool_backward(y, x, y).shape == shape
