"""A bias with an activation, in both data formats, and the residual join, against the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from support import assert_close, bound, integers, same_on_threads

FORMATS = ["channels_last", "channels_first"]
ACTIVATIONS = [None, "linear", "relu", "relu6", "tanh", "sigmoid"]
SHAPES = [(5, 3), (70, 17), (2, 33, 7), (2, 3, 5, 16), (3, 16, 1, 1), (0, 4), (2, 0, 3), (2, 3, 0)]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_within_the_bound(
    activation: Any, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    options: Any = {"data_format": data_format, "activation": activation}
    for shape in SHAPES:
        channels = shape[1] if data_format == "channels_first" else shape[-1]
        x, bias = rng.standard_normal(shape).astype(dtype), rng.standard_normal(channels).astype(dtype)
        y = reference.bias_add(x, bias, **options)
        assert_close(ops.bias_add(x, bias, **options), y, 4 * float(np.finfo(dtype).eps))
        dy = rng.standard_normal(shape).astype(dtype)
        dx, dbias = reference.bias_add_backward(dy, y, **options)
        found = ops.bias_add_backward(dy, y, **options)
        assert_close(found.dx, dx, bound(dtype, 1, dy), "dx")
        assert_close(found.dbias, dbias, bound(dtype, x.size // max(1, channels), dy), "dbias")


@pytest.mark.parametrize("data_format", FORMATS)
def test_exact_on_integers(data_format: str, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    for shape in ((700, 65), (3, 40, 300)):
        channels = shape[1] if data_format == "channels_first" else shape[-1]
        x, dy = integers(rng, shape, dtype), integers(rng, shape, dtype)
        bias = integers(rng, (channels,), dtype)
        y = reference.bias_add(x, bias, data_format=data_format, activation="relu")
        found = ops.bias_add(x, bias, data_format=data_format, activation="relu")
        np.testing.assert_array_equal(found, y)
        expected = reference.bias_add_backward(dy, y, data_format=data_format, activation="relu")
        gradients = ops.bias_add_backward(dy, y, data_format=data_format, activation="relu")
        np.testing.assert_array_equal(gradients.dx, expected.dx)
        np.testing.assert_array_equal(gradients.dbias, expected.dbias)


def test_bit_identical_for_any_number_of_threads(rng: np.random.Generator) -> None:
    dy = rng.standard_normal((8, 130, 301)).astype(np.float32)
    same_on_threads(lambda: [ops.bias_add_backward(dy, data_format=each).dbias for each in FORMATS])


def test_the_residual_join(isa: str, dtype: Any, rng: np.random.Generator) -> None:
    for shape in ((), (1,), (33,), (5, 7, 9), (50_001,), (0, 2)):
        a, b = np.array(rng.standard_normal(shape), dtype), np.array(rng.standard_normal(shape), dtype)
        y = ops.add_relu(a, b)
        np.testing.assert_array_equal(y, np.maximum(a + b, 0), strict=shape != ())
        np.testing.assert_array_equal(ops.add_relu_backward(a, y), np.where(y > 0, a, 0))


def test_nan_passes(ops: Any) -> None:
    x = np.array([[np.nan, np.inf, -np.inf]])
    np.testing.assert_array_equal(ops.add_relu(x, np.zeros((1, 3))), [[np.nan, np.inf, 0]])
    np.testing.assert_array_equal(ops.bias_add(x, np.zeros(3), activation="relu"), [[np.nan, np.inf, 0]])
