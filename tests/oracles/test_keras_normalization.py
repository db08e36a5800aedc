"""Normalization layers against Keras'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import (
    assert_same,
    both,
    keras,
    outputs_and_gradients,
    quiet,
    same_config,
    share_weights,
)

import foldgate

IMAGES, STEPS = (3, 4, 5, 6), (3, 7, 8)

CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("BatchNormalization", {}, IMAGES),
    ("BatchNormalization", {"axis": 1, "momentum": 0.8, "epsilon": 0.1}, IMAGES),
    ("BatchNormalization", {"scale": False}, STEPS),
    ("BatchNormalization", {"center": False}, (16, 5)),
    ("BatchNormalization", {"axis": 2}, IMAGES),
    ("LayerNormalization", {}, STEPS),
    ("LayerNormalization", {"axis": [1, 2], "epsilon": 0.1}, STEPS),
    ("LayerNormalization", {"axis": [-1, -2], "center": False}, IMAGES),
    ("LayerNormalization", {"axis": [1, -1]}, IMAGES),
    ("LayerNormalization", {"scale": False}, (4, 5)),
    ("GroupNormalization", {"groups": 3}, IMAGES),
    ("GroupNormalization", {"groups": -1}, IMAGES),
    ("GroupNormalization", {"groups": 2, "axis": 1}, IMAGES),
    ("GroupNormalization", {"groups": 5, "axis": 2, "scale": False}, IMAGES),
    ("GroupNormalization", {"groups": 4, "center": False}, (6, 8)),
    ("RMSNormalization", {}, STEPS),
    ("RMSNormalization", {"axis": [1, 2]}, STEPS),
    ("UnitNormalization", {}, STEPS),
    ("UnitNormalization", {"axis": [1, 2]}, IMAGES),
    ("UnitNormalization", {"axis": 1}, IMAGES),
]


def _inputs(shape: tuple[int, ...], dtype: str = "float32") -> Any:
    return (np.random.default_rng(0).standard_normal(shape) * 2 + 1).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kind", "arguments", "shape"), CASES)
def test_outputs_gradients_and_shapes(
    kind: str, arguments: dict[str, Any], shape: tuple[int, ...], dtype: str
) -> None:
    ours, theirs = both(kind, **arguments, dtype=dtype, build=shape)
    assert_same(ours, theirs, _inputs(shape, dtype), 400.0)
    unknown = (None, *shape[1:])
    assert ours.compute_output_shape(unknown) == tuple(theirs.compute_output_shape(unknown))


@pytest.mark.parametrize(("kind", "arguments", "shape"), CASES)
def test_configurations(kind: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    same_config(*both(kind, **arguments))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("arguments", "shape"), [(a, s) for kind, a, s in CASES if kind == "BatchNormalization"]
)
def test_batch_normalization_trains_alike(
    arguments: dict[str, Any], shape: tuple[int, ...], dtype: str
) -> None:
    """Outputs and gradients of the batch's statistics, and the moving ones after several steps."""
    ours, theirs = both("BatchNormalization", **arguments, dtype=dtype, build=shape)
    for step in range(3):
        assert_same(ours, theirs, _inputs(shape, dtype) * (step + 1), 1000.0, training=True)
    for a, b in zip(ours.get_weights(), quiet(theirs.get_weights), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    assert_same(ours, theirs, _inputs(shape, dtype), 400.0)


@pytest.mark.parametrize(("axis", "shape"), [(-1, (3, 7, 8)), (-1, (2, 4, 5, 6))])
def test_batch_normalization_with_a_mask(axis: int, shape: tuple[int, ...]) -> None:
    ours, theirs = both("BatchNormalization", axis=axis, build=shape)
    mask = np.random.default_rng(1).random(shape[:-1]) < 0.6
    x = _inputs(shape)
    assert_same(ours, theirs, x, 1000.0, training=True, mask=mask)
    for a, b in zip(ours.get_weights(), quiet(theirs.get_weights), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_frozen_batch_normalization_is_inference() -> None:
    ours, theirs = both("BatchNormalization", build=STEPS)
    ours.trainable = theirs.trainable = False
    before = ours.get_weights()
    x = _inputs(STEPS)
    found, expected = (
        outputs_and_gradients(ours, x, training=True),
        outputs_and_gradients(theirs, x, training=True),
    )
    np.testing.assert_allclose(found[0][0], expected[0][0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found[1][0], expected[1][0], rtol=1e-5, atol=1e-5)
    for a, b in zip(before, ours.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("power_iterations", [1, 3])
def test_spectral_normalization(power_iterations: int) -> None:
    x = _inputs((4, 6))
    ours = foldgate.layers.SpectralNormalization(foldgate.layers.Dense(5), power_iterations)
    theirs = keras.layers.SpectralNormalization(keras.layers.Dense(5), power_iterations)
    ours.build(x.shape)
    quiet(theirs.build, x.shape)
    share_weights(ours, theirs)
    for _ in range(2):
        assert_same(ours, theirs, x, 400.0, training=True)
    for a, b in zip(ours.get_weights(), quiet(theirs.get_weights), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert ours.compute_output_shape((None, 6)) == tuple(theirs.compute_output_shape((None, 6)))
    same_config(ours, theirs)
