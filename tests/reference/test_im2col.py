"""im2col against its definition, and col2im as its adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import reference
from support import integers

# (spatial, arguments)
CASES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((7,), {"kernel_size": 3}),
    ((7,), {"kernel_size": 3, "padding": "same", "strides": 2}),
    ((8,), {"kernel_size": 3, "padding": "causal", "dilation_rate": 2}),
    (
        (9, 8),
        {"kernel_size": (3, 2), "strides": (2, 1), "padding": ((1, 0), (2, 1)), "dilation_rate": (1, 3)},
    ),
    ((5, 6), {"kernel_size": 2, "strides": 3, "padding": "same"}),
    ((4, 5, 3), {"kernel_size": (2, 3, 1), "strides": (1, 2, 2), "padding": (1, 0, 2)}),
]


@pytest.mark.parametrize("spatial, arguments", CASES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_col2im_is_the_adjoint(
    spatial: tuple[int, ...],
    arguments: dict[str, Any],
    data_format: str,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    """<im2col(x), c> == <x, col2im(c)>, exactly, on whole numbers."""
    shape = (2, *spatial, 3) if data_format == "channels_last" else (2, 3, *spatial)
    x = integers(rng, shape, dtype)
    columns = reference.im2col(x, data_format=data_format, **arguments)
    c = integers(rng, columns.shape, dtype)
    image = reference.col2im(c, shape, data_format=data_format, **arguments)
    assert image.shape == shape and image.dtype == dtype
    assert np.sum(columns * c) == np.sum(x * image)


@pytest.mark.parametrize("spatial, arguments", CASES)
def test_formats_agree(spatial: tuple[int, ...], arguments: dict[str, Any], rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, *spatial, 3))
    last = reference.im2col(x, **arguments)
    first = reference.im2col(np.moveaxis(x, -1, 1), data_format="channels_first", **arguments)
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), last)


def test_columns_are_in_tap_channel_order() -> None:
    x = np.arange(2 * 3 * 2.0).reshape(1, 2, 3, 2)
    columns = reference.im2col(x, (2, 2))
    assert columns.shape == (1, 1, 2, 8)
    # window at (0, 0): taps (0,0) (0,1) (1,0) (1,1), two channels each
    np.testing.assert_array_equal(columns[0, 0, 0], [0, 1, 2, 3, 6, 7, 8, 9])
    np.testing.assert_array_equal(columns[0, 0, 1], [2, 3, 4, 5, 8, 9, 10, 11])


def test_col2im_refuses_columns_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"expected \(1, 2, 3\)"):
        reference.col2im(np.ones((1, 3, 3)), (1, 4, 1), 3)


def test_batch_zero() -> None:
    columns = reference.im2col(np.ones((0, 5, 2)), 3)
    assert columns.shape == (0, 3, 6)
    assert reference.col2im(columns, (0, 5, 2), 3).shape == (0, 5, 2)
