"""Attention against the reference, forward and backward, on every tier and around blocks of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attention_cases import OPTIONS, masks
from memory_layouts import guarded

from foldgate import ops, reference
from support import assert_close, bound, using_threads

SHAPES = [  # queries, keys, features, values
    (1, 1, 1, 1),
    (1, 7, 5, 3),
    (9, 1, 16, 17),
    (17, 33, 8, 8),
    (127, 129, 3, 40),
    (130, 260, 33, 16),
    (300, 100, 64, 64),
]


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("queries, keys, width, values", SHAPES)
def test_as_the_reference(
    queries: int,
    keys: int,
    width: int,
    values: int,
    option: str,
    isa: str,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    """A score is a sum of `width` products, known to their rounding, and so is its exponential."""
    q, k, v, dy = (
        rng.standard_normal((2, 2, *shape)).astype(dtype)
        for shape in ((queries, width), (keys, width), (keys, values), (queries, values))
    )
    options = masks(option, rng, 2, 2, queries, keys, dtype)
    y, lse = ops.attention(q, k, v, **options, return_statistics=True)
    expected = reference.attention(q, k, v, **options, return_statistics=True)
    allowed = bound(dtype, width + 20, q[:, :, :1], v[:, :, :1], factor=8)
    assert_close(y, expected.y, allowed, "y")
    assert_close(lse, expected.lse, allowed, "lse")
    found = ops.attention_backward(dy, q, k, v, y, lse, **options)
    truth = reference.attention_backward(dy, q, k, v, *expected, **options)
    for name, a, b in zip(("dq", "dk", "dv"), found, truth, strict=True):
        assert_close(a, b, allowed * 4 * max(1.0, float(np.abs(b).max())), name)


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("option", OPTIONS)
def test_heads_beside_each_other_that_share_keys(
    option: str, groups: int, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    queries, keys, width, values, heads = 130, 140, 5, 19, 6
    q, k, v, dy = (
        rng.standard_normal((2, *shape)).astype(dtype)
        for shape in (
            (queries, heads, width),
            (keys, groups, width),
            (keys, groups, values),
            (queries, heads, values),
        )
    )
    options = {**masks(option, rng, 2, heads, queries, keys, dtype), "heads_axis": 2}
    y, lse = ops.attention(q, k, v, **options, return_statistics=True)
    expected = reference.attention(q, k, v, **options, return_statistics=True)
    allowed = bound(dtype, width + 20, q[:, :1], v[:, :1], factor=8)
    assert_close(y, expected.y, allowed, "y")
    assert_close(lse, expected.lse, allowed, "lse")
    found = ops.attention_backward(dy, q, k, v, y, lse, **options)
    truth = reference.attention_backward(dy, q, k, v, *expected, **options)
    for name, a, b in zip(("dq", "dk", "dv"), found, truth, strict=True):
        assert_close(a, b, allowed * 4 * max(1.0, float(np.abs(b).max())), name)


def test_the_axis_of_the_heads_changes_no_bit(rng: np.random.Generator) -> None:
    q, k, v, dy = (rng.standard_normal((2, 3, 150, 20), dtype=np.float32) for _ in range(4))
    y, lse = ops.attention(q, k, v, causal=True, return_statistics=True)
    gradients = ops.attention_backward(dy, q, k, v, y, lse, causal=True)
    dy, q, k, v, y = (np.ascontiguousarray(x.swapaxes(1, 2)) for x in (dy, q, k, v, y))
    turned = ops.attention(q, k, v, causal=True, heads_axis=2, return_statistics=True)
    np.testing.assert_array_equal(turned.y, y)
    np.testing.assert_array_equal(turned.lse, lse)
    found = ops.attention_backward(dy, q, k, v, y, lse, causal=True, heads_axis=2)
    for a, b in zip(found, gradients, strict=True):
        np.testing.assert_array_equal(a.swapaxes(1, 2), b)


def test_bit_identical_for_any_number_of_threads(rng: np.random.Generator) -> None:
    q, dy = (rng.standard_normal((3, 300, 4, 40), dtype=np.float32) for _ in range(2))
    k, v = (rng.standard_normal((3, 300, 2, 40), dtype=np.float32) for _ in range(2))
    results = []
    for threads in (1, 2, 3):
        with using_threads(threads):
            options: Any = {"causal": True, "heads_axis": 2}
            y, lse = ops.attention(q, k, v, **options, return_statistics=True)
            results.append([y, lse, *ops.attention_backward(dy, q, k, v, y, lse, **options)])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("heads_axis", [1, 2])
@pytest.mark.parametrize("at_end", [True, False])
def test_nothing_beyond_the_arrays_is_read(
    at_end: bool, heads_axis: int, isa: str, rng: np.random.Generator
) -> None:
    for queries, keys, width, values in SHAPES[:5]:
        q, k, v = (
            guarded(rng.standard_normal(_by_axis(heads_axis, *shape)).astype(np.float32), at_end)
            for shape in ((queries, 4, width), (keys, 2, width), (keys, 2, values))
        )
        for mask in (rng.random((queries, keys)) < 0.5, rng.standard_normal((queries, keys), np.float32)):
            options: Any = {"mask": guarded(mask[None, None], at_end), "heads_axis": heads_axis}
            y, lse = ops.attention(q, k, v, **options, return_statistics=True)
            fenced = guarded(y, at_end)
            gradients = ops.attention_backward(fenced, q, k, v, fenced, guarded(lse, at_end), **options)
            assert all(np.isfinite(g).all() for g in gradients)


def _by_axis(heads_axis: int, steps: int, heads: int, width: int) -> tuple[int, ...]:
    return (1, heads, steps, width) if heads_axis == 1 else (1, steps, heads, width)


def test_the_scores_are_never_stored() -> None:
    """16384 x 16384 scores would be a gigabyte; what is kept for more calls shows what was taken."""
    from foldgate import _native

    x = np.ones((1, 1, 16384, 4), np.float32)
    _native.release_cached()
    y = ops.attention(x, x, x)
    np.testing.assert_allclose(y, 1, rtol=1e-5)
    assert _native.cached_bytes() < 64 << 20


def test_a_query_or_key_that_is_not_finite(isa: str, rng: np.random.Generator) -> None:
    q, k, v = (rng.standard_normal((1, 1, 40, 8), dtype=np.float32) for _ in range(3))
    q[0, 0, 3, 2] = np.nan
    k[0, 0, 35, 1] = np.nan
    y = ops.attention(q, k, v, causal=True)[0, 0]
    bad = np.isnan(y).any(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(bad), [3, *range(35, 40)])


@pytest.mark.parametrize("away", [2e4, -1e9])
def test_scores_far_from_0_have_the_gradients_of_those_near(
    away: float, ops: Any, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    q, k, v, dy = (rng.integers(-2, 3, (1, 2, 200, 8)).astype(dtype) for _ in range(4))
    mask = np.zeros((200, 200), dtype)
    mask[::3] = away  # of whole rows: what is left of their scores is as it was
    if away == -1e9:
        k[:] = 0  # all of a row are equal, which float32 would make them
    exact = [x.astype(np.float64) for x in (q, k, v)]
    y, lse = reference.attention(*exact, causal=True, scale=0.5, return_statistics=True)
    expected = reference.attention_backward(dy.astype(np.float64), *exact, y, lse, causal=True, scale=0.5)
    y, lse = ops.attention(q, k, v, mask=mask, causal=True, scale=0.5, return_statistics=True)
    found = ops.attention_backward(dy, q, k, v, y, lse, mask=mask, causal=True, scale=0.5)
    for x, close in zip(found, expected, strict=True):
        assert_close(x, close.astype(dtype), 200 * float(np.finfo(dtype).eps) * np.abs(close).max())


@pytest.mark.parametrize("groups", [1, 3])
def test_nothing_to_attend_to(groups: int, dtype: Any) -> None:
    for queries, keys in ((0, 5), (4, 0), (0, 0)):
        q, k = np.ones((2, 3, queries, 4), dtype), np.ones((2, groups, keys, 4), dtype)
        y, lse = ops.attention(q, k, k, return_statistics=True)
        np.testing.assert_array_equal(y, np.zeros(q.shape))
        np.testing.assert_array_equal(lse, np.full(q.shape[:3], -np.inf))
        for gradient, operand in zip(ops.attention_backward(y, q, k, k, y, lse), (q, k, k), strict=True):
            np.testing.assert_array_equal(gradient, np.zeros(operand.shape))
