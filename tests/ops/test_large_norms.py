"""Norms by channels whose outputs, of 16 MB, go past the cache: to the last bit those of smaller ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import ops
from support import Array, same_on_threads

LARGE = 16 << 20
CHANNELS = 48
GAMMA, BETA = np.linspace(0.5, 2, CHANNELS), np.linspace(-1, 1, CHANNELS)

IMAGES = [(32, -1), (32, 1), (31, 1)]
"""Sides and axes of channels: rows and planes that begin lines, and planes that do not."""


def _images(dtype: Any, side: int, axis: int) -> tuple[Array, Array]:
    images = LARGE // np.dtype(dtype).itemsize // (CHANNELS * side * side) + 2
    shape = (images, side, side, CHANNELS) if axis == -1 else (images, CHANNELS, side, side)
    rng = np.random.default_rng(5)
    return rng.standard_normal(shape).astype(dtype), rng.standard_normal(shape).astype(dtype)


@pytest.mark.parametrize(("side", "axis"), IMAGES)
@pytest.mark.parametrize("groups", [4, CHANNELS])
def test_images_are_normalized_as_in_small_outputs(
    groups: int, side: int, axis: int, isa: str, dtype: Any
) -> None:
    x, dy = _images(dtype, side, axis)
    gamma, beta, options = GAMMA.astype(dtype), BETA.astype(dtype), {"groups": groups, "axis": axis}

    def call(part: slice) -> tuple[Array, Array]:
        y, *statistics = ops.group_norm(x[part], gamma, beta, return_statistics=True, **options)  # type: ignore[call-overload]
        return y, ops.group_norm_backward(dy[part], x[part], *statistics, gamma, **options)[0]

    halves = [call(slice(len(x) // 2)), call(slice(len(x) // 2, None))]
    for whole, parts in zip(call(slice(None)), zip(*halves, strict=True), strict=True):
        np.testing.assert_array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize(("side", "axis"), IMAGES)
def test_batches_are_normalized_as_in_small_outputs(side: int, axis: int, isa: str, dtype: Any) -> None:
    x, dy = _images(dtype, side, axis)
    gamma, beta = GAMMA.astype(dtype), BETA.astype(dtype)

    def infer(part: slice) -> Array:
        return ops.batch_norm_inference(x[part], beta, gamma, gamma, beta, axis=axis)

    halves = infer(slice(len(x) // 2)), infer(slice(len(x) // 2, None))
    np.testing.assert_array_equal(infer(slice(None)), np.concatenate(halves))
    _, mean, variance = same_on_threads(lambda: ops.batch_norm(x, gamma, beta, axis=axis))
    same_on_threads(lambda: ops.batch_norm_backward(dy, x, mean, variance, gamma, beta, axis=axis))
