"""Layers that change images at random against Keras': of what either draws both make the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_oracle import both, keras, quiet, same_config, torch

import foldgate

IMAGES = (3, 7, 10, 2)
CASES: list[tuple[str, dict[str, Any]]] = [
    ("RandomFlip", {}),
    ("RandomFlip", {"mode": "horizontal", "seed": 4}),
    ("RandomFlip", {"mode": "vertical", "data_format": "channels_first"}),
    ("RandomRotation", {"factor": 0.2}),
    ("RandomRotation", {"factor": (-0.5, 0.1), "fill_mode": "wrap"}),
    ("RandomRotation", {"factor": 1.0, "fill_mode": "constant", "fill_value": 3.0}),
    ("RandomRotation", {"factor": 0.1, "fill_mode": "nearest", "interpolation": "nearest"}),
    ("RandomRotation", {"factor": 0.3, "data_format": "channels_first"}),
    ("RandomZoom", {"height_factor": 0.5}),
    ("RandomZoom", {"height_factor": (-0.9, 1.0), "width_factor": (0.2, 0.3), "fill_mode": "constant"}),
    ("RandomZoom", {"height_factor": (0.5, 1.0), "fill_mode": "wrap", "data_format": "channels_first"}),
    ("RandomTranslation", {"height_factor": 0.4, "width_factor": 0.9}),
    ("RandomTranslation", {"height_factor": (0.2, 0.6), "width_factor": 0.0, "fill_mode": "constant"}),
    ("RandomTranslation", {"height_factor": 1.0, "width_factor": 1.0, "interpolation": "nearest"}),
    ("RandomContrast", {"factor": 0.6}),
    ("RandomContrast", {"factor": (0.1, 0.9), "value_range": (0, 1)}),
    ("RandomContrast", {"factor": 0.5, "data_format": "channels_first"}),
    ("RandomBrightness", {"factor": 0.5}),
    ("RandomBrightness", {"factor": (-0.2, 0.9), "value_range": (-1, 1)}),
]


def images(dtype: str = "float32") -> Any:
    return (np.random.default_rng(0).random(IMAGES) * 255).astype(dtype)


def array(value: Any) -> Any:
    return value.numpy() if isinstance(value, torch.Tensor) else value


@pytest.mark.parametrize(("kind", "arguments"), CASES)
def test_what_is_done(kind: str, arguments: dict[str, Any]) -> None:
    """Each side does what the other drew; a rotation is drawn as an angle, and Keras reads its matrix."""
    ours, theirs = both(kind, **arguments)
    x = images()
    drawn = quiet(theirs.get_random_transformation, x)
    expected = quiet(theirs.transform_images, torch.from_numpy(x.copy()), dict(drawn)).numpy()
    found = ours.transform_images(x, {name: array(value) for name, value in drawn.items()})
    nearest = arguments.get("interpolation") == "nearest"  # a place between two pixels may go to either
    wrong = ~np.isclose(found, expected, rtol=1e-4, atol=0.02)
    assert found.dtype == expected.dtype and wrong.mean() <= (0.02 if nearest else 0), wrong.mean()
    alone = ours.transform_images(
        x[0], {name: array(value)[:1] for name, value in drawn.items() if name in KEYS}
    )
    np.testing.assert_array_equal(alone, found[0])


KEYS = {"flips", "angle", "height_zoom", "width_zoom", "translations", "contrast_factor", "rgb_delta"}


@pytest.mark.parametrize(("kind", "arguments"), CASES)
def test_what_is_drawn(kind: str, arguments: dict[str, Any]) -> None:
    """In the same range, of the same shape, and for each image anew."""
    ours, theirs = both(kind, **arguments)
    x = np.zeros((400, 4, 5, 1), np.float32)
    drawn, expected = ours.get_random_transformation(x), quiet(theirs.get_random_transformation, x)
    for name in drawn:
        a, b = np.asarray(drawn[name]), array(expected[name])
        assert a.shape == tuple(b.shape), name
        if a.dtype != bool:
            spread = b.max() - b.min() + 1e-6
            assert abs(a.min() - b.min()) < 0.1 * spread and abs(a.max() - b.max()) < 0.1 * spread
            assert b.max() - b.min() < 1e-6 or len(np.unique(a)) > 300
        else:
            assert 0.4 < a.mean() < 0.6


@pytest.mark.parametrize(("kind", "arguments"), CASES)
def test_calls(kind: str, arguments: dict[str, Any]) -> None:
    ours, theirs = both(kind, **arguments)
    x = images("uint8")
    same_config(*both(kind, **arguments))
    assert ours.compute_output_shape(IMAGES) == tuple(theirs.compute_output_shape(IMAGES)) == ours(x).shape
    np.testing.assert_array_equal(ours(x, training=False), x.astype(np.float32))
    assert ours(x).dtype == np.float32  # Keras' RandomBrightness of bytes wraps around at 255
    assert quiet(theirs, x.astype(np.float32)).numpy().dtype == np.float32
    assert ours(x[0]).shape == x[0].shape
    one, other = ours(x), ours(x)
    assert not np.array_equal(one, other) or kind == "RandomFlip"


@pytest.mark.parametrize("size", [(4, 6), (7, 10), (9, 12), (4, 12)])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_center_crop(size: tuple[int, int], data_format: str) -> None:
    ours, theirs = both("CenterCrop", *size, data_format=data_format)
    x = images() if data_format == "channels_last" else np.moveaxis(images(), -1, 1).copy()
    y = ours(x)
    np.testing.assert_allclose(y, quiet(theirs, x).numpy(), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(ours(x[0]), y[0], rtol=1e-5)
    assert y.shape == ours.compute_output_shape(x.shape) == tuple(theirs.compute_output_shape(x.shape))
    same_config(*both("CenterCrop", *size, data_format=data_format))


def test_random_crop() -> None:
    ours, _ = both("RandomCrop", 4, 6, seed=1)
    same_config(*both("RandomCrop", 4, 6, seed=1))
    x = images()
    windows = np.lib.stride_tricks.sliding_window_view(x, (4, 6), axis=(1, 2))  # (N, 4, 5, C, 4, 6)
    seen = set()
    for _ in range(300):
        y = np.moveaxis(ours(x), -1, 1)  # (N, C, 4, 6)
        places = [(i, j) for i in range(4) for j in range(5) if np.array_equal(windows[:, i, j], y)]
        assert len(places) == 1
        seen.add(places[0])
    assert len(seen) == 20
    np.testing.assert_array_equal(ours(x, training=False), x[:, 1:5, 2:8])
    assert both("RandomCrop", 9, 9)[0](x).shape == (3, 9, 9, 2)


def test_files_in_both_directions(tmp_path: Path) -> None:
    def model(k: Any) -> Any:
        stack = [
            k.layers.RandomFlip("horizontal"),
            k.layers.RandomRotation(0.1, fill_mode="nearest"),
            k.layers.RandomZoom(0.2, seed=3),
            k.layers.RandomTranslation(0.1, (0.0, 0.2)),
            k.layers.RandomContrast(0.2),
            k.layers.RandomBrightness(0.1, value_range=(0, 1)),
            k.layers.CenterCrop(6, 6),
            k.layers.Conv2D(3, 3),
        ]
        return k.Sequential([k.Input((9, 9, 3)), k.Sequential(stack[:4], name="augmentation"), *stack[4:]])

    ours, theirs = model(foldgate), quiet(model, keras)
    x = np.random.default_rng(0).random((2, 9, 9, 3)).astype(np.float32)
    for written, reader in ((ours, keras), (theirs, foldgate)):
        path = str(tmp_path / f"{reader.__name__}.keras")
        quiet(written.save, path)
        back = quiet(reader.saving.load_model, path)
        np.testing.assert_allclose(
            quiet(back.predict, x, verbose=0), quiet(written.predict, x, verbose=0), rtol=1e-4, atol=1e-5
        )
