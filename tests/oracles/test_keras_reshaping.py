"""The layers that reshape, pad, crop and enlarge against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, both, keras, quiet, same_config

import foldgate

LAST, FIRST = "channels_last", "channels_first"
# name, arguments, shape of the input
CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Flatten", {}, (2, 3, 4, 5)),
    ("Flatten", {"data_format": FIRST}, (2, 3, 4, 5)),
    ("Flatten", {}, (4,)),
    ("Flatten", {"data_format": FIRST}, (3, 4)),
    ("Reshape", {"target_shape": (6, 4)}, (2, 3, 8)),
    ("Reshape", {"target_shape": [2, -1, 3]}, (2, 4, 6)),
    ("Reshape", {"target_shape": (-1,)}, (3, 4, 2)),
    ("Permute", {"dims": (2, 3, 1)}, (2, 3, 4, 5)),
    ("Permute", {"dims": [1]}, (2, 3)),
    ("RepeatVector", {"n": 3}, (2, 5)),
    ("ZeroPadding1D", {}, (2, 5, 3)),
    ("ZeroPadding1D", {"padding": (2, 0), "data_format": FIRST}, (2, 3, 5)),
    ("ZeroPadding2D", {}, (2, 5, 4, 3)),
    ("ZeroPadding2D", {"padding": (1, 2), "data_format": FIRST}, (2, 3, 5, 4)),
    ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, (2, 5, 4, 3)),
    ("ZeroPadding3D", {}, (2, 3, 2, 4, 3)),
    ("ZeroPadding3D", {"padding": (1, 0, 2), "data_format": FIRST}, (2, 3, 2, 3, 4)),
    ("ZeroPadding3D", {"padding": ((1, 0), (0, 2), (1, 1))}, (2, 3, 2, 4, 3)),
    ("Cropping1D", {}, (2, 5, 3)),
    ("Cropping1D", {"cropping": (2, 0)}, (2, 5, 3)),
    ("Cropping2D", {}, (2, 5, 4, 3)),
    ("Cropping2D", {"cropping": (1, 1), "data_format": FIRST}, (2, 3, 5, 4)),
    ("Cropping2D", {"cropping": ((1, 0), (2, 1))}, (2, 5, 4, 3)),
    ("Cropping3D", {}, (2, 4, 3, 5, 3)),
    ("Cropping3D", {"cropping": (1, 0, 2), "data_format": FIRST}, (2, 3, 4, 3, 5)),
    ("Cropping3D", {"cropping": ((1, 0), (0, 2), (1, 1))}, (2, 4, 3, 5, 3)),
    ("UpSampling1D", {}, (2, 5, 3)),
    ("UpSampling1D", {"size": 3}, (2, 5, 3)),
    ("UpSampling2D", {}, (2, 5, 4, 3)),
    ("UpSampling2D", {"size": (3, 2), "data_format": FIRST}, (2, 3, 5, 4)),
    ("UpSampling2D", {"interpolation": "bilinear"}, (2, 5, 4, 3)),
    ("UpSampling2D", {"size": (3, 4), "interpolation": "bilinear"}, (2, 1, 6, 3)),
    ("UpSampling2D", {"size": (3, 1), "interpolation": "bilinear", "data_format": FIRST}, (2, 3, 5, 4)),
    ("UpSampling3D", {}, (2, 3, 2, 4, 3)),
    ("UpSampling3D", {"size": (1, 3, 2), "data_format": FIRST}, (2, 3, 2, 3, 4)),
]
NAMES = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]


@pytest.mark.parametrize(("name", "options", "shape"), CASES, ids=NAMES)
def test_outputs_gradients_and_shapes(
    name: str, options: dict[str, Any], shape: tuple[int, ...], dtype: Any, rng: np.random.Generator
) -> None:
    ours, theirs = both(name, **options, dtype=np.dtype(dtype).name)
    assert_same(ours, theirs, rng.standard_normal(shape).astype(dtype))
    for known in (shape, (None, *shape[1:])):
        assert ours.compute_output_shape(known) == tuple(theirs.compute_output_shape(known))
    unknown = tuple(None if i else n for i, n in enumerate(shape))
    assert ours.compute_output_shape(unknown) == tuple(theirs.compute_output_shape(unknown))


@pytest.mark.parametrize(("name", "options", "shape"), CASES, ids=NAMES)
def test_config(name: str, options: dict[str, Any], shape: tuple[int, ...]) -> None:
    same_config(*both(name, **options))


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("Reshape", {"target_shape": (5, 5)}, (2, 3, 8)),
        ("Reshape", {"target_shape": (-1, 5)}, (2, 3, 8)),
        ("Reshape", {"target_shape": (-1, -1)}, (2, 3, 8)),
        ("Reshape", {"target_shape": (-2, 3)}, (2, 3, 8)),
        ("Permute", {"dims": (0, 1)}, (2, 3, 8)),
        ("Permute", {"dims": (1, 1)}, (2, 3, 8)),
        ("RepeatVector", {"n": 0}, (2, 3)),
        ("RepeatVector", {"n": 1.5}, (2, 3)),
        ("ZeroPadding1D", {"padding": -1}, (2, 5, 3)),
        ("ZeroPadding2D", {"padding": (1, 2, 3)}, (2, 5, 4, 3)),
        ("ZeroPadding3D", {"padding": "same"}, (2, 5, 4, 3, 3)),
        ("Cropping1D", {"cropping": (3, 2)}, (2, 5, 3)),
        ("Cropping2D", {"cropping": 2}, (2, 5, 4, 3)),
        ("Cropping3D", {"cropping": (1, 1)}, (2, 5, 4, 3, 3)),
        ("UpSampling1D", {"size": 0}, (2, 5, 3)),
        ("UpSampling2D", {"size": (1, 2, 3)}, (2, 5, 4, 3)),
        ("UpSampling2D", {"interpolation": "square"}, (2, 5, 4, 3)),
    ],
)
def test_both_refuse(name: str, options: dict[str, Any], shape: tuple[int, ...]) -> None:
    for layers in (foldgate.layers, keras.layers):
        with pytest.raises((ValueError, TypeError)):
            layer = quiet(getattr(layers, name), **options)
            layer.compute_output_shape(shape)
            quiet(layer, np.ones(shape, np.float32))
