"""The layers of convolution: no gradient that nobody reads, and errors that name what is wrong.

What they compute is held against Keras in tests/oracles/test_keras_convolution.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import _native, layers, ops, reference

MADE: list[tuple[str, tuple[Any, ...], tuple[int, ...]]] = [
    ("Conv1D", (4, 3), (2, 9, 3)),
    ("Conv2D", (4, 3), (2, 7, 8, 3)),
    ("Conv3D", (4, 2), (2, 4, 5, 3, 3)),
    ("Conv1DTranspose", (4, 3, 2), (2, 5, 3)),
    ("Conv2DTranspose", (4, 3, 2), (2, 5, 4, 3)),
    ("Conv3DTranspose", (4, 2, 2), (2, 3, 2, 3, 3)),
    ("DepthwiseConv1D", (3,), (2, 9, 3)),
    ("DepthwiseConv2D", (3,), (2, 7, 8, 3)),
    ("SeparableConv1D", (4, 3), (2, 9, 3)),
    ("SeparableConv2D", (4, 3), (2, 7, 8, 3)),
]


@pytest.mark.parametrize("activation", ["relu", "selu"])
@pytest.mark.parametrize(("name", "arguments", "shape"), MADE)
def test_gradients(name: str, arguments: Any, shape: Any, activation: str, rng: np.random.Generator) -> None:
    """Against central differences in float64."""
    layer = getattr(layers, name)(*arguments, activation=activation, dtype="float64")
    layer.build(shape)
    layer.set_weights([rng.uniform(-0.5, 0.5, w.shape) for w in layer.weights])
    assert foldgate.check_gradients(layer, rng.standard_normal(shape)) < 1e-6


@pytest.mark.parametrize(("name", "arguments", "shape"), MADE)
def test_arrays_outside_a_tape(name: str, arguments: Any, shape: Any, dtype: Any) -> None:
    layer = getattr(layers, name)(*arguments, activation="relu", dtype=np.dtype(dtype).name)
    x = np.linspace(-1, 1, int(np.prod(shape))).reshape(shape).astype(dtype)
    y = layer(x)
    assert type(y) is np.ndarray and y.dtype == dtype and y.shape == layer.compute_output_shape(shape)
    with foldgate.GradientTape():
        assert np.array_equal(layer(x).numpy(), y)
    assert layer(np.zeros((0, *shape[1:]), dtype)).shape == (0, *y.shape[1:])
    assert layer(np.ones(shape, np.uint8)).dtype == dtype


def test_the_first_layer_computes_no_gradient_of_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def spy(*arguments: Any, **more: Any) -> Any:
        asked.append(arguments[9])  # need_dx, after the shapes and the options
        return plan(*arguments, **more)

    plan = _native.ConvBackwardPlan
    monkeypatch.setattr(_native, "ConvBackwardPlan", spy)
    first, second = layers.Conv2D(4, 3, activation="relu"), layers.Conv2D(2, 3)
    with foldgate.GradientTape() as tape:
        loss = np.sum(second(first(np.ones((1, 8, 31, 1), np.float32))))  # no known call, which plans nothing
    gradients = tape.gradient(loss, first.trainable_weights + second.trainable_weights)
    assert asked == [True, False] and all(g is not None for g in gradients)


def test_same_as_the_reference(rng: np.random.Generator) -> None:
    """Whole numbers, exactly."""
    layer = layers.Conv2D(
        5, (3, 2), strides=2, padding="same", activation="relu", data_format="channels_first"
    )
    x = rng.integers(-4, 5, (2, 3, 7, 6)).astype(np.float32)
    layer.build(x.shape)
    kernel = rng.integers(-4, 5, (3, 2, 3, 5)).astype(np.float32)
    bias = rng.integers(-4, 5, 5).astype(np.float32)
    layer.set_weights([kernel, bias])
    options = {"strides": 2, "padding": "same", "data_format": "channels_first", "activation": "relu"}
    assert np.array_equal(layer(x), reference.conv(x, kernel, bias, **options))
    with foldgate.GradientTape() as tape:
        watched = tape.watch(x)
        y = layer(watched)
        loss = np.sum(y)
    found = tape.gradient(loss, [watched, *layer.weights])
    expected = ops.conv_backward(np.ones_like(layer(x)), x, kernel, y=layer(x), **options)
    for a, b in zip(found, expected, strict=True):
        assert np.array_equal(a, b)


def test_regularizers_and_constraints_of_every_weight() -> None:
    layer = layers.SeparableConv2D(
        4, 3, depthwise_regularizer="l2", pointwise_regularizer="l1", bias_regularizer="l2",
        pointwise_constraint="non_neg",
    )  # fmt: skip
    layer.build((None, 8, 8, 3))
    kinds = [type(weight.regularizer).__name__ for weight in layer.weights]
    assert kinds == ["L2", "L1", "L2"] and len(layer.losses) == 3
    assert [type(w.constraint).__name__ for w in layer.weights] == ["NoneType", "NonNeg", "NoneType"]
    assert [weight.name for weight in layer.weights] == ["depthwise_kernel", "pointwise_kernel", "bias"]


def test_attributes() -> None:
    layer = layers.Conv2D(8, 3, strides=(1, 2), data_format="channels_first", activation="relu")
    assert (layer.rank, layer.filters, layer.kernel_size, layer.strides) == (2, 8, (3, 3), (1, 2))
    assert (layer.padding, layer.data_format, layer.dilation_rate) == ("valid", "channels_first", (1, 1))
    assert layer.groups == 1 and layer.use_bias and layer.activation is foldgate.activations.relu
    assert layers.Convolution2D is layers.Conv2D


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: layers.Conv2D(0, 3, name="c"), "c: filters is 0; expected an int of at least 1"),
        (lambda: layers.Conv2D(2.5, 3, name="c"), "c: filters is 2.5; expected an int of at least 1"),
        (
            lambda: layers.Conv2D(4, (3, 0), name="c"),
            r"c: kernel_size is \(3, 0\); expected an int or 2 ints",
        ),
        (lambda: layers.Conv1D(4, 3, 0, name="c"), "c: strides is 0; expected an int of at least 1"),
        (lambda: layers.Conv2D(4, 3, padding="full", name="c"), "c: padding is 'full'; expected one of"),
        (lambda: layers.Conv2D(4, 3, padding="causal", name="c"), "c: padding is 'causal'; expected one of"),
        (
            lambda: layers.Conv2D(4, 3, 2, dilation_rate=2, name="c"),
            r"c: strides is \(2, 2\) with dilation_rate",
        ),
        (
            lambda: layers.Conv2D(4, 3, groups=3, name="c"),
            "c: groups is 3; expected a divisor of the 4 filters",
        ),
        (
            lambda: layers.Conv2D(4, 3, activation="rellu"),
            "Conv2D: activation is 'rellu', which is not known; expected one of",
        ),
        (lambda: layers.Conv2D(4, 3, nothing=1, name="c"), "Conv2D 'c': unknown argument 'nothing'"),
        (lambda: layers.Conv2D(4, 3, name="c")(np.ones((2, 8, 8))), "c: inputs has shape .* expected 4 axes"),
        (
            lambda: layers.Conv2D(4, 3, groups=2, name="c")(np.ones((2, 8, 8, 3))),
            "c: inputs have 3 channels; expected a multiple of 2 groups",
        ),
        (
            lambda: layers.Conv2D(4, (2, 9), name="c")(np.ones((2, 8, 8, 3))),
            "c: inputs have 8 positions along spatial axis 1; expected at least 9",
        ),
        (
            lambda: layers.Conv2D(4, 3, name="c").build((None, 8, 8, None)),
            "c: inputs have shape .*; expected a known number of channels",
        ),
        (
            lambda: layers.Conv1DTranspose(4, 3, 2, output_padding=2, name="c"),
            r"c: output_padding is 2; expected less than the strides \(2,\)",
        ),
        (
            lambda: layers.DepthwiseConv1D(3, depth_multiplier=0, name="c"),
            "c: depth_multiplier is 0; expected an int of at least 1",
        ),
    ],
)
def test_wrong_use(wrong: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()


@pytest.mark.parametrize(("name", "arguments", "shape"), MADE)
def test_other_channels_than_the_first_time(name: str, arguments: Any, shape: Any) -> None:
    layer = getattr(layers, name)(*arguments, name="c")
    layer(np.ones(shape, np.float32))
    with pytest.raises(ValueError, match=r"c: inputs has shape .*; expected 3 on axis -1"):
        layer(np.ones((*shape[:-1], 4), np.float32))
