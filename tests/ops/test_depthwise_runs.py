"""Depthwise convolution, channels last: runs of taps by stride and dilation, rows' ends, bands, frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from support import assert_close, integers, using_threads

CHANNELS = (1, 16, 20, 65)  # a part of a vector, one, one and a part, four and a part


def options(size: int, stride: int, dilation: int, spatial: int) -> dict[str, Any]:
    around = (size - 1) * dilation // 2
    return {"strides": stride, "dilation_rate": dilation, "padding": ((around, around),) * spatial}


@pytest.mark.parametrize("width", [8, 11, 14, 27])
@pytest.mark.parametrize("stride, dilation", [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)])
@pytest.mark.parametrize("size", [2, 3, 5, 7])
def test_exact_on_whole_numbers(
    size: int, stride: int, dilation: int, width: int, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    given = options(size, stride, dilation, 2)
    for channels in CHANNELS:
        x = integers(rng, (2, 13, width * stride, channels), dtype)
        kernel = integers(rng, (size, size, 1, channels), dtype)
        bias = integers(rng, (channels,), dtype)
        y = ops.conv(x, kernel, bias, groups=channels, activation="relu", **given)
        expected = reference.conv(x, kernel, bias, groups=channels, activation="relu", **given)
        assert_close(y, expected, 0)
        dy = integers(rng, y.shape, dtype)
        actual = ops.conv_backward(dy, x, kernel, groups=channels, **given)
        for name, a, b in zip(
            ("dx", "dkernel", "dbias"),
            actual,
            reference.conv_backward(dy, x, kernel, groups=channels, **given),
            strict=True,
        ):
            assert_close(a, b, 0, name)


@pytest.mark.parametrize("stride, dilation", [(1, 1), (1, 2), (2, 1)])
@pytest.mark.parametrize("spatial", [(19,), (5, 6, 19)])
def test_one_and_three_dimensions(
    spatial: tuple[int, ...], stride: int, dilation: int, isa: str, rng: np.random.Generator
) -> None:
    x = integers(rng, (2, *spatial, 18), np.float32)
    kernel = integers(rng, (*(3,) * len(spatial), 1, 18), np.float32)
    given = options(3, stride, dilation, len(spatial))
    assert_close(ops.conv(x, kernel, groups=18, **given), reference.conv(x, kernel, groups=18, **given), 0)


@pytest.mark.parametrize("stride, dilation", [(1, 2), (2, 1)])
def test_beyond_the_second_cache_on_any_threads(
    stride: int, dilation: int, isa: str, rng: np.random.Generator
) -> None:
    x = rng.standard_normal((3, 71, 73, 40), dtype=np.float32)  # 2.5 MB: rows are fetched ahead
    kernel = rng.standard_normal((5, 5, 1, 40), dtype=np.float32)
    given = options(5, stride, dilation, 2)
    y = ops.conv(x, kernel, groups=40, **given)
    assert_close(y, reference.conv(x, kernel, groups=40, **given), 1e-4)
    for count in (1, 3):
        with using_threads(count):
            np.testing.assert_array_equal(ops.conv(x, kernel, groups=40, **given), y)


FRAMED = (  # kernel, height, width: frames of parts of rows, few rows, padding all around
    ((7, 7), 30, 113),
    ((9, 9), 9, 57),
    ((11, 11), 4, 7),
    ((5, 5), 17, 15),
    ((3, 7), 8, 8),
    ((7, 3), 15, 29),
    ((6, 4), 6, 13),
)


@pytest.mark.parametrize("channels", [16, 20])
@pytest.mark.parametrize("size, height, width", FRAMED)
def test_frames_are_exact_on_any_threads(
    size: tuple[int, int],
    height: int,
    width: int,
    channels: int,
    isa: str,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    given = {"padding": tuple((k // 2, k // 2) for k in size), "groups": channels}
    x = integers(rng, (1, height, width, channels), dtype)
    kernel, bias = integers(rng, (*size, 1, channels), dtype), integers(rng, (channels,), dtype)
    y = ops.conv(x, kernel, bias, **given)
    assert_close(y, reference.conv(x, kernel, bias, **given), 0)
    curved = ops.conv(x, kernel, bias, activation="tanh", **given)
    assert_close(curved, ops.tanh(y), 0)
    dy = integers(rng, y.shape, dtype)
    (dx, *_) = ops.conv_backward(dy, x, kernel, **given)
    assert_close(dx, reference.conv_backward(dy, x, kernel, **given)[0], 0)
    uneven = rng.standard_normal(x.shape).astype(dtype)
    with using_threads(1):
        once = ops.conv(uneven, kernel, bias, **given)
    with using_threads(3):
        np.testing.assert_array_equal(ops.conv(uneven, kernel, bias, **given), once)
