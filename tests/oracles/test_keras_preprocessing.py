"""Layers that prepare data against Keras'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, both, quiet, same_config

IMAGES = (2, 7, 9, 3)

RESIZINGS: list[dict[str, Any]] = [
    {"height": 4, "width": 5},
    {"height": 12, "width": 13, "interpolation": "bilinear"},
    {"height": 3, "width": 4, "antialias": True},
    {"height": 12, "width": 5, "interpolation": "nearest"},
    {"height": 4, "width": 4, "crop_to_aspect_ratio": True},
    {"height": 4, "width": 9, "pad_to_aspect_ratio": True, "fill_value": 2.0},
    {"height": 6, "width": 7, "data_format": "channels_first"},
]


@pytest.mark.parametrize("arguments", RESIZINGS)
def test_resizing(arguments: dict[str, Any]) -> None:
    ours, theirs = both("Resizing", **arguments)
    x = np.random.default_rng(0).standard_normal(IMAGES).astype(np.float32)
    y, expected = ours(x), quiet(theirs, x).numpy()
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
    assert ours.compute_output_shape(IMAGES) == tuple(theirs.compute_output_shape(IMAGES)) == y.shape
    np.testing.assert_allclose(ours(x[0]), y[0], rtol=1e-5, atol=1e-6)
    same_config(*both("Resizing", **arguments))


@pytest.mark.parametrize("arguments", [{"scale": 0.5}, {"scale": 0.25, "offset": -1.0}])
def test_rescaling(arguments: dict[str, Any]) -> None:
    ours, theirs = both("Rescaling", **arguments)
    assert_same(ours, theirs, np.random.default_rng(0).standard_normal(IMAGES).astype(np.float32))
    same_config(*both("Rescaling", **arguments))


@pytest.mark.parametrize("axis", [-1, 1, (1, 3), None])
@pytest.mark.parametrize("invert", [False, True])
def test_normalization(axis: Any, invert: bool) -> None:
    ours, theirs = both("Normalization", axis=axis, invert=invert)
    x = (np.random.default_rng(0).standard_normal(IMAGES) * 2 + 3).astype(np.float32)
    ours.adapt(x)
    quiet(theirs.adapt, x)
    assert [(w.name, tuple(w.shape)) for w in ours.weights] == [
        (w.name, tuple(w.shape)) for w in theirs.weights
    ]
    np.testing.assert_allclose(ours(x), quiet(theirs, x).numpy(), rtol=1e-4, atol=1e-4)
    same_config(*both("Normalization", axis=axis, invert=invert), leave_out=["mean", "variance"])
    same_config(*both("Normalization", axis=-1, mean=[1.0, 2.0], variance=[1.0, 4.0]))


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_category_encoding(mode: str) -> None:
    ours, theirs = both("CategoryEncoding", num_tokens=5, output_mode=mode)
    ids = np.random.default_rng(0).integers(0, 5, (4, 3)).astype(np.int32)
    np.testing.assert_array_equal(ours(ids), quiet(theirs, ids).numpy())
    same_config(*both("CategoryEncoding", num_tokens=5, output_mode=mode))
