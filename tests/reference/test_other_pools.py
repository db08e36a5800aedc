"""Gradients of adaptive max, Lp and global pools and of unpooling by finite differences, and known values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from average_pool_cases import FORMATS, PARTS, image_shape
from foldgate import reference
from support import check_gradients


@pytest.mark.parametrize("spatial, parts", PARTS)
@pytest.mark.parametrize("data_format", FORMATS)
def test_adaptive_max(spatial: Any, parts: Any, data_format: str, rng: np.random.Generator) -> None:
    x = rng.permutation(2 * 3 * int(np.prod(spatial))).reshape(image_shape(spatial, 3, data_format)) / 8.0
    y, indices = reference.adaptive_max_pool(x, parts, data_format=data_format, return_indices=True)
    dy = rng.standard_normal(y.shape)

    def loss(x: Any) -> float:
        return float(np.vdot(dy, reference.adaptive_max_pool(x, parts, data_format=data_format)))

    dx = reference.adaptive_max_pool_backward(dy, indices, x.shape, data_format=data_format)
    check_gradients(loss, {"x": x}, {"x": dx}, rng)


@pytest.mark.parametrize("p", [1, 2, 3, 1.5, 4.25])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "arguments", [{}, {"strides": 1, "padding": 1, "dilation_rate": 2}, {"ceil_mode": True}]
)
def test_lp(p: float, data_format: str, arguments: Any, rng: np.random.Generator) -> None:
    shape = image_shape((6, 7), 3, data_format)
    x = rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 2, shape)  # away from 0, where |x| has a corner
    options = {**arguments, "p": p, "data_format": data_format}
    y = reference.lp_pool(x, **options)
    dy = rng.standard_normal(y.shape)

    def loss(x: Any) -> float:
        return float(np.vdot(dy, reference.lp_pool(x, **options)))

    check_gradients(loss, {"x": x}, {"x": reference.lp_pool_backward(dy, x, y, **options)}, rng)


@pytest.mark.parametrize("data_format", FORMATS)
def test_unpool(data_format: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal(image_shape((3, 4), 2, data_format))
    indices = rng.integers(0, 15, x.shape)
    shape = image_shape((3, 5), 2, data_format)
    dy = rng.standard_normal(shape)

    def loss(x: Any) -> float:
        return float(np.vdot(dy, reference.max_unpool(x, indices, shape, data_format=data_format)))

    dx = reference.max_unpool_backward(dy, indices, data_format=data_format)
    check_gradients(loss, {"x": x}, {"x": dx}, rng)


def test_the_last_of_several_stays() -> None:
    x, indices = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1), np.array([1, 0, 1]).reshape(1, 3, 1)
    np.testing.assert_array_equal(reference.max_unpool(x, indices, (1, 4, 1)).ravel(), [2, 3, 0, 0])
    dy = np.array([10.0, 20.0, 30.0, 40.0]).reshape(1, 4, 1)
    np.testing.assert_array_equal(reference.max_unpool_backward(dy, indices).ravel(), [0, 10, 20])


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("keepdims", [False, True])
def test_global(data_format: str, keepdims: bool, rng: np.random.Generator) -> None:
    x = rng.permutation(2 * 3 * 20).reshape(image_shape((4, 5), 3, data_format)) / 8.0 + 1
    form: dict[str, Any] = {"data_format": data_format}
    axes = (1, 2) if data_format == "channels_last" else (2, 3)
    mean = reference.global_average_pool(x, keepdims=keepdims, **form)
    np.testing.assert_allclose(mean, x.mean(axes, keepdims=keepdims))
    y, indices = reference.global_max_pool(x, keepdims=keepdims, return_indices=True, **form)
    np.testing.assert_array_equal(y, x.max(axes, keepdims=keepdims))
    norm = reference.global_lp_pool(x, keepdims=keepdims, **form)
    np.testing.assert_allclose(norm, np.sqrt((x * x).sum(axes, keepdims=keepdims)))
    dy = rng.standard_normal(y.shape)
    options = {**form, "keepdims": keepdims}
    for function, dx in (
        (reference.global_average_pool, reference.global_average_pool_backward(dy, x.shape, **form)),
        (reference.global_max_pool, reference.global_max_pool_backward(dy, indices, x.shape, **form)),
        (reference.global_lp_pool, reference.global_lp_pool_backward(dy, x, norm, **form)),
    ):

        def loss(x: Any, function: Any = function) -> float:
            return float(np.vdot(dy, function(x, **options)))

        check_gradients(loss, {"x": x}, {"x": dx}, rng)
