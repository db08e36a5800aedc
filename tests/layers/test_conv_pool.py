"""Conv2D and MaxPooling2D as one operation in models: the same to the bit, where nobody else looks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import layers, ops


def stack(**options: Any) -> tuple[Any, Any, Any]:
    """An input, and what a convolution and a pooling give of it."""
    x = foldgate.Input((12, 13, 16))
    conv = layers.Conv2D(32, 3, activation="relu", name="conv", **options.pop("conv", {}))
    return x, conv(x), layers.MaxPooling2D(name="pool", **options.pop("pool", {}))


def gradients(function: Any, x: Any, weights: Any) -> list[Any]:
    with foldgate.GradientTape() as tape:
        watched = tape.watch(x)
        y = function(watched)
        loss = np.sum(y * np.cos(np.arange(y.size, dtype=y.dtype)).reshape(y.shape))
    return [y.numpy(), *tape.gradient(loss, [watched, *weights])]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which of the operations run, forward."""
    seen: list[str] = []

    def watch(name: str) -> None:
        function = getattr(ops, name)

        def called(*args: Any, **kwargs: Any) -> Any:
            seen.append(name)
            return function(*args, **kwargs)

        monkeypatch.setattr(ops, name, called)

    watch("conv")
    watch("conv_max_pool")
    return seen


@pytest.mark.parametrize("activation", ["relu", None])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("shape", [(8, 12, 13, 16), (2, 28, 28, 16), (1, 5, 4, 16)])
def test_the_same_to_the_bit(
    shape: Any, padding: str, activation: str | None, dtype: Any, rng: np.random.Generator
) -> None:
    name = np.dtype(dtype).name
    made = [
        layers.Conv2D(24, 3, padding=padding, activation=activation, dtype=name),
        layers.MaxPooling2D(dtype=name),
    ]
    inputs = foldgate.Input(shape[1:], dtype=name)
    model = foldgate.Model(inputs, made[1](made[0](inputs)))
    x = rng.standard_normal(shape).astype(dtype)
    model(x)
    found = gradients(model, x, model.trainable_weights)
    expected = gradients(lambda x: made[1](made[0](x)), x, model.trainable_weights)
    for a, b in zip(found, expected, strict=True):
        assert np.array_equal(a, b)


def test_one_operation_from_the_second_call_on(calls: list[str], rng: np.random.Generator) -> None:
    x, y, pool = stack()
    model = foldgate.Model(x, layers.Flatten()(pool(y)))
    images = rng.standard_normal((2, 12, 13, 16), dtype=np.float32)
    first = model(images)
    assert calls == ["conv"]
    assert np.array_equal(model(images), first) and calls == ["conv", "conv_max_pool"]
    assert [layer.name for layer in model.layers[1:3]] == ["conv", "pool"]
    again = foldgate.models.clone_model(model)
    assert [type(layer).__name__ for layer in again.layers] == [
        type(layer).__name__ for layer in model.layers
    ]


@pytest.mark.parametrize("what", ["skip", "output", "input"])
def test_not_where_somebody_else_reads_the_result(what: str, calls: list[str]) -> None:
    x, y, pool = stack()
    outputs: Any = pool(y)
    if what == "skip":
        outputs = layers.Concatenate()(
            [layers.UpSampling2D()(outputs), layers.Cropping2D(((0, 0), (0, 1)))(y)]
        )
    if what == "output":
        outputs = [outputs, y]
    model = foldgate.Model(y if what == "input" else x, outputs)
    images = np.ones((2, 10, 11, 32) if what == "input" else (2, 12, 13, 16), np.float32)
    for _ in range(3):
        model(images)
    assert calls == ([] if what == "input" else ["conv"] * 3)


@pytest.mark.parametrize(
    "options",
    [
        {"conv": {"strides": 2}},
        {"conv": {"dilation_rate": 2}},
        {"conv": {"groups": 2}},
        {"conv": {"activity_regularizer": "l2"}},
        {"pool": {"padding": "same"}},
        {"pool": {"strides": 1}},
        {"pool": {"pool_size": 3}},
    ],
)
def test_not_where_the_operation_is_another(options: dict[str, Any], calls: list[str]) -> None:
    x, y, pool = stack(**options)
    model = foldgate.Model(x, pool(y))
    for _ in range(3):
        model(np.ones((2, 12, 13, 16), np.float32))
    assert calls == ["conv"] * 3


def test_not_with_a_subclass_or_few_channels(calls: list[str]) -> None:
    class Own(layers.Conv2D):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) + 1

    for conv, channels in ((Own(16, 3), 16), (layers.Conv2D(16, 3), 3)):
        model = foldgate.Sequential([foldgate.Input((8, 8, channels)), conv, layers.MaxPooling2D()])
        for _ in range(2):
            model(np.ones((2, 8, 8, channels), np.float32))
    assert calls == ["conv"] * 4


def test_what_changes_afterwards_counts(calls: list[str]) -> None:
    """Another algorithm, a penalty on the activity, other shapes, and weights that no longer train."""
    x, y, pool = stack()
    model = foldgate.Model(x, pool(y))
    images = np.ones((2, 12, 13, 16), np.float32)
    model(images)
    foldgate.set_conv_algorithm("direct")
    try:
        model(images)
    finally:
        foldgate.set_conv_algorithm(None)
    model(images)
    assert calls == ["conv", "conv", "conv_max_pool"]
    model.get_layer("conv").activity_regularizer = foldgate.regularizers.L2()
    model(images)
    assert calls[3:] == ["conv"] and len(model.losses) == 1
    model.get_layer("conv").activity_regularizer = None
    model.get_layer("conv").trainable = False
    with foldgate.GradientTape() as tape:
        watched = tape.watch(images)
        loss = np.sum(model(watched)) + np.sum(model(watched))
    assert tape.gradient(loss, watched) is not None
    assert not model.trainable_weights


def test_masks_are_passed_on_as_by_the_layers(calls: list[str]) -> None:
    x, y, pool = stack()
    model = foldgate.Model(x, pool(y))
    images = np.ones((2, 12, 13, 16), np.float32)
    model(images)
    embedded = layers.Embedding(4, 2, mask_zero=True)(np.array([[1, 0]]))  # keeps a mask alive
    model(images)
    assert calls == ["conv", "conv"] and embedded.shape == (1, 2, 2)


def test_a_model_in_a_model(calls: list[str]) -> None:
    """Drawing it again, for another size or in another model, leaves no trace in the layers."""
    x = foldgate.Input((None, None, 16))
    y = layers.MaxPooling2D()(layers.Conv2D(16, 3, name="conv")(x))
    inner = foldgate.Model(x, layers.ReLU()(layers.BatchNormalization()(y)))
    conv = inner.get_layer("conv")
    assert inner.compute_output_shape((2, 9, 8, 16)) == (2, 3, 3, 16)
    z = foldgate.Input((10, 10, 16))
    outer = foldgate.Model(z, layers.GlobalMaxPooling2D()(inner(z)))
    assert len(conv._inbound_nodes) == 1
    images = np.ones((2, 10, 10, 16), np.float32)
    first = outer(images)
    assert np.array_equal(outer(images), first) and calls == ["conv", "conv_max_pool"]
