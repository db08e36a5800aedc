"""Weights between the layout with the outputs first and that of the kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate.ops._layout import kernel_from_weights, weights_from_kernel

# One tap, or none; pieces of 64 x 64, and parts of them.
SHAPES = [
    (5, 3),
    (70, 90),
    (1, 1, 1),
    (65, 130, 1, 1),
    (3, 2, 5),
    (64, 64, 3),
    (130, 17, 3, 3),
    (1024, 150),  # rows a page apart
    (20, 200, 2, 3, 4),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weights_there_and_back(
    shape: tuple[int, ...], isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    weights = rng.standard_normal(shape).astype(dtype)
    kernel = kernel_from_weights(weights)
    assert kernel.flags.c_contiguous and kernel.dtype == dtype
    np.testing.assert_array_equal(kernel, np.moveaxis(weights, (0, 1), (-1, -2)))
    np.testing.assert_array_equal(weights_from_kernel(kernel), weights)


def test_no_weights() -> None:
    assert kernel_from_weights(np.zeros((4, 0, 3, 3), np.float32)).shape == (3, 3, 0, 4)
    assert weights_from_kernel(np.zeros((0, 3, 2, 4), np.float32)).shape == (4, 2, 0, 3)


@pytest.mark.parametrize("move", [kernel_from_weights, weights_from_kernel])
def test_what_is_no_weight(move: Any) -> None:
    with pytest.raises(ValueError, match="1 axes; expected at least 2"):
        move(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="not C-contiguous"):
        move(np.zeros((3, 4), np.float32).T)
    with pytest.raises(TypeError, match="float32 or float64"):
        move(np.zeros((3, 4), np.int32))
