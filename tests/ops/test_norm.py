"""The normalisations against the reference, forward and backward; any number of threads gives the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from norm_cases import BATCH, GROUPS, ROWS

from foldgate import ops, reference
from support import assert_close, using_threads


def operands(
    rng: np.random.Generator, shape: Any, weights: Any, dtype: Any, mean: float = 3.0
) -> tuple[Any, Any, Any, Any]:
    """x about `mean` with deviation 2, dy, gamma and beta."""
    x = (rng.standard_normal(shape) * 2 + mean).astype(dtype)
    dy = rng.standard_normal(shape).astype(dtype)
    gamma, beta = rng.standard_normal((2, *weights)).astype(dtype)
    return x, dy, gamma, beta


def allowed(dtype: Any, *arrays: Any) -> float:
    """Rounding of values that are divided by their own deviation: some eps of the largest, and of the mean.

    (x - mean) rstd with |x - mean| rstd <= 6, known to a few eps |mean| rstd = 1.5 eps; gamma and dy below 5;
    sums of n terms by vectors lose at most log n of it, which 100 covers.
    """
    return 100 * float(np.finfo(dtype).eps) * max(float(np.abs(a).max(initial=1)) for a in arrays)


def close(found: Any, expected: Any, dtype: Any) -> None:
    for a, b, name in zip(found, expected, ("first", "second", "third"), strict=True):
        assert_close(a, b, 0 if b is None else allowed(dtype, b), name)


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("shape, axis", BATCH)
def test_batch_norm(
    shape: Any, axis: int, activation: Any, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, dy, gamma, beta = operands(rng, shape, (shape[axis],), dtype)
    options: dict[str, Any] = {"axis": axis, "activation": activation}
    for weights in ((gamma, beta), (None, None)):
        found = ops.batch_norm(x, *weights, **options)
        close(found, reference.batch_norm(x, *weights, **options), dtype)
        statistics = found[1:]
        y = ops.batch_norm_inference(x, *statistics, *weights, **options)
        expected = reference.batch_norm_inference(x, *statistics, *weights, **options)
        assert_close(y, expected, allowed(dtype, expected), "y")
        # relu decides by y > 0: where y rounds to another side, so does its gradient
        dy = np.where(np.abs(reference.batch_norm(x, *weights, axis=axis).y) < 1e-4, 0, dy).astype(dtype)
        for name in ("batch_norm_backward", "batch_norm_inference_backward"):
            a = getattr(ops, name)(dy, x, *statistics, *weights, **options)
            b = getattr(reference, name)(dy, x, *statistics, *weights, **options)
            close(a, b, dtype)


@pytest.mark.parametrize("shape, axis, groups", GROUPS)
def test_group_norm(
    shape: Any, axis: int, groups: int, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, dy, gamma, beta = operands(rng, shape, (shape[axis],), dtype)
    options: dict[str, Any] = {"axis": axis, "groups": groups}
    found = ops.group_norm(x, gamma, beta, **options, return_statistics=True)
    close(found, reference.group_norm(x, gamma, beta, **options, return_statistics=True), dtype)
    np.testing.assert_array_equal(ops.group_norm(x, gamma, beta, **options), found.y)
    for weight in (gamma, None):
        a = ops.group_norm_backward(dy, x, *found[1:], weight, **options)
        close(a, reference.group_norm_backward(dy, x, *found[1:], weight, **options), dtype)
    if groups == shape[axis]:
        same = ops.instance_norm(x, gamma, beta, axis=axis, return_statistics=True)
        for a, b in zip(same, found, strict=True):
            np.testing.assert_array_equal(a, b)
        close(
            ops.instance_norm_backward(dy, x, *same[1:], gamma, axis=axis),
            reference.instance_norm_backward(dy, x, *same[1:], gamma, axis=axis),
            dtype,
        )


@pytest.mark.parametrize("shape, axis", ROWS)
def test_layer_and_rms_norm(shape: Any, axis: Any, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    last = shape[len(shape) - (1 if isinstance(axis, int) else len(axis)) :]
    x, dy, gamma, beta = operands(rng, shape, last, dtype)
    for weights in ((gamma, beta), (None, None)):
        found = ops.layer_norm(x, *weights, axis=axis, return_statistics=True)
        close(found, reference.layer_norm(x, *weights, axis=axis, return_statistics=True), dtype)
        a = ops.layer_norm_backward(dy, x, *found[1:], weights[0], axis=axis)
        close(a, reference.layer_norm_backward(dy, x, *found[1:], weights[0], axis=axis), dtype)
        found = ops.rms_norm(x, weights[0], axis=axis, return_statistics=True)
        close(found, reference.rms_norm(x, weights[0], axis=axis, return_statistics=True), dtype)
        a = ops.rms_norm_backward(dy, x, found.rstd, weights[0], axis=axis)
        close(a, reference.rms_norm_backward(dy, x, found.rstd, weights[0], axis=axis), dtype)


@pytest.mark.parametrize("shape, axis", [((40, 50, 60, 8), -1), ((40, 8, 50, 60), 1), ((500, 7, 8, 9), 1)])
def test_a_mean_far_from_zero_costs_no_variance(shape: Any, axis: int, isa: str) -> None:
    """E[x^2] - E[x]^2 would have lost all of a variance of 1 beside a mean of 10000."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) + 10000).astype(np.float32)
    exact = x.astype(np.float64)
    others = tuple(a for a in range(4) if a != axis % 4)
    _, mean, variance = ops.batch_norm(x, axis=axis)
    np.testing.assert_allclose(mean, exact.mean(axis=others), rtol=1e-6)
    np.testing.assert_allclose(variance, exact.var(axis=others), rtol=1e-4)
    *_, rstd = ops.layer_norm(x, return_statistics=True, epsilon=0.0)
    np.testing.assert_allclose(rstd**-2, exact.var(axis=-1), rtol=1e-2)


