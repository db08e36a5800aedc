"""The layers that put values elsewhere: what they keep of dtypes, their gradients, and their errors.

Their results are held against Keras in tests/oracles/test_keras_reshaping.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import layers

MADE: list[tuple[Any, tuple[int, ...]]] = [
    (lambda **k: layers.Flatten(**k), (2, 3, 4)),
    (lambda **k: layers.Flatten("channels_first", **k), (2, 3, 4, 2)),
    (lambda **k: layers.Reshape((4, -1), **k), (2, 3, 8)),
    (lambda **k: layers.Permute((2, 1), **k), (2, 3, 4)),
    (lambda **k: layers.RepeatVector(3, **k), (2, 5)),
    (lambda **k: layers.ZeroPadding1D((1, 2), **k), (2, 3, 2)),
    (lambda **k: layers.ZeroPadding2D(((1, 0), (2, 1)), **k), (2, 3, 2, 2)),
    (lambda **k: layers.ZeroPadding3D(1, "channels_first", **k), (1, 2, 2, 3, 2)),
    (lambda **k: layers.Cropping1D((1, 2), **k), (2, 5, 2)),
    (lambda **k: layers.Cropping2D(((1, 0), (2, 1)), **k), (2, 3, 5, 2)),
    (lambda **k: layers.Cropping3D(1, "channels_first", **k), (1, 2, 4, 3, 5)),
    (lambda **k: layers.UpSampling1D(3, **k), (2, 3, 2)),
    (lambda **k: layers.UpSampling2D((2, 3), "channels_first", **k), (2, 3, 2, 2)),
    (lambda **k: layers.UpSampling2D((2, 3), interpolation="bilinear", **k), (2, 3, 2, 2)),
    (lambda **k: layers.UpSampling2D((2, 3), interpolation="bicubic", **k), (2, 3, 2, 2)),
    (lambda **k: layers.UpSampling2D(2, interpolation="lanczos3", **k), (2, 3, 2, 2)),
    (lambda **k: layers.UpSampling3D((2, 3, 1), **k), (1, 2, 2, 3, 2)),
]


@pytest.mark.parametrize(("make", "shape"), MADE)
def test_gradients_and_dtypes(make: Any, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    layer = make(dtype="float64")
    x = rng.standard_normal(shape)
    before = x.copy()
    assert foldgate.check_gradients(layer, x) < 1e-7
    y = layer(x)
    assert type(y) is np.ndarray and y.dtype == np.float64
    assert y.shape == layer.compute_output_shape(shape) and np.array_equal(x, before)
    assert make()(x).dtype == np.float32
    assert make()(np.zeros((0, *shape[1:]), np.float32)).shape == (0, *y.shape[1:])


@pytest.mark.parametrize(("make", "shape"), MADE[:11])
def test_integers_stay_integers(make: Any, shape: tuple[int, ...]) -> None:
    assert make()(np.ones(shape, np.int64)).dtype == np.int64


@pytest.mark.parametrize("channels", [1, 3, 40])
@pytest.mark.parametrize("factor", [1, 2])
def test_repetition_is_a_copy_of_its_own(channels: int, factor: int) -> None:
    x = np.arange(2.0 * 3 * channels, dtype=np.float32).reshape(2, 3, channels)
    y = layers.UpSampling1D(factor)(x)
    assert np.array_equal(y, np.repeat(x, factor, axis=1)) and y.flags.writeable
    images = x.reshape(1, 2, 3, channels)
    for data_format in ("channels_last", "channels_first"):
        y = layers.UpSampling2D(factor, data_format)(images)
        first = 1 if data_format == "channels_last" else 2
        assert np.array_equal(y, images.repeat(factor, first).repeat(factor, first + 1)) and y.flags.writeable


@pytest.mark.parametrize("size", [1, 2, 3])
def test_bilinear_keeps_planes_and_sums(size: int, rng: np.random.Generator) -> None:
    """Between the centres of its positions an even slope stays one; a constant stays everywhere."""
    layer = layers.UpSampling2D(size, interpolation="bilinear", dtype="float64")
    slope = (np.arange(6.0)[:, None] * 2 + np.arange(5.0)).reshape(1, 6, 5, 1)
    y = layer(slope)[0, size:-size, size:-size, 0]
    np.testing.assert_allclose(np.diff(y, axis=0), 2 / size, rtol=1e-12)
    np.testing.assert_allclose(np.diff(y, axis=1), 1 / size, rtol=1e-12)
    np.testing.assert_allclose(layer(np.full((1, 3, 4, 2), 7.0)), 7, rtol=1e-14)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: layers.Reshape((-1, -1), name="r"), r"r: target_shape is \(-1, -1\); expected ints"),
        (lambda: layers.Reshape((2.0,), name="r"), r"r: target_shape is \(2.0,\); expected ints"),
        (
            lambda: layers.Reshape((5, -1), name="r")(np.ones((2, 3, 4))),
            r"r: inputs have 12 values a sample, of shape \(3, 4\); expected as many as target_shape",
        ),
        (lambda: layers.Permute((0, 1), name="r"), r"r: dims is \(0, 1\); expected an order of 1, 2"),
        (lambda: layers.Permute((2, 1), name="r")(np.ones((2, 3))), "r: inputs has shape .* expected 3 axes"),
        (lambda: layers.RepeatVector(0, name="r"), "r: n is 0; expected an int of at least 1"),
        (
            lambda: layers.ZeroPadding1D(-1, name="r"),
            "r: padding is -1; expected an int or 2 ints of at least 0",
        ),
        (
            lambda: layers.ZeroPadding2D((1, 2, 3), name="r"),
            r"r: padding is \(1, 2, 3\); expected an int or one",
        ),
        (lambda: layers.ZeroPadding2D((1, (2, -3)), name="r"), r"r: padding\[1\] is \(2, -3\); expected"),
        (
            lambda: layers.Cropping2D(2, name="r")(np.ones((1, 5, 4, 1))),
            r"r: inputs have shape \(1, 5, 4, 1\); expected more than the 4 positions that .* axis 2",
        ),
        (lambda: layers.UpSampling1D(0, name="r"), "r: size is 0; expected an int of at least 1"),
        (
            lambda: layers.UpSampling2D(interpolation="cubic", name="r"),
            "r: interpolation is 'cubic'; expected",
        ),
    ],
)
def test_wrong_use(wrong: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()


def test_n_of_another_kind() -> None:
    with pytest.raises(TypeError, match=r"r: n is 1.5; expected an int of at least 1"):
        layers.RepeatVector(1.5, name="r")


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_up_sampling_interpolates_as_resizing_does(interpolation: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 5, 4, 3)).astype(np.float32)
    larger = layers.UpSampling2D((2, 3), interpolation=interpolation)(x)
    resized = layers.Resizing(10, 12, interpolation=interpolation)(x)
    np.testing.assert_allclose(larger, resized, rtol=1e-5, atol=1e-6)
