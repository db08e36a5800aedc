"""max_unpool and its backward against the reference: equal to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from average_pool_cases import FORMATS, image_shape
from foldgate import ops, reference
from support import using_threads


@pytest.mark.parametrize("spatial", [(9,), (70,), (6, 7), (3, 4, 5)])
@pytest.mark.parametrize("data_format", FORMATS)
def test_against_the_reference(
    spatial: tuple[int, ...], data_format: str, dtype: Any, rng: np.random.Generator
) -> None:
    for channels in (1, 4, 19):
        x = rng.standard_normal(image_shape(spatial, channels, data_format)).astype(dtype)
        for positions in (4, 40, 500):  # many that repeat, and few
            indices = rng.integers(0, positions, x.shape)
            shape = image_shape((positions,) + (1,) * (len(spatial) - 1), channels, data_format)
            y = ops.max_unpool(x, indices, shape, data_format=data_format)
            expected = reference.max_unpool(x, indices, shape, data_format=data_format)
            np.testing.assert_array_equal(y, expected, strict=True)
            dy = rng.standard_normal(shape).astype(dtype)
            dx = ops.max_unpool_backward(dy, indices, data_format=data_format)
            gradient = reference.max_unpool_backward(dy, indices, data_format=data_format)
            np.testing.assert_array_equal(dx, gradient, strict=True)


@pytest.mark.parametrize("data_format", FORMATS)
def test_undoes_a_pool_for_any_number_of_threads(data_format: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal(image_shape((60, 82), 33, data_format, batch=5)).astype(np.float32)
    y, indices = ops.max_pool(x, return_indices=True, data_format=data_format)
    for threads in (1, 2, 3):
        with using_threads(threads):
            back = ops.max_unpool(y, indices, x.shape, data_format=data_format)
            np.testing.assert_array_equal(back, np.where(back != 0, x, 0))
            assert np.count_nonzero(back) == y.size
            dx = ops.max_unpool_backward(x, indices, data_format=data_format)
            np.testing.assert_array_equal(dx, y)


def test_empty_batches_no_channels_and_no_positions(dtype: Any) -> None:
    for shape in ((0, 3, 2), (2, 3, 0), (2, 0, 3)):
        x, indices = np.zeros(shape, dtype), np.zeros(shape, np.int64)
        y = ops.max_unpool(x, indices, (shape[0], 5, shape[2]))
        np.testing.assert_array_equal(y, np.zeros((shape[0], 5, shape[2]), dtype), strict=True)
        assert ops.max_unpool_backward(y, indices).shape == shape


@pytest.mark.parametrize("data_format", FORMATS)
def test_the_first_wrong_index_is_named(data_format: str) -> None:
    x = np.zeros(image_shape((9, 8), 3, data_format))
    indices = np.zeros(x.shape, np.int64)
    indices.flat[7], indices.flat[40] = -5, 72
    for call in (
        lambda: ops.max_unpool(x, indices, x.shape, data_format=data_format),
        lambda: ops.max_unpool_backward(x, indices, data_format=data_format),
    ):
        with pytest.raises(IndexError, match="indices hold -5; expected a position of the plane"):
            call()
