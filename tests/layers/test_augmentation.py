"""Layers that change images at random: seeds, gradients, models, wrong arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate as keras

LAYERS: list[tuple[str, dict[str, Any]]] = [
    ("RandomFlip", {}),
    ("RandomRotation", {"factor": 0.2}),
    ("RandomZoom", {"height_factor": 0.3}),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": 0.3}),
    ("RandomContrast", {"factor": 0.3}),
    ("RandomBrightness", {"factor": 0.3}),
    ("RandomCrop", {"height": 3, "width": 4}),
]


def images() -> Any:
    return np.random.default_rng(0).random((3, 6, 8, 2)).astype(np.float32) * 200


@pytest.mark.parametrize(("kind", "arguments"), LAYERS)
def test_a_seed_says_what_is_drawn(kind: str, arguments: dict[str, Any]) -> None:
    one, other = (getattr(keras.layers, kind)(seed=5, **arguments) for _ in range(2))
    for _ in range(3):
        np.testing.assert_array_equal(one(images()), other(images()))


@pytest.mark.parametrize(("kind", "arguments"), LAYERS)
def test_gradients(kind: str, arguments: dict[str, Any]) -> None:
    """Each layer is linear between its bounds: the gradient of a weighted sum is the sum's difference."""
    x, step = images().astype(np.float64), np.random.default_rng(1).standard_normal(images().shape)
    results = []
    for moved in (x, x + 1e-3 * step):
        layer = getattr(keras.layers, kind)(seed=5, dtype="float64", **arguments)
        with keras.GradientTape() as tape:
            inputs = tape.watch(moved)
            y = layer(inputs)
            total = np.sum(y * np.cos(np.arange(y.size)).reshape(y.shape))
        results.append((float(total), tape.gradient(total, inputs)))
    (before, gradient), (after, _) = results
    np.testing.assert_allclose((after - before) / 1e-3, np.sum(gradient * step), rtol=1e-4, atol=1e-6)


def test_in_a_model() -> None:
    augmentation = keras.Sequential([getattr(keras.layers, kind)(**arguments) for kind, arguments in LAYERS])
    inputs = keras.Input((6, 8, 2))
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(augmentation(inputs))))
    model.compile("sgd", "mse")
    model.fit(images() / 255, np.zeros((3, 2)), epochs=2, verbose=0)
    middle = images()[:, 1:4, 2:6]
    np.testing.assert_array_equal(augmentation(images(), training=False), middle)
    assert not np.array_equal(augmentation(images(), training=True), middle)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("RandomFlip", {"mode": "both"}, "RandomFlip: mode is 'both'"),
        ("RandomFlip", {"seed": -1}, "RandomFlip: seed is -1"),
        ("RandomRotation", {"factor": 1.5}, "RandomRotation: factor is 1.5"),
        ("RandomRotation", {"factor": (0.1, 0.2, 0.3)}, "expected a number or two"),
        ("RandomRotation", {"factor": "0.1"}, "RandomRotation: factor is '0.1'"),
        ("RandomRotation", {"factor": 0.1, "fill_mode": "mirror"}, "RandomRotation: fill_mode is 'mirror'"),
        ("RandomRotation", {"factor": 0.1, "interpolation": "cubic"}, "interpolation is 'cubic'"),
        ("RandomZoom", {"height_factor": -1.0}, "RandomZoom: height_factor is -1.0"),
        (
            "RandomZoom",
            {"height_factor": 0.1, "width_factor": (0.0, float("nan"))},
            r"width_factor\[1\] is nan",
        ),
        ("RandomTranslation", {"height_factor": 0.1, "width_factor": 2}, "width_factor is 2"),
        ("RandomContrast", {"factor": -0.1}, "RandomContrast: factor is -0.1"),
        ("RandomContrast", {"factor": 0.1, "value_range": 255}, "value_range is 255"),
        ("RandomBrightness", {"factor": 0.1, "value_range": (0, 1, 2)}, "value_range is"),
        ("RandomCrop", {"height": 0, "width": 3}, "RandomCrop: height is 0"),
        ("CenterCrop", {"height": 2.5, "width": 3}, "CenterCrop: height is 2.5"),
    ],
)
def test_wrong_arguments(kind: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        getattr(keras.layers, kind)(**arguments)


@pytest.mark.parametrize(("kind", "arguments"), LAYERS)
def test_wrong_rank(kind: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="2 axes; expected 3 or 4"):
        getattr(keras.layers, kind)(**arguments)(np.ones((3, 4), np.float32))
