"""Normalization layers by their definitions, their errors and what they cost the tape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import layers


def _inputs(shape: tuple[int, ...], dtype: Any) -> Any:
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moving_statistics_by_their_formula(dtype: str) -> None:
    layer = layers.BatchNormalization(momentum=0.9, dtype=dtype)
    mean, variance = np.zeros(4), np.ones(4)
    for step in range(3):
        x = _inputs((6, 5, 4), dtype) + step
        layer(x, training=True)
        mean = 0.9 * mean + 0.1 * x.mean((0, 1))
        variance = 0.9 * variance + 0.1 * x.var((0, 1))
    for weight, expected in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        assert weight.dtype == dtype
        np.testing.assert_allclose(weight.value, expected, rtol=1e-5, atol=1e-6)


def test_moving_statistics_are_updated_in_place_and_only_in_training() -> None:
    layer = layers.BatchNormalization()
    x = _inputs((6, 4), np.float32)
    layer(x)
    np.testing.assert_array_equal(layer.moving_mean.value, np.zeros(4))
    address = layer.moving_mean.writable().ctypes.data
    layer(x, training=True)
    assert layer.moving_mean.writable().ctypes.data == address
    assert np.any(layer.moving_mean.value)


def test_an_empty_batch_changes_no_statistics() -> None:
    layer = layers.BatchNormalization()
    y = layer(np.zeros((0, 4), np.float32), training=True)
    assert y.shape == (0, 4)
    np.testing.assert_array_equal(layer.moving_variance.value, np.ones(4))


def test_call_relu_is_relu_of_the_call() -> None:
    x = _inputs((3, 4, 5, 8), np.float32)
    for training in (False, True):
        first, second = layers.BatchNormalization(), layers.BatchNormalization()
        y = first(x, training=training)
        second.build(x.shape)
        np.testing.assert_array_equal(np.maximum(y, 0), second.call_relu(x, training=training))
        np.testing.assert_array_equal(first.moving_mean.value, second.moving_mean.value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("kind", "arguments", "axes"),
    [
        ("LayerNormalization", {"axis": 1}, (1,)),
        ("LayerNormalization", {"axis": [1, 3]}, (1, 3)),
        ("RMSNormalization", {"axis": 2, "epsilon": 1e-3}, (2,)),
    ],
)
def test_axes_that_are_not_the_last(kind: str, arguments: dict[str, Any], axes: Any, dtype: str) -> None:
    layer = getattr(layers, kind)(**arguments, dtype=dtype)
    x = _inputs((2, 3, 4, 5), dtype)
    layer.build(x.shape)
    shape = tuple(n if i in axes else 1 for i, n in enumerate(x.shape))
    values = [np.random.default_rng(i).random(w.shape) for i, w in enumerate(layer.weights)]
    layer.set_weights(values)
    scale, shift = [v.reshape(shape) for v in (*values, np.zeros(values[0].shape))[:2]]
    mean = x.mean(axes, keepdims=True) if kind == "LayerNormalization" else 0
    expected = (x - mean) / np.sqrt(np.square(x - mean).mean(axes, keepdims=True) + 1e-3) * scale + shift
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_gradients_through_a_mask() -> None:
    """Against differences, the statistics included."""
    layer = layers.BatchNormalization(dtype="float64")
    mask = np.array([[True, True, False], [True, False, True]])
    error = foldgate.check_gradients(
        lambda x: np.sin(layer(x, training=True, mask=mask)), _inputs((2, 3, 4), np.float64)
    )
    assert error < 1e-6


def test_unit_normalization_of_zeros_is_zero() -> None:
    np.testing.assert_array_equal(layers.UnitNormalization()(np.zeros((2, 3), np.float32)), np.zeros((2, 3)))


def test_integers_become_floats() -> None:
    for kind in ("BatchNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"):
        assert getattr(layers, kind)()(np.arange(8).reshape(2, 4)).dtype == np.float32


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.BatchNormalization(renorm=True), "BatchNormalization: renorm is True"),
        (lambda: layers.BatchNormalization(axis=4)(np.zeros((2, 3))), "axis is 4; expected -2 to 1"),
        (lambda: layers.BatchNormalization()(np.zeros(3)), "expected at least 2 axes"),
        (lambda: layers.BatchNormalization().build((2, None)), "expected known extents"),
        (
            lambda: layers.BatchNormalization()(np.zeros((2, 3)), mask=np.ones((2, 3), bool)),
            "mask has shape",
        ),
        (lambda: layers.LayerNormalization(axis=[1, 5]).build((2, 3)), "LayerNormalization: axis is"),
        (lambda: layers.LayerNormalization(rms_scaling=True), "rms_scaling is True"),
        (lambda: layers.GroupNormalization(groups=0), "groups is 0"),
        (
            lambda: layers.GroupNormalization(groups=3).build((2, 4)),
            "expected a divisor of the 4 channels",
        ),
        (lambda: layers.GroupNormalization(axis=0).build((2, 4)), "axis is 0"),
        (lambda: layers.RMSNormalization(axis=2).build((2, 3)), "RMSNormalization: axis is"),
        (lambda: layers.UnitNormalization(axis=3)(np.zeros((2, 3))), "UnitNormalization: axis is 3"),
        (lambda: layers.SpectralNormalization(layers.Dense(2), 0), "power_iterations is 0"),
        (lambda: layers.SpectralNormalization(layers.ReLU()).build((2, 3)), "expected one with a kernel"),
    ],
)
def test_errors(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        make()
