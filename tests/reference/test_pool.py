"""max_pool: gradients against finite differences, both kinds of indices, NaN, ties, padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import reference
from support import check_gradients

CASES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((9,), {}),
    ((9,), {"pool_size": 3, "strides": 1, "padding": "same"}),
    ((9,), {"pool_size": 3, "strides": 2, "padding": ((1, 0),), "dilation_rate": 2}),
    ((6, 7), {"pool_size": 2}),
    ((6, 7), {"pool_size": (3, 2), "strides": (2, 1), "padding": (1, 1)}),
    ((6, 7), {"pool_size": 3, "strides": 2, "padding": "same"}),
    ((6, 7), {"pool_size": 3, "strides": 2, "padding": 1, "ceil_mode": True}),
    ((6, 7), {"pool_size": (2, 3), "strides": 1, "dilation_rate": (2, 1)}),
    ((2, 7), {"pool_size": 3, "strides": 3, "ceil_mode": True}),  # a window larger than its axis
    ((4, 5, 6), {"pool_size": (2, 3, 2), "strides": (1, 2, 2), "padding": (0, 1, 1), "ceil_mode": True}),
]


def _distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Values that differ by 0.01 and more, so that a small step changes no winner."""
    return rng.permutation(np.prod(shape)).reshape(shape) * 0.01


@pytest.mark.parametrize("spatial, arguments", CASES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("kind", [True, "taps"])
def test_gradient(
    spatial: tuple[int, ...], arguments: dict[str, Any], data_format: str, kind: Any, rng: np.random.Generator
) -> None:
    x = _distinct(rng, (2, *spatial, 3) if data_format == "channels_last" else (2, 3, *spatial))
    arguments = {**arguments, "data_format": data_format}
    y, indices = reference.max_pool(x, **arguments, return_indices=kind)
    assert indices.shape == y.shape
    dy = rng.standard_normal(y.shape)
    dx = reference.max_pool_backward(dy, indices, x.shape, **arguments)

    def loss(x: Any) -> float:
        return float(np.sum(dy * reference.max_pool(x, **arguments)))

    check_gradients(loss, {"x": x}, {"x": dx}, rng)


@pytest.mark.parametrize("spatial, arguments", CASES)
def test_positions_fetch_the_maxima(
    spatial: tuple[int, ...], arguments: dict[str, Any], dtype: Any, rng: np.random.Generator
) -> None:
    x = rng.integers(0, 3, (2, 3, *spatial)).astype(dtype)  # many ties
    y, indices = reference.max_pool(x, **arguments, data_format="channels_first", return_indices=True)
    assert indices.dtype == np.int64 and y.dtype == dtype
    flat = np.take_along_axis(x.reshape(2, 3, -1), indices.reshape(2, 3, -1), axis=-1)
    np.testing.assert_array_equal(flat.reshape(y.shape), y)


def test_first_maximum_wins() -> None:
    _, taps = reference.max_pool(np.array([[[1.0], [2], [2], [0]]]), 4, return_indices="taps")
    assert taps.ravel() == [1] and taps.dtype == np.uint8


def test_first_nan_wins() -> None:
    x = np.array([1.0, np.nan, 9, np.nan, 2, 3]).reshape(1, 6, 1)
    y, taps = reference.max_pool(x, 4, 1, return_indices="taps")
    np.testing.assert_array_equal(np.isnan(y).ravel(), [True, True, True])
    np.testing.assert_array_equal(taps.ravel(), [1, 0, 1])


def test_padding_never_wins() -> None:
    x = np.full((1, 3, 3, 1), -np.inf)
    y, positions = reference.max_pool(x, 3, 1, 1, return_indices=True)
    np.testing.assert_array_equal(y, np.full_like(y, -np.inf))
    np.testing.assert_array_equal(
        positions[0, :, :, 0], [[0, 0, 1], [0, 0, 1], [3, 3, 4]]
    )  # the first in the image
    low = np.full_like(x, -5.0)
    np.testing.assert_array_equal(reference.max_pool(low, 3, 1, 1), low)


def test_tap_dtype_follows_the_window() -> None:
    x = np.arange(17.0 * 17).reshape(1, 17, 17, 1)
    assert reference.max_pool(x, 16, return_indices="taps")[1].dtype == np.uint8
    _, taps = reference.max_pool(x, 17, return_indices="taps")
    assert taps.dtype == np.int32 and taps.ravel() == [288]


def test_empty_batch_and_channels() -> None:
    for shape in [(0, 4, 4, 3), (2, 4, 4, 0)]:
        y, indices = reference.max_pool(np.ones(shape), return_indices=True)
        assert y.shape == indices.shape == (shape[0], 2, 2, shape[3])
        assert reference.max_pool_backward(y, indices, shape).shape == shape


@pytest.mark.parametrize(
    "found, kind",
    [
        (-1, np.int64),
        (16, np.int64),
        (2, np.int64),
        (6, np.int64),
        (2**32, np.int64),
        (4, np.uint8),
        (-1, np.int32),
    ],
)
def test_index_that_is_none_of_its_window(found: int, kind: Any) -> None:
    """The window at (0, 0) of a 4x4 plane under a 2x2 pool holds positions 0, 1, 4, 5 and taps 0 to 3."""
    indices = (
        np.array([0, 2, 8, 10], np.int64).reshape(1, 2, 2, 1)
        if kind == np.int64
        else np.zeros((1, 2, 2, 1), kind)
    )
    indices[0, 0, 0, 0] = found
    with pytest.raises(IndexError, match=f"indices hold {found};"):
        reference.max_pool_backward(np.ones((1, 2, 2, 1)), indices, (1, 4, 4, 1))


def test_tap_in_the_padding_is_refused() -> None:
    y, taps = reference.max_pool(np.ones((1, 4, 1)), 3, 2, 1, return_indices="taps")
    taps[0, 0, 0] = 0
    with pytest.raises(IndexError, match="indices hold 0;"):
        reference.max_pool_backward(y, taps, (1, 4, 1), 3, 2, 1)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"pool_size": 2, "padding": 2}, "padding is 2; expected at most 1, half the window"),
        ({"pool_size": 3, "padding": "causal"}, "padding is 'causal'; expected 'valid'"),
        (
            {"pool_size": 2, "dilation_rate": 8, "padding": 4},
            "dilation_rate is 8; expected a tap of every window",
        ),
        ({"pool_size": 6}, "effective kernel size is 6"),
    ],
)
def test_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        reference.max_pool(np.ones((1, 4, 1)), **arguments)
