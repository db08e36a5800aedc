"""The pooling layers: means that leave the border out, masks, and errors that name what is wrong.

What else they compute is held against Keras in tests/oracles/test_keras_pooling.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import layers, reference

SHAPES = {1: (2, 7, 3), 2: (2, 7, 6, 3), 3: (2, 5, 6, 4, 3)}
NAMES = [name for name in layers.__all__ if "Pooling" in name]


def made(name: str, **options: Any) -> Any:
    first = (2,) if "Adaptive" in name or name.startswith("Average") else ()
    return getattr(layers, name)(*first, **options)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_and_dtypes(name: str, dtype: Any, rng: np.random.Generator) -> None:
    layer, shape = made(name, dtype=np.dtype(dtype).name), SHAPES[int(name[-2])]
    x = rng.permutation(int(np.prod(shape))).reshape(shape).astype(dtype)
    y = layer(x)
    assert type(y) is np.ndarray and y.dtype == dtype and y.shape == layer.compute_output_shape(shape)
    assert layer(x.astype(np.int32)).dtype == dtype
    if dtype == np.float64:
        assert foldgate.check_gradients(layer, x / 50) < 1e-6


@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_means_leave_the_border_out(rank: int, strides: int, rng: np.random.Generator) -> None:
    """Also where the border is of odd size, for which Keras' torch backend takes other values."""
    x = rng.standard_normal(SHAPES[rank])
    layer = getattr(layers, f"AveragePooling{rank}D")((2, 3, 2)[:rank], strides, "same", dtype="float64")
    expected = reference.average_pool(x, layer.pool_size, layer.strides, "same")
    np.testing.assert_allclose(layer(x), expected, rtol=1e-13)
    assert (getattr(layers, f"AveragePooling{rank}D")(3, padding="same")(np.ones(x.shape)) == 1).all()


def test_masked_mean() -> None:
    layer = layers.GlobalAveragePooling1D()
    x = np.array([[[1.0], [3.0], [np.nan]], [[4.0], [6.0], [8.0]]], np.float32)
    mask = np.array([[True, True, False], [False, True, True]])
    assert layer(x, mask=mask).tolist() == [[2.0], [7.0]]
    with foldgate.GradientTape() as tape:
        watched = tape.watch(x)
        loss = np.sum(layer(watched, mask=mask))
    assert tape.gradient(loss, watched)[..., 0].tolist() == [[0.5, 0.5, 0], [0, 0.5, 0.5]]
    nothing = layer(x, mask=np.zeros((2, 3), bool))
    assert np.isnan(nothing).all()
    with pytest.raises(ValueError, match=r"mask has shape \(2, 4\); expected \(2, 3\)"):
        layer(x, mask=np.ones((2, 4), bool))


@pytest.mark.parametrize("keepdims", [False, True])
def test_masked_mean_of_channels_first(keepdims: bool, rng: np.random.Generator) -> None:
    x, mask = rng.standard_normal((2, 3, 5)), np.arange(10).reshape(2, 5) % 3 > 0
    first = layers.GlobalAveragePooling1D("channels_first", keepdims, dtype="float64")
    last = layers.GlobalAveragePooling1D("channels_last", keepdims, dtype="float64")
    found, expected = first(x, mask=mask), last(np.moveaxis(x, 1, 2), mask=mask)
    np.testing.assert_allclose(found, np.moveaxis(expected, 1, 2) if keepdims else expected, rtol=1e-13)


def test_other_names() -> None:
    assert layers.MaxPool2D is layers.MaxPooling2D and layers.AvgPool1D is layers.AveragePooling1D
    assert layers.GlobalAvgPool2D is layers.GlobalAveragePooling2D


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            lambda: layers.MaxPooling2D((2, 0), name="p"),
            r"p: pool_size is \(2, 0\); expected an int or 2 ints",
        ),
        (lambda: layers.MaxPooling1D(2, "a", name="p"), "p: strides is 'a'; expected an int of at least 1"),
        (lambda: layers.MaxPooling1D(2, padding="full", name="p"), "p: padding is 'full'; expected one of"),
        (lambda: layers.MaxPooling1D(2, data_format="last"), "data_format is 'last'; expected"),
        (
            lambda: layers.MaxPooling1D(2, name="p")(np.ones((2, 4))),
            "p: inputs has shape .*; expected 3 axes",
        ),
        (
            lambda: layers.MaxPooling2D(4, name="p").compute_output_shape((None, 8, 3, 1)),
            "p: inputs have 3 positions along spatial axis 1; expected at least 4",
        ),
        (
            lambda: layers.AdaptiveMaxPooling2D((1, 2, 3), name="p"),
            r"p: output_size is \(1, 2, 3\); expected an int or 2 ints of at least 1",
        ),
    ],
)
def test_wrong_use(wrong: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()
