"""adaptive_max_pool and its backward against the reference: equal to the bit, indices too, on every tier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from average_pool_cases import FORMATS, PARTS, image_shape
from foldgate import ops, reference
from support import integers, using_threads


def _check(x: Any, parts: Any, data_format: str, rng: np.random.Generator) -> None:
    expected, positions = reference.adaptive_max_pool(x, parts, data_format=data_format, return_indices=True)
    y, indices = ops.adaptive_max_pool(x, parts, data_format=data_format, return_indices=True)
    np.testing.assert_array_equal(y, expected, strict=True)
    np.testing.assert_array_equal(indices, positions, strict=True)
    np.testing.assert_array_equal(ops.adaptive_max_pool(x, parts, data_format=data_format), expected)
    dy = integers(rng, y.shape, x.dtype)
    found = ops.adaptive_max_pool_backward(dy, indices, x.shape, data_format=data_format)
    gradient = reference.adaptive_max_pool_backward(dy, indices, x.shape, data_format=data_format)
    np.testing.assert_array_equal(found, gradient, strict=True)


@pytest.mark.parametrize("spatial, parts", [*PARTS, ((7, 33), (1, 1)), ((8, 9), (4, 3)), ((3, 2, 40), 1)])
@pytest.mark.parametrize("data_format", FORMATS)
def test_against_the_reference(
    spatial: Any, parts: Any, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    for channels in (1, 3, 16, 37):
        x = integers(rng, image_shape(spatial, channels, data_format), dtype)  # ties
        kinds = rng.random(x.shape)
        x[kinds < 0.3], x[kinds > 0.95] = -np.inf, np.nan
        _check(x, parts, data_format, rng)


@pytest.mark.parametrize("data_format", FORMATS)
def test_right_for_any_number_of_threads(data_format: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal(image_shape((61, 203), 33, data_format)).astype(np.float32)
    for threads in (1, 2, 3):
        with using_threads(threads):
            for parts in ((7, 10), 1):
                _check(x, parts, data_format, np.random.default_rng(1))


@pytest.mark.parametrize("parts", [1, 2])
def test_empty_batches_and_no_channels(parts: int, dtype: Any) -> None:
    for shape in ((0, 5, 4, 3), (2, 5, 4, 0)):
        y, indices = ops.adaptive_max_pool(np.zeros(shape, dtype), parts, return_indices=True)
        assert y.shape == indices.shape == (shape[0], parts, parts, shape[3])
        assert ops.adaptive_max_pool_backward(y, indices, shape).shape == shape


@pytest.mark.parametrize("data_format", FORMATS)
def test_the_first_wrong_index_is_named(data_format: str) -> None:
    x = np.zeros(image_shape((9, 8), 3, data_format))
    for parts in (1, (3, 2), (2, 5)):
        y, indices = ops.adaptive_max_pool(x, parts, data_format=data_format, return_indices=True)
        indices.flat[-1], indices.flat[-2] = 73, 72
        with pytest.raises(IndexError, match="adaptive_max_pool_backward: indices hold 72;"):
            ops.adaptive_max_pool_backward(y, indices, x.shape, data_format=data_format)
