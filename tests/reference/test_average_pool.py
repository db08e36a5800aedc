"""Average pools' gradients against finite differences, and what their options mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from average_pool_cases import CASES, FORMATS, PARTS, image_shape
from foldgate import reference
from support import check_gradients


@pytest.mark.parametrize("spatial, size, strides, arguments", CASES)
@pytest.mark.parametrize("data_format", FORMATS)
def test_gradients(
    spatial: Any, size: Any, strides: Any, arguments: Any, data_format: str, rng: np.random.Generator
) -> None:
    arguments = {**arguments, "data_format": data_format}
    x = rng.standard_normal(image_shape(spatial, 3, data_format))
    dy = rng.standard_normal(reference.average_pool(x, size, strides, **arguments).shape)

    def loss(x: Any) -> float:
        return float(np.vdot(dy, reference.average_pool(x, size, strides, **arguments)))

    dx = reference.average_pool_backward(dy, x.shape, size, strides, **arguments)
    check_gradients(loss, {"x": x}, {"x": dx}, rng)


@pytest.mark.parametrize("spatial, parts", PARTS)
@pytest.mark.parametrize("data_format", FORMATS)
def test_adaptive_gradients(spatial: Any, parts: Any, data_format: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal(image_shape(spatial, 3, data_format))
    dy = rng.standard_normal(reference.adaptive_average_pool(x, parts, data_format=data_format).shape)

    def loss(x: Any) -> float:
        return float(np.vdot(dy, reference.adaptive_average_pool(x, parts, data_format=data_format)))

    dx = reference.adaptive_average_pool_backward(dy, x.shape, data_format=data_format)
    check_gradients(loss, {"x": x}, {"x": dx}, rng)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [  # of 1 2 3 4, windows of three with one of padding, every two
        ({}, [1.5, 3.0]),
        ({"count_include_pad": True}, [1.0, 3.0]),
        ({"ceil_mode": True}, [1.5, 3.0, 4.0]),
        ({"ceil_mode": True, "count_include_pad": True}, [1.0, 3.0, 2.0]),  # 4 and one of padding
    ],
)
def test_what_counts(arguments: dict[str, Any], expected: list[float]) -> None:
    x = np.arange(1.0, 5).reshape(1, 4, 1)
    found = reference.average_pool(x, 3, 2, 1, **arguments).ravel()
    np.testing.assert_array_equal(found, expected)


def test_one_part_is_the_mean(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 5, 6, 3))
    np.testing.assert_allclose(
        reference.adaptive_average_pool(x, 1)[:, 0, 0], x.mean(axis=(1, 2)), rtol=1e-12, atol=1e-15
    )


def test_shapes_that_disagree_are_refused() -> None:
    with pytest.raises(ValueError, match="dy is"):
        reference.average_pool_backward(np.ones((1, 3, 2)), (1, 5, 2))
    with pytest.raises(ValueError, match="dy is"):
        reference.adaptive_average_pool_backward(np.ones((1, 3, 2)), (1, 5, 1))
