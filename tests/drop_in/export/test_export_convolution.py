"""Convolutional models as ONNX files."""

from __future__ import annotations

import pytest
from export_checks import check, kinds, values

import foldgate as keras

L = keras.layers

SIZES = {1: (9,), 2: (9, 8), 3: (6, 5, 7)}
OTHER = {1: (14,), 2: (12, 11), 3: (7, 8, 6)}
OPEN = {1: (None, 4), 2: (None, None, 4), 3: (None, None, None, 4)}


def both(rank):
    """Two batches of other sizes."""
    return values(2, *SIZES[rank], 4), values(3, *OTHER[rank], 4, seed=1)


def model_of(rank, *layers):
    return keras.Sequential([keras.Input(OPEN[rank]), *layers])


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": "same", "strides": 2, "activation": "relu"},
        {"padding": "same", "dilation_rate": 2, "use_bias": False},
        {"groups": 2, "activation": "gelu"},
    ],
)
def test_convolution(rank, options):
    file = check(model_of(rank, getattr(L, f"Conv{rank}D")(6, 3, **options)), *both(rank))
    assert kinds(file).count("Conv") == 1


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "options"),
    [
        (3, {}),
        (3, {"strides": 2}),
        (2, {"strides": 3}),
        (4, {"strides": 3, "output_padding": 1}),
        (3, {"dilation_rate": 2}),
    ],
)
def test_transposed_convolution(rank, padding, size, options):
    layer = getattr(L, f"Conv{rank}DTranspose")(5, size, padding=padding, **options)
    assert "ConvTranspose" in kinds(check(model_of(rank, layer), *both(rank)))


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_depthwise_and_separable_convolution(rank, padding):
    layers = [
        getattr(L, f"DepthwiseConv{rank}D")(3, padding=padding, depth_multiplier=2),
        getattr(L, f"SeparableConv{rank}D")(6, 3, padding=padding, activation="silu"),
    ]
    assert kinds(check(model_of(rank, *layers), *both(rank))).count("Conv") == 3


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [None, 1])
def test_pooling(rank, kind, padding, strides):
    layer = getattr(L, f"{kind}Pooling{rank}D")(2, strides=strides, padding=padding)
    assert f"{kind}Pool" in kinds(check(model_of(rank, layer), *both(rank)))


@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize(
    ("sizes", "window", "strides"),
    [
        *(((None, None), 1, strides) for strides in (2, 3, (2, 1))),
        *((sizes, window, 3) for sizes in ((9, 8), (8, 9), (10, 7)) for window in (1, 2, (1, 3))),
    ],
)
def test_pools_that_leave_values_out(kind, sizes, window, strides):
    layer = getattr(L, f"{kind}Pooling2D")(window, strides=strides, padding="same")
    batch = values(2, *(size or 8 for size in sizes), 4)
    check(keras.Sequential([keras.Input((*sizes, 4)), layer]), batch)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling(rank, kind, keepdims):
    layers = [getattr(L, f"Conv{rank}D")(3, 2), getattr(L, f"Global{kind}Pooling{rank}D")(keepdims=keepdims)]
    check(model_of(rank, *layers), *both(rank))
    check(model_of(rank, layers[1]), *both(rank))


@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("parts", [1, 2, 3, (4, 2)])
def test_adaptive_pooling(kind, parts):
    layer = getattr(L, f"Adaptive{kind}Pooling2D")(parts)
    check(keras.Sequential([keras.Input((9, 8, 4)), layer]), values(2, 9, 8, 4))


def test_causal_convolution():
    check(model_of(1, L.Conv1D(5, 3, padding="causal", dilation_rate=2)), *both(1))


def test_channels_first():
    layers = [
        L.Conv2D(6, 3, data_format="channels_first"),
        L.BatchNormalization(axis=1),
        L.MaxPooling2D(data_format="channels_first"),
        L.Flatten(data_format="channels_first"),
    ]
    model = keras.Sequential([keras.Input((4, 9, 8)), *layers])
    assert kinds(check(model, values(2, 4, 9, 8))).count("Transpose") == 1  # that of Flatten


def test_layers_between_convolutions_need_no_transposes():
    inputs = keras.Input((None, None, 4))
    x = L.Conv2D(6, 3, padding="same")(inputs)
    y = L.ReLU()(L.BatchNormalization()(x))
    y = L.ZeroPadding2D(((0, 1), (2, 1)))(L.Dropout(0.5)(y))
    y = L.Cropping2D(((0, 1), (2, 1)))(L.Conv2D(6, 3, padding="same")(y))
    y = L.PReLU(shared_axes=[1, 2])(L.Add()([x, y]))
    y = L.UpSampling2D(2)(L.MaxPooling2D()(L.Concatenate()([x, y])))
    model = keras.Model(inputs, L.Conv2D(3, 1, activation="softmax")(y * 2.0 + 1.0))
    file = check(model, *both(2))
    assert kinds(file).count("Transpose") == 2  # on the way in and on the way out


def test_upsampling_bilinear():
    for interpolation in ("bilinear", "bicubic"):
        check(model_of(2, L.UpSampling2D((2, 3), interpolation=interpolation)), *both(2))
    with pytest.raises(
        ValueError, match="interpolation is 'lanczos3'; expected nearest, bilinear or bicubic"
    ):
        keras.onnx.export(model_of(2, L.UpSampling2D(2, interpolation="lanczos3")), "never.onnx")


def test_a_weight_that_is_shared_is_written_once():
    conv, inputs = L.Conv2D(4, 3, padding="same"), keras.Input((8, 8, 4))
    file = check(keras.Model(inputs, conv(conv(inputs))), values(2, 8, 8, 4))
    assert kinds(file).count("Conv") == 2
    assert len([entry for entry in file.graph.initializer if "kernel" in entry.name]) == 1


def test_models_in_models():
    inner = keras.Sequential([keras.Input((8, 8, 4)), L.Conv2D(4, 3, padding="same"), L.ReLU()], name="inner")
    a, b = keras.Input((8, 8, 4)), keras.Input((8, 8, 4))
    two = keras.Model([a, b], [inner(a) - inner(b), L.Flatten()(inner(a))], name="two")
    c = keras.Input((8, 8, 4))
    check(keras.Model([a, c], two([inner(a), c])), [values(2, 8, 8, 4), values(2, 8, 8, 4, seed=1)])
