"""softmax along any axis and the cross-entropies, against the reference; masked rows, NaN and infinities."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from support import assert_close, same_on_threads

SHAPES = [(1,), (7, 1), (3, 5), (5, 16), (4, 17), (2, 3, 33), (3, 10, 70), (2, 1000), (5, 0), (0, 4)]


def eps(dtype: Any) -> float:
    return float(np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_within_the_bound(name: str, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    for shape in SHAPES:
        for axis in range(-len(shape), len(shape)):
            x = (4 * rng.standard_normal(shape)).astype(dtype)
            dy = rng.standard_normal(shape).astype(dtype)
            y = getattr(reference, name)(x, axis=axis)
            assert_close(
                getattr(ops, name)(x, axis=axis), y, 8 * eps(dtype) * max(1, np.abs(y).max(initial=0))
            )
            expected = getattr(reference, f"{name}_backward")(dy, y, axis=axis)
            # a sum of n terms of at most 4 in two orders
            allowed = 4 * eps(dtype) * (4 * shape[axis] + 16)
            assert_close(getattr(ops, f"{name}_backward")(dy, y, axis=axis), expected, allowed, "dx")


@pytest.mark.parametrize("axis", [0, 1])
def test_masked_values_have_no_share(axis: int, isa: str, dtype: Any) -> None:
    x = np.full((19, 19), -np.inf, dtype)
    x[np.arange(19)[:, None] + np.arange(19) < 17] = 0.5  # some rows and columns have no value left
    y, log_y = ops.softmax(x, axis=axis), ops.log_softmax(x, axis=axis)
    assert_close(y, reference.softmax(x, axis=axis), 2 * eps(dtype))
    assert_close(log_y, reference.log_softmax(x, axis=axis), 8 * eps(dtype))
    assert y[18].tolist() == [0] * 19 and np.isneginf(log_y[18]).all()
    np.testing.assert_array_equal(ops.softmax_backward(np.ones_like(y), y, axis=axis)[18], 0)


def test_columns_whose_largest_values_come_late(isa: str, dtype: Any, rng: np.random.Generator) -> None:
    x = np.sort(rng.uniform(-80, 80, (43, 520)), axis=0).astype(dtype)  # rows are met a few at a time
    x[:17, ::3] = -np.inf  # nothing to begin with
    dy = rng.standard_normal(x.shape).astype(dtype)
    allowed = 43 * 4 * eps(dtype)
    for name in ("softmax", "log_softmax"):
        y = same_on_threads(partial(getattr(ops, name), x, axis=0))
        expected = getattr(reference, name)(x, axis=0)
        assert_close(y, expected, allowed * max(1, np.abs(expected[np.isfinite(expected)]).max()))
        dx = same_on_threads(partial(getattr(ops, f"{name}_backward"), dy, y, axis=0))
        assert_close(dx, getattr(reference, f"{name}_backward")(dy, y, axis=0), allowed * 8, "dx")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 18])
def test_nan_and_inf_spread_over_their_row_alone(value: float, place: int, isa: str, dtype: Any) -> None:
    for axis in (0, 1):
        x = np.zeros((40, 40), dtype)
        x[place, place] = value
        for name in ("softmax", "log_softmax"):
            nan = np.isnan(getattr(ops, name)(x, axis=axis))
            assert (nan.all(axis)[place] and nan.sum() == 40) or (name == "log_softmax" and value == np.inf)
            np.testing.assert_array_equal(nan, np.isnan(getattr(reference, name)(x, axis=axis)))


def test_large_values_do_not_overflow(dtype: Any) -> None:
    x = np.array([[1e4, 1e4], [-1e4, -1e4]], dtype)
    np.testing.assert_array_equal(ops.softmax(x), 0.5)
    assert_close(ops.log_softmax(x), np.full((2, 2), -np.log(2), dtype), 2 * eps(dtype))
    loss, log_sum_exp = ops.softmax_cross_entropy(x, np.array([0, 1]))
    assert_close(loss, np.full(2, np.log(2), dtype), 2 * eps(dtype))
    assert_close(log_sum_exp, x[:, 0] + dtype(np.log(2)), 1e4 * eps(dtype))


@pytest.mark.parametrize("kind", ["int32", "int64", "uint8", "probabilities"])
def test_softmax_cross_entropy(kind: str, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    for shape in ((3, 5), (70, 10), (2, 3, 33), (4, 1000), (6,), (0, 4)):
        x, dloss = rng.standard_normal(shape).astype(dtype), rng.standard_normal(shape[:-1]).astype(dtype)
        if kind == "probabilities":
            labels = reference.softmax(rng.standard_normal(shape).astype(dtype))
        else:
            labels = np.asarray(rng.integers(0, min(shape[-1], 256), shape[:-1]), kind)
        loss, log_sum_exp = reference.softmax_cross_entropy(x, labels)
        found = ops.softmax_cross_entropy(x, labels)
        allowed = eps(dtype) * (4 * shape[-1] + 64)
        assert_close(found[0], np.asarray(loss), allowed, "loss")
        assert_close(found[1], np.asarray(log_sum_exp), allowed, "log_sum_exp")
        dx = reference.softmax_cross_entropy_backward(np.asarray(dloss), x, labels, np.asarray(log_sum_exp))
        dx_found = ops.softmax_cross_entropy_backward(np.asarray(dloss), x, labels, found[1])
        assert_close(dx_found, dx, 16 * allowed, "dx")


@pytest.mark.parametrize("offset", [-1e4, 1e4, 40])
@pytest.mark.parametrize("kind", ["classes", "probabilities"])
def test_cross_entropy_is_as_exact_far_from_0(
    kind: str, offset: float, isa: str, ops: Any, dtype: Any, rng: np.random.Generator
) -> None:
    x = (rng.standard_normal((9, 37)) + offset).astype(dtype)
    near = (x - dtype(offset)).astype(np.float64)  # exact
    p = rng.dirichlet(np.ones(37), 9).astype(dtype)
    labels = rng.integers(0, 37, 9) if kind == "classes" else p
    loss, log_sum_exp = ops.softmax_cross_entropy(x, labels)
    dx = ops.softmax_cross_entropy_backward(np.ones(9, dtype), x, labels, log_sum_exp)
    exact = labels if kind == "classes" else p.astype(np.float64)
    exact_loss, exact_log = reference.softmax_cross_entropy(near, exact)
    assert_close(loss, exact_loss.astype(dtype), 64 * eps(dtype))
    exact_dx = reference.softmax_cross_entropy_backward(np.ones(9), near, exact, exact_log)
    assert_close(dx, exact_dx.astype(dtype), 8 * eps(dtype), "dx")


def test_ignored_rows_have_neither_loss_nor_gradient(ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    x, labels = rng.standard_normal((6, 5)).astype(dtype), np.array([0, -1, 2, -1, 4, 1])
    loss, log_sum_exp = ops.softmax_cross_entropy(x, labels, ignore_index=-1)
    dx = ops.softmax_cross_entropy_backward(np.ones(6, dtype), x, labels, log_sum_exp, ignore_index=-1)
    kept = labels >= 0
    assert not loss[~kept].any() and not dx[~kept].any()
    expected, _ = ops.softmax_cross_entropy(x[kept], labels[kept])
    np.testing.assert_array_equal(loss[kept], expected)


def test_a_masked_class_of_probability_0_adds_nothing(ops: Any, dtype: Any) -> None:
    x, p = np.array([[0, 0, -np.inf]], dtype), np.array([[0.5, 0.5, 0]], dtype)
    loss, log_sum_exp = ops.softmax_cross_entropy(x, p)
    assert loss[0] == pytest.approx(np.log(2), rel=1e-6)
    dx = ops.softmax_cross_entropy_backward(np.ones(1, dtype), x, p, log_sum_exp)
    assert np.abs(dx).max() <= 4 * eps(dtype)


def test_sigmoid_cross_entropy(isa: str, dtype: Any, rng: np.random.Generator) -> None:
    for shape in ((), (7,), (33,), (5, 70), (40_001,), (0, 3)):
        x = np.array(5 * rng.standard_normal(shape), dtype)
        z, dloss = np.array(rng.random(shape), dtype), np.array(rng.standard_normal(shape), dtype)
        loss = reference.sigmoid_cross_entropy(x, z)
        assert_close(ops.sigmoid_cross_entropy(x, z), loss, 64 * eps(dtype))
        dx = reference.sigmoid_cross_entropy_backward(dloss, x, z)
        assert_close(ops.sigmoid_cross_entropy_backward(dloss, x, z), dx, 32 * eps(dtype), "dx")