def test_a_constant_channel_has_no_variance(isa: str, dtype: Any) -> None:
    x = np.full((300, 5), 0.1, dtype)
    y, mean, variance = ops.batch_norm(x)
    np.testing.assert_array_equal(mean, x[0])
    np.testing.assert_array_equal(variance, 0)
    np.testing.assert_array_equal(y, 0)


@pytest.mark.parametrize("axis", [1, -1])
def test_bit_identical_for_any_number_of_threads(axis: int, rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((2, 24, 60, 48, 40), dtype=np.float32)
    gamma = rng.standard_normal(x.shape[axis], dtype=np.float32)
    wide = rng.standard_normal(40, dtype=np.float32)
    results = []
    for threads in (1, 2, 3):
        with using_threads(threads):
            batch = ops.batch_norm(x, gamma, axis=axis)
            group = ops.group_norm(x, gamma, groups=4, axis=axis, return_statistics=True)
            layer = ops.layer_norm(x, wide, return_statistics=True)
            results.append(
                [
                    *batch,
                    *ops.batch_norm_backward(dy, x, *batch[1:], gamma, axis=axis),
                    *group,
                    *ops.group_norm_backward(dy, x, *group[1:], gamma, groups=4, axis=axis),
                    *layer,
                    *ops.layer_norm_backward(dy, x, *layer[1:], wide),
                ]
            )
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("shape, axis", [((9, 5), -1), ((9, 5, 33), 1), ((9, 33, 5), -1)])
def test_what_is_not_finite_stays_in_its_channel(value: float, shape: Any, axis: int, isa: str) -> None:
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    np.moveaxis(x, axis, 0)[2, 3] = value
    for activation in (None, "relu"):
        y, _, variance = ops.batch_norm(x, axis=axis, activation=activation)
        assert np.isnan(np.moveaxis(y, axis, 0)[2]).all() and np.isnan(variance[2])
        assert np.isfinite(np.delete(np.moveaxis(y, axis, 0), 2, 0)).all()
    frozen = ops.batch_norm_inference_backward(
        np.ones_like(x), x, np.zeros(5, np.float32), np.ones(5, np.float32), axis=axis
    )
    assert np.isfinite(frozen.dx).all()  # its derivative does not depend on x
    z = ops.layer_norm(x)
    row = np.isnan(x).any(axis=-1) | np.isinf(x).any(axis=-1)
    assert np.isnan(z[row]).all() and np.isfinite(z[~row]).all()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.int64])
def test_an_epsilon_of_numpys_kinds(kind: Any) -> None:
    x = np.arange(8.0).reshape(2, 4)
    np.testing.assert_array_equal(ops.rms_norm(x, epsilon=kind(2)), ops.rms_norm(x, epsilon=2))


def test_empty_batches(dtype: Any) -> None:
    x = np.zeros((0, 4, 6), dtype)
    y, mean, variance = ops.batch_norm(x)
    assert y.shape == x.shape
    np.testing.assert_array_equal((mean, variance), np.zeros((2, 6)))
    dx, _, dbeta = ops.batch_norm_backward(x, x, mean, variance)
    assert dx.shape == x.shape
    np.testing.assert_array_equal(dbeta, np.zeros(6))
    y, mean, rstd = ops.group_norm(x, groups=3, return_statistics=True)
    assert (y.shape, mean.shape, rstd.shape) == (x.shape, (0, 3), (0, 3))
    np.testing.assert_array_equal(ops.group_norm_backward(x, x, mean, rstd, groups=3).dbeta, np.zeros(6))
    y, mean, rstd = ops.layer_norm(x, return_statistics=True)
    assert (y.shape, mean.shape) == (x.shape, (0, 4))
    np.testing.assert_array_equal(ops.layer_norm_backward(x, x, mean, rstd).dbeta, np.zeros(6))
