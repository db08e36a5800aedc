"""Layers that prepare data, by their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import layers


def test_rescaling() -> None:
    x = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_allclose(layers.Rescaling(0.5, -1.0)(x), x * 0.5 - 1, rtol=1e-6)
    y = layers.Rescaling([1.0, 2.0, 3.0], [0.0, 0.0, 1.0])(x)
    np.testing.assert_allclose(y, x * [1, 2, 3] + [0, 0, 1], rtol=1e-6)
    assert y.dtype == np.float32


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), None])
def test_normalization_adapts_to_arrays_and_batches(axis: Any) -> None:
    x = np.random.default_rng(0).standard_normal((30, 4, 5)) * 3 + 7
    kept = () if axis is None else np.atleast_1d(axis) % 3
    reduced = tuple(i for i in range(3) if i not in kept)
    expected = (x - x.mean(reduced, keepdims=True)) / x.std(reduced, keepdims=True)
    whole, parts = layers.Normalization(axis), layers.Normalization(axis)
    whole.adapt(x)
    parts.adapt([x[:7], x[7:8], x[8:]])
    for layer in (whole, parts):
        np.testing.assert_allclose(layer(x), expected, atol=1e-5)
    inverse = layers.Normalization(axis, invert=True)
    inverse.adapt(x)
    np.testing.assert_allclose(inverse(whole(x)), x, rtol=1e-5)


def test_normalization_by_weights_of_another() -> None:
    x = np.random.default_rng(0).standard_normal((30, 4)) + 5
    first, second = layers.Normalization(), layers.Normalization()
    first.adapt(x)
    second.build(x.shape)
    second.set_weights(first.get_weights())
    np.testing.assert_array_equal(first(x), second(x))


def test_normalization_by_given_statistics() -> None:
    layer = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])
    np.testing.assert_allclose(layer(np.array([[3.0, 5.0]])), [[1.0, 1.0]])
    assert not layer.weights


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_category_encoding(mode: str) -> None:
    ids = np.array([[0, 2, 2], [1, 1, 3]])
    y = layers.CategoryEncoding(4, mode)(ids)
    each = np.eye(4)[ids]
    expected = {"one_hot": each, "multi_hot": each.max(1), "count": each.sum(1)}[mode]
    np.testing.assert_array_equal(y, expected)
    single = layers.CategoryEncoding(4, "one_hot")(np.array([[3], [0]]))
    np.testing.assert_array_equal(single, np.eye(4)[[3, 0]])
    weighted = layers.CategoryEncoding(3, "count")(np.array([[0, 0, 1]]), count_weights=[[0.5, 1.0, 2.0]])
    np.testing.assert_array_equal(weighted, [[1.5, 2.0, 0.0]])


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5", "nearest"])
@pytest.mark.parametrize("antialias", [False, True])
def test_resizing_keeps_constants_and_sizes(interpolation: str, antialias: bool) -> None:
    layer = layers.Resizing(5, 9, interpolation, antialias=antialias)
    x = np.full((2, 8, 4, 3), 2.5)
    np.testing.assert_allclose(layer(x), np.full((2, 5, 9, 3), 2.5), rtol=1e-6)
    same = layers.Resizing(8, 4, interpolation, antialias=antialias)
    z = np.random.default_rng(0).standard_normal((8, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(same(z), z)
    assert layer.compute_output_shape((None, 8, 4, 3)) == (None, 5, 9, 3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Normalization(mean=1.0), "Normalization: mean is 1.0 and variance None"),
        (lambda: layers.Normalization(axis=0), "axis is 0"),
        (lambda: layers.Normalization(axis=3)(np.zeros((2, 3))), "Normalization: axis is"),
        (lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(np.zeros((2, 3))), "were not given"),
        (lambda: layers.Normalization().adapt([]), "got no values"),
        (lambda: layers.Normalization().adapt([np.zeros((2, 3)), np.zeros((2, 4))]), "adapt got shape"),
        (lambda: layers.CategoryEncoding(0), "num_tokens is 0"),
        (lambda: layers.CategoryEncoding(3, "hot"), "output_mode is 'hot'"),
        (lambda: layers.CategoryEncoding(3)(np.array([3])), "inputs hold 3 to 3; expected 0 to 2"),
        (lambda: layers.Resizing(0, 3), "height is 0"),
        (lambda: layers.Resizing(3, 3, "cubic"), "interpolation is 'cubic'"),
        (lambda: layers.Resizing(3, 3)(np.zeros((2, 3))), "Resizing: inputs have 2 axes"),
    ],
)
def test_errors(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
