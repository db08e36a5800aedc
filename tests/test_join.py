"""Joining arrays and taking them apart, by the kernels and by NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import foldgate
from foldgate import _native
from foldgate._join import joined, part_of
from support import Array

SHAPES = [  # of the parts, and the axis
    ([(8, 16, 16, 16), (8, 16, 16, 16)], -1),
    ([(2, 64, 64, 3), (2, 64, 64, 5), (2, 64, 64, 17)], 3),
    ([(70, 5, 80), (70, 7, 80)], 1),
    ([(4, 30, 2, 300), (4, 30, 3, 300)], -2),
]


def parts_of(shapes: list[tuple[int, ...]], dtype: type) -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shapes", "axis"), SHAPES)
def test_large_arrays_are_joined_and_parted_by_the_kernels(
    shapes: list[tuple[int, ...]], axis: int, dtype: type
) -> None:
    parts = parts_of(shapes, dtype)
    whole = _native.joined(parts, axis)
    assert whole is not None
    assert whole.dtype == dtype
    np.testing.assert_array_equal(whole, np.concatenate(parts, axis))
    begin, first = 0, axis % whole.ndim
    for part in parts:
        end = begin + part.shape[first]
        if part.size >= 1 << 15:
            assert _native.part_of(whole, first, begin, end) is not None
        np.testing.assert_array_equal(part_of(whole, first, begin, end), part)
        begin = end


def test_what_the_kernels_do_not_join_numpy_does() -> None:
    a, b = parts_of([(64, 1024), (64, 1024)], np.float32)
    others = [
        ([a[:, ::2], b], 1),
        ([a, b.astype(np.float64)], 1),
        ([a.astype(np.int32), b.astype(np.int32)], 1),
        ([a, b], 0),
        ([a], 1),
        ([a[:2], b[:2]], 1),
        ([a.astype(">f4"), b], 1),
        ([a.tolist(), b], 1),
    ]
    for arrays, axis in others:
        assert _native.joined(arrays, axis) is None
        np.testing.assert_array_equal(joined(arrays, axis), np.concatenate(arrays, axis))
    masked = np.ma.masked_array(a, a > 0)
    assert _native.joined([masked, masked], 1) is None
    assert joined([a, b], None).shape == (2 * a.size,)
    assert np.shares_memory(part_of(a[:, ::2], 1, 0, 9), a)


def test_arrays_that_do_not_fit_are_refused_as_by_numpy() -> None:
    a, b = parts_of([(64, 1024), (65, 1024)], np.float32)
    with pytest.raises(ValueError, match="must match exactly"):
        joined([a, b], 1)
    with pytest.raises(ValueError, match="out of bounds"):
        joined([a, a], 2)
    assert _native.part_of(a, 1, 5, 2000) is None
    assert _native.part_of(a, 1, -1, 600) is None


def test_gradients_of_large_joined_arrays() -> None:
    a, b = parts_of([(2, 64, 64, 8), (2, 64, 64, 16)], np.float64)
    weights = np.random.default_rng(1).standard_normal((2, 64, 64, 24))
    with foldgate.GradientTape(persistent=True) as outer:
        x, y = outer.watch(a), outer.watch(b)
        with foldgate.GradientTape() as tape:
            tape.watch([x, y])
            z = np.sum(np.concatenate([x, y], -1) ** 2 * weights)
        dx, dy = tape.gradient(z, [x, y])
        total = np.sum(dx * dx)
    np.testing.assert_allclose(np.asarray(dx.numpy()), 2 * a * weights[..., :8])
    np.testing.assert_allclose(np.asarray(dy.numpy()), 2 * b * weights[..., 8:])
    np.testing.assert_allclose(outer.gradient(total, x), 8 * a * weights[..., :8] ** 2)


def test_a_gradient_that_two_readers_share_is_not_added_into() -> None:
    """The first of two gradients of x is the caller's own array, which must stay as it was."""
    a = np.ones((64, 64), np.float32)
    given = np.full((64, 64), 3.0, np.float32)
    with foldgate.GradientTape() as tape:
        x = tape.watch(a)
        y, z = x + 1, x * 2
    assert (tape.gradient([y, z], x, output_gradients=[given, given]) == 9).all()
    assert (given == 3).all()
