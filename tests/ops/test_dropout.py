"""Dropout and uniform numbers: the reference's bits, whatever the tier, the threads and the chunks."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from support import same_on_threads

SIZES = [0, 1, 3, 4, 5, 63, 64, 65, 130, 1000]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.999])
def test_the_bits_of_the_reference(
    size: int, rate: float, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x = rng.standard_normal(size).astype(dtype)
    for seed, offset in ((0, 0), (2**64 - 1, 2**32 - 7), (0x1234567890, 2**64 - 3)):
        options: Any = {"seed": seed, "offset": offset}
        expected = reference.dropout(x, rate, **options)
        np.testing.assert_array_equal(ops.dropout(x, rate, **options), expected, strict=True)
        backward = ops.dropout_backward(x, rate, **options)
        np.testing.assert_array_equal(backward, expected, strict=True)


@pytest.mark.parametrize("size", SIZES)
def test_uniform_numbers_are_the_references(size: int, isa: str, dtype: Any) -> None:
    options: Any = {"seed": 2**63 + 5, "offset": 11, "dtype": dtype}
    # fractions are exact; a multiply-add rounds once where the reference rounds twice
    np.testing.assert_array_equal(
        ops.random_uniform((size,), **options), reference.random_uniform((size,), **options), strict=True
    )
    found = ops.random_uniform((size,), -3, 5, **options)
    expected = reference.random_uniform((size,), -3, 5, **options)
    assert found.shape == (size,) and found.dtype == dtype
    assert np.abs(found - expected).max(initial=0) <= 8 * np.finfo(dtype).eps


@pytest.mark.parametrize("low, steps", [(0, 9), (1000, 9), (-5, 3), (1000, 1), (7, -4), (2, 0)])
def test_high_does_not_occur(low: float, steps: int, ops: Any, isa: str, dtype: Any) -> None:
    """Few numbers lie between the bounds, and all but `high` come: of 4000, a sixteenth at the rarest."""
    first = dtype(low)
    high = first + steps * np.spacing(first)
    u = ops.random_uniform((4000,), low, float(high), seed=4, dtype=dtype)
    assert not (u == high).any() or steps == 0
    if low != 0:
        assert len(np.unique(u)) == max(1, abs(steps))
    assert u.min() >= min(first, high) and u.max() <= max(first, high)


@pytest.mark.parametrize(
    "low, high, dtype", [(-3e38, 3e38, "float32"), (1e39, 1e40, "float32"), (-1e308, 1e308, "float64")]
)
def test_a_range_beyond_the_dtype_is_refused(low: float, high: float, dtype: str) -> None:
    message = re.escape(f"random_uniform: low is {low} and high {high}; expected ") + f".*{dtype}"
    with pytest.raises(ValueError, match=message):
        ops.random_uniform((2,), low, high, seed=1, dtype=dtype)


@pytest.mark.parametrize("wrong", [{"shape": b"ab"}, {"dtype": None}, {"dtype": "x"}, {"dtype": "float16"}])
def test_wrong_arguments_of_random_uniform(wrong: Any) -> None:
    name = next(iter(wrong))
    with pytest.raises(TypeError, match=f"random_uniform: {name} is .*; expected"):
        ops.random_uniform(**{"shape": (2,), "seed": 1, **wrong})


def test_bit_identical_for_any_number_of_threads(dtype: Any) -> None:
    x = np.ones((641, 411), dtype)
    same_on_threads(lambda: ops.random_uniform((300_001,), seed=5))
    y = same_on_threads(lambda: ops.dropout(x, 0.3, seed=5))
    np.testing.assert_array_equal(y, reference.dropout(x, 0.3, seed=5))


def test_the_next_offset_goes_on_where_a_call_ended() -> None:
    whole = ops.dropout(np.ones(256), 0.5, seed=3)
    parts = [ops.dropout(np.ones(64), 0.5, seed=3, offset=16 * i) for i in range(4)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_the_share_of_zeros_is_the_rate() -> None:
    """The standard deviation of a mean of 10^6 is under 5e-4: five of them."""
    for rate in (0.1, 0.5, 0.8):
        y = ops.dropout(np.ones(10**6, np.float32), rate, seed=9)
        assert abs(float(np.mean(y == 0)) - rate) < 2.5e-3
        assert set(np.unique(y)) == {np.float32(0), np.float32(1 / (1 - rate))}
    u = ops.random_uniform((10**6,), seed=9)
    assert abs(float(u.mean()) - 0.5) < 2.5e-3 and u.min() >= 0 and u.max() < 1


def test_a_dropped_nan_or_infinity_is_gone(ops: Any) -> None:
    x = np.array([np.nan, np.inf, -np.inf, np.nan] * 8)
    kept = ops.dropout(np.ones(32), 0.5, seed=1) > 0
    np.testing.assert_array_equal(ops.dropout(x, 0.5, seed=1), np.where(kept, x, 0))
    assert 0 < kept[::4].sum() < 8  # some NaN were dropped, some were not


def test_large_outputs_hold_the_numbers_of_small_ones(isa: str, dtype: Any) -> None:
    """Of 16 MB and more, which go past the cache."""
    n, half = (16 << 20) // np.dtype(dtype).itemsize + 37, 1 << 20
    first = ops.random_uniform((half,), -1, 3, seed=7, dtype=dtype)
    second = ops.random_uniform((n - half,), -1, 3, seed=7, offset=half // 4, dtype=dtype)
    whole = ops.random_uniform((n,), -1, 3, seed=7, dtype=dtype)
    np.testing.assert_array_equal(whole, np.concatenate([first, second]))
