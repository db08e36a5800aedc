"""Pools whose outputs are written past the cache: to the last bit those of their images alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import ops

POOLS = ("average_pool", "lp_pool", "max_pool")
CASES = {
    "channels_last": ((40, 64, 64, 64), 2, {}),
    "channels_first": ((40, 64, 64, 64), 2, {}),
    "rows that are padded": ((40, 64, 64, 64), 3, {"strides": 2, "padding": "same"}),
    "rows that begin no line": ((40, 64, 64, 60), 2, {}),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", POOLS)
def test_images_of_a_large_array_are_those_alone(name: str, case: str, threads: int) -> None:
    shape, size, options = CASES[case]
    layout = "channels_last" if case == "channels_last" else "channels_first"
    given: dict[str, Any] = {**options, "data_format": layout}
    x = np.random.default_rng(3).standard_normal(shape, dtype=np.float32)
    before = foldgate.get_num_threads()
    foldgate.set_num_threads(threads)
    try:
        large = getattr(ops, name)(x, size, **given)
    finally:
        foldgate.set_num_threads(before)
    for i in range(0, len(x), 13):
        np.testing.assert_array_equal(large[i : i + 1], getattr(ops, name)(x[i : i + 1], size, **given))


@pytest.mark.parametrize("planted", [[0.0, -0.0], [-0.0, 0.0], [np.nan, 5.0], [-np.nan, np.nan]])
@pytest.mark.parametrize("n", [1, 15, 64, 77, 300])
def test_a_plane_has_the_first_of_equal_maxima(planted: list[float], n: int) -> None:
    """Bit for bit that of the call with places, which meets zeros of both signs and NaN's in their order."""
    x = np.full((1, 1, n + 2), -1.0, np.float32)
    x[0, 0, [n // 2, n]] = planted
    options: dict[str, Any] = {"data_format": "channels_first"}
    plain = ops.global_max_pool(x, **options)
    y, at = ops.global_max_pool(x, return_indices=True, **options)
    assert plain.tobytes() == y.tobytes() == x[0, 0, at].tobytes()
    assert at.item() == (n // 2)
