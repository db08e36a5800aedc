"""Dropout and noise by their statistics, their seeds and their independence of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import layers
from support import using_threads

RANDOM: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Dropout", {"rate": 0.3}, (200, 500)),
    ("Dropout", {"rate": 0.3, "noise_shape": (None, 1, None)}, (100, 5, 200)),
    ("SpatialDropout1D", {"rate": 0.3}, (100, 5, 200)),
    ("SpatialDropout2D", {"rate": 0.3}, (100, 3, 4, 200)),
    ("SpatialDropout2D", {"rate": 0.3, "data_format": "channels_first"}, (100, 200, 3, 4)),
    ("SpatialDropout3D", {"rate": 0.3}, (100, 3, 2, 2, 200)),
    ("SpatialDropout3D", {"rate": 0.3, "data_format": "channels_first"}, (100, 200, 3, 2, 2)),
    ("GaussianNoise", {"stddev": 0.3}, (200, 500)),
    ("GaussianDropout", {"rate": 0.3}, (200, 500)),
    ("AlphaDropout", {"rate": 0.3}, (200, 500)),
    ("AlphaDropout", {"rate": 0.3, "noise_shape": [None, 1, None]}, (100, 5, 200)),
]


def _layer(kind: str, arguments: dict[str, Any], seed: int = 1) -> Any:
    return getattr(layers, kind)(**arguments, seed=seed)


@pytest.mark.parametrize(("kind", "arguments", "shape"), RANDOM)
def test_seeds_threads_and_inference(kind: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    layer = _layer(kind, arguments)
    first, second = layer(x, training=True), layer(x, training=True)
    assert np.any(first != second)  # another at each call
    for threads in (1, 2, 3):
        with using_threads(threads):
            again = _layer(kind, arguments)
            np.testing.assert_array_equal(again(x, training=True), first)
            np.testing.assert_array_equal(again(x, training=True), second)
    assert np.any(_layer(kind, arguments, 2)(x, training=True) != first)
    np.testing.assert_array_equal(layer(x), x)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *shape[1:])
    assert first.dtype == np.float32


@pytest.mark.parametrize(("kind", "arguments", "shape"), RANDOM)
def test_gradients_have_the_same_noise(kind: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    """All these are linear in x: y - y(0) = dx x."""
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    constant = _layer(kind, arguments)(np.zeros_like(x), training=True)
    layer = _layer(kind, arguments)
    with foldgate.GradientTape() as tape:
        watched = tape.watch(x)
        y = layer(watched, training=True)
        total = np.sum(y)
    np.testing.assert_allclose(y.numpy() - constant, tape.gradient(total, watched) * x, atol=1e-5)


@pytest.mark.parametrize(("kind", "arguments", "shape"), RANDOM)
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_statistics(kind: str, arguments: dict[str, Any], shape: tuple[int, ...], rate: float) -> None:
    """Five standard deviations of a mean over as many independent draws as the noise has."""
    name = "stddev" if kind == "GaussianNoise" else "rate"
    layer = _layer(kind, {**arguments, name: rate})
    y = layer(np.ones(shape), training=True).astype(np.float64)
    draws = 20_000 if y.size > 100_000 else y.size
    spread = rate if kind == "GaussianNoise" else np.sqrt(rate / (1 - rate))
    if kind == "AlphaDropout":
        spread = y.std()
        expected = float(_alpha(1.0, rate) * (1 - rate) + _alpha(_SATURATION, rate) * rate)
    else:
        expected = 1.0
    assert abs(y.mean() - expected) < 5 * spread / np.sqrt(draws)
    if "Dropout" in kind and kind not in ("GaussianDropout", "AlphaDropout"):
        assert set(np.unique(y.astype(np.float32))) == {np.float32(0), np.float32(1) / np.float32(1 - rate)}
        assert abs((y == 0).mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / draws)


_SATURATION = -1.0507009873554805 * 1.6732632423543772


def _alpha(x: float, rate: float) -> float:
    a = ((1 - rate) * (1 + rate * _SATURATION**2)) ** -0.5
    return a * x - a * rate * _SATURATION


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).standard_normal(400_000)
    y = layers.AlphaDropout(0.4, seed=3, dtype="float64")(x, training=True)
    assert abs(y.mean()) < 0.02 and abs(y.std() - 1) < 0.02


def test_spatial_dropout_drops_whole_maps() -> None:
    y = layers.SpatialDropout2D(0.5, seed=1)(np.ones((4, 5, 6, 7), np.float32), training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    y = layers.SpatialDropout1D(0.5, seed=1)(np.ones((4, 5, 7), np.float32), training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))


def test_rates_of_0_and_1() -> None:
    x = np.ones((3, 4), np.float32)
    assert layers.Dropout(0.0)(x, training=True) is x
    assert not layers.Dropout(1.0)(x, training=True).any()
    assert layers.GaussianNoise(0)(x, training=True) is x


def test_activity_regularization_adds_its_loss() -> None:
    layer = layers.ActivityRegularization(l1=0.1, l2=0.01)
    x = np.array([[1.0, -2.0], [3.0, 4.0]], np.float32)
    np.testing.assert_array_equal(layer(x), x)
    (loss,) = layer.losses
    assert abs(float(loss) - (0.1 * 10 + 0.01 * 30) / 2) < 1e-6


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Dropout(1.5), "Dropout: rate is 1.5"),
        (lambda: layers.Dropout("a"), "Dropout: rate is 'a'; expected a number"),
        (lambda: layers.Dropout(0.5, noise_shape="ab"), "noise_shape is 'ab'"),
        (lambda: layers.Dropout(0.5, noise_shape=(0, 1)), "noise_shape is"),
        (lambda: layers.Dropout(0.5, (2, 2))(np.ones((2, 3)), training=True), "inputs' extent on each axis"),
        (lambda: layers.Dropout(0.5, seed=-1), "seed is -1"),
        (lambda: layers.SpatialDropout2D(0.5)(np.ones((2, 3))), "expected 4 axes"),
        (lambda: layers.GaussianNoise(2.0), "GaussianNoise: stddev is 2.0"),
        (lambda: layers.GaussianDropout(1.0), "GaussianDropout: rate is 1.0"),
        (lambda: layers.AlphaDropout(1.0), "AlphaDropout: rate is 1.0"),
    ],
)
def test_errors(make: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        make()
