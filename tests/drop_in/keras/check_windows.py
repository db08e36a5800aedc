"""Convolutions and pooling with foldgate's kernels against themselves without."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from under_keras import (
    BACKEND,
    every_size,
    gradients,
    keras,
    needs_gradients,
    needs_plain_windows,
    same,
    with_and_without,
)

import foldgate.keras

L = keras.layers
pytestmark = needs_plain_windows
SPATIAL = {1: (11,), 2: (9, 8), 3: (5, 6, 7)}
HAS_ADAPTIVE = hasattr(L, "AdaptiveMaxPooling2D")


def of(kind: str, rank: int) -> Any:
    return getattr(L, f"{kind}{rank}D")


CONVOLUTIONS: list[tuple[str, str, int, dict[str, Any]]] = [
    *(("conv", "Conv", rank, {"filters": 6}) for rank in (1, 2, 3)),
    *(("conv", "Conv", rank, {"filters": 6, "padding": "same", "strides": 2}) for rank in (1, 2, 3)),
    *(("conv", "Conv", rank, {"filters": 6, "dilation_rate": 2, "padding": "same"}) for rank in (1, 2)),
    ("conv", "Conv", 2, {"filters": 6, "groups": 2, "activation": "relu"}),
    ("conv", "Conv", 1, {"filters": 6, "padding": "causal"}),
    *(("depthwise_conv", "DepthwiseConv", rank, {"depth_multiplier": 2}) for rank in (1, 2)),
    *(("depthwise_conv", "DepthwiseConv", rank, {"strides": 2, "padding": "same"}) for rank in (1, 2)),
    *(("separable_conv", "SeparableConv", rank, {"filters": 5, "padding": "same"}) for rank in (1, 2)),
    *(("separable_conv", "SeparableConv", rank, {"filters": 5, "depth_multiplier": 2}) for rank in (1, 2)),
]
TRANSPOSES: list[dict[str, Any]] = [
    {"kernel_size": size, "strides": stride, "padding": padding}
    for size in (2, 3, 4)
    for stride in (1, 2, 3)
    for padding in ("valid", "same")
]
TRANSPOSES += [
    {"kernel_size": 3, "strides": 2, "padding": padding, "output_padding": 1} for padding in ("valid", "same")
]
TRANSPOSES += [{"kernel_size": 3, "dilation_rate": 2, "padding": padding} for padding in ("valid", "same")]
POOLS: list[tuple[int, int | None, str]] = [
    (2, None, "valid"),
    (3, 2, "same"),
    (3, 1, "same"),
    (2, 2, "same"),
    (2, 3, "same"),
]


def image(rng: np.random.Generator, rank: int, dtype: str, data_format: str = "channels_last") -> np.ndarray:
    shape = (2, *SPATIAL[rank], 4) if data_format == "channels_last" else (2, 4, *SPATIAL[rank])
    return rng.normal(size=shape).astype(dtype)


def check(layer: Any, x: np.ndarray, name: str, dtype: str, rng: Any) -> None:
    layer.build(x.shape)
    found, expected = with_and_without(lambda: layer(x), name)
    if BACKEND == "numpy" and name == "average_pool":  # which Keras 3.13 and 3.14 make float64
        assert found[0].dtype == dtype
        same(found, [expected[0].astype(dtype)], dtype)
    elif BACKEND == "numpy" and dtype == "float64":  # which JAX computes in float32
        same([y.astype("float32") for y in found], [y.astype("float32") for y in expected])
    else:
        same(found, expected, dtype)
    if BACKEND == "torch":
        same(*with_and_without(gradients(layer, x, rng), name), dtype)


def left_alone(call: Callable[[], Any]) -> None:
    """Keras' own answer, or its own error: 3.12 refuses some transposes of stride 1."""
    answers = []
    for block in (contextlib.nullcontext(), foldgate.keras.enabled()):
        with block:
            try:
                answers.append(keras.ops.convert_to_numpy(call()))
            except ValueError as error:
                answers.append(np.array(str(error)))
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "kind", "rank", "options"), CONVOLUTIONS)
def test_convolution(
    name: str, kind: str, rank: int, options: Any, dtype: str, data_format: str, rng: Any
) -> None:
    layer = of(kind, rank)(kernel_size=3, data_format=data_format, dtype=dtype, **options)
    check(layer, image(rng, rank, dtype, data_format), name, dtype, rng)


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("options", TRANSPOSES, ids=lambda o: "-".join(map(str, o.values())))
def test_transposed_convolution(rank: int, options: Any, rng: Any) -> None:
    layer = getattr(L, f"Conv{rank}DTranspose")(5, **options)
    x = image(rng, rank, "float32")
    if BACKEND == "torch" and keras.__version__ < "3.15" and options["padding"] == "same":  # other crops
        layer.build(x.shape)
        left_alone(lambda: layer(x))
    else:
        check(layer, x, "conv_transpose", "float32", rng)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("window", POOLS)
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_pooling(kind: str, rank: int, window: Any, data_format: str, rng: Any) -> None:
    size, strides, padding = window
    x = image(rng, rank, "float32", data_format)
    layer = of(f"{kind}Pooling", rank)(size, strides, padding, data_format=data_format)
    name = f"{kind.lower()}_pool"
    if kind == "Average" and padding == "same" and BACKEND == "torch":  # where the padding may be counted
        plain = keras.ops.convert_to_numpy(layer(x))
        with foldgate.keras.enabled():
            np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), plain, rtol=1e-5, atol=1e-6)
    else:
        check(layer, x, name, "float32", rng)


@pytest.mark.skipif(not HAS_ADAPTIVE, reason="this Keras has no adaptive pooling")
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("parts", [1, 3, 4])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_adaptive_pooling(kind: str, rank: int, parts: int, data_format: str, rng: Any) -> None:
    layer = of(f"Adaptive{kind}Pooling", rank)(parts, data_format=data_format)
    check(layer, image(rng, rank, "float32", data_format), f"adaptive_{kind.lower()}_pool", "float32", rng)


def test_errors_are_those_of_keras(rng: Any) -> None:
    x = image(rng, 2, "float32")
    calls: list[Any] = [
        lambda: keras.ops.conv(x, np.ones((20, 20, 4, 2), "float32")),
        lambda: keras.ops.conv(x, np.ones((3, 3, 3, 2), "float32")),
        lambda: keras.ops.conv(x, np.ones((3, 3, 4, 2), "float32"), data_format="sideways"),
        lambda: keras.ops.separable_conv(x, np.ones(3, "float32"), np.ones((1, 1, 4, 2), "float32")),
        lambda: keras.ops.conv(x, np.ones((3, 3, 4, 2), "float32"), padding="same", dilation_rate=2**70),
    ]
    if BACKEND == "numpy" and keras.__version__ < "3.13":  # which gives an empty array
        del calls[0]
    for call in calls:
        with pytest.raises(Exception) as plain:
            call()
        with foldgate.keras.enabled(), pytest.raises(plain.type) as found:
            call()
        assert str(found.value) == str(plain.value)


def test_other_dtypes_are_left_to_keras(rng: Any) -> None:
    x, kernel = rng.normal(size=(1, 5, 2)).astype("float16"), np.ones((3, 2, 4), "float16")
    plain = keras.ops.convert_to_numpy(keras.ops.conv(x, kernel))
    with foldgate.keras.enabled():
        foldgate.keras.calls(reset=True)
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(keras.ops.conv(x, kernel)), plain)
        assert foldgate.keras.calls() == {"conv": (0, 1)}


@pytest.mark.skipif(BACKEND != "torch", reason="the numpy backend's own functions are slower at every size")
def test_small_pools_are_left_to_keras(rng: Any) -> None:
    import torch

    x = torch.ones(2, 40, 40, 4)  # 12,800 numbers
    with foldgate.keras.enabled():
        for given, expected in ((x[:, :8], (0, 1)), (x, (1, 0)), (x.clone().requires_grad_(), (0, 1))):
            foldgate.keras.calls(reset=True)
            keras.ops.max_pool(given, 2)
            assert foldgate.keras.calls() == {"max_pool": expected}


@needs_gradients
def test_training_small_convolutions_is_left_to_keras() -> None:
    import torch

    kernel = torch.ones(3, 8, 8)
    with foldgate.keras.enabled():
        for steps, trained, expected in ((64, False, (1, 0)), (64, True, (0, 1)), (640, True, (1, 0))):
            foldgate.keras.calls(reset=True)
            keras.ops.conv(torch.ones(2, steps, 8), kernel.clone().requires_grad_(trained))
            assert foldgate.keras.calls() == {"conv": expected}


def test_shapes_are_inferred_as_before() -> None:
    def shapes() -> Any:
        x = keras.Input((None, None, 4))
        y = L.SeparableConv2D(5, 3)(L.MaxPooling2D()(L.Conv2D(3, 3, padding="same")(x)))
        return y.shape, L.Conv2DTranspose(2, 3, strides=2)(y).shape, L.AveragePooling2D(2)(y).shape

    plain = shapes()
    with foldgate.keras.enabled():
        assert shapes() == plain


@needs_gradients
def test_gradients_of_gradients(rng: Any) -> None:
    import torch

    x, kernel = torch.tensor(rng.normal(size=(2, 6, 5, 2))), torch.tensor(rng.normal(size=(3, 3, 2, 4)))

    def call() -> Any:
        inputs, weights = x.clone().requires_grad_(), kernel.clone().requires_grad_()
        y = keras.ops.max_pool(keras.ops.conv(inputs, weights), 2)
        dx, dk = torch.autograd.grad((y**3).sum(), (inputs, weights), create_graph=True)
        return list(torch.autograd.grad((dx**2).sum() + (dk**2).sum(), (inputs, weights)))

    same(*with_and_without(call, "conv"), "float64")


WINDOWS: dict[str, Callable[[Any, Any], Any]] = {
    "pool_size": lambda x, n: keras.ops.max_pool(x, n, strides=1),
    "strides of a pool": lambda x, n: keras.ops.average_pool(x, 3, strides=n),
    "output_size": lambda x, n: keras.ops.adaptive_max_pool(x, n),
    "strides": lambda x, n: keras.ops.conv(x, np.ones((3, 3, 4, 2), "float32"), strides=n),
    "dilation_rate": lambda x, n: keras.ops.conv(x, np.ones((3, 3, 4, 2), "float32"), dilation_rate=n),
    "of a transpose": lambda x, n: keras.ops.conv_transpose(x, np.ones((3, 3, 2, 4), "float32"), strides=n),
}


@pytest.mark.parametrize("option", WINDOWS)
def test_what_equals_an_option_is_not_taken_for_it(option: str, rng: Any) -> None:
    if option == "output_size" and not HAS_ADAPTIVE:
        pytest.skip("this Keras has no adaptive pooling")
    x, call = image(rng, 2, "float32"), WINDOWS[option]

    numbers = (2, (2.0, 2.0), np.int64(2), True, 1, (2, 2), np.array([2, 2]), ["2", 2], (np.int32(2), 2))

    def answers() -> list[Any]:
        found = []
        for number in numbers:
            try:
                found.append(keras.ops.convert_to_numpy(call(x, number)))
            except Exception as error:
                found.append(f"{type(error).__name__}: {error}")
        return found

    def alike(one: Any, other: Any) -> bool:
        return one == other if isinstance(other, str) else np.allclose(one, other, 1e-5, 1e-5)

    plain = answers()
    with every_size(), foldgate.keras.enabled():
        for again in (answers(), answers()):
            assert [alike(a, b) for a, b in zip(again[:-1], plain[:-1], strict=True)] == [True] * 8
            assert alike(again[-1], plain[0])  # of which JAX refuses some


def test_a_symbolic_kernel_is_refused_as_before(rng: Any) -> None:
    def error() -> str:
        with pytest.raises(Exception) as caught:
            keras.ops.conv(image(rng, 2, "float32"), keras.KerasTensor((3, 3, 4, 2)))
        return f"{caught.type.__name__}: {caught.value}"

    plain = error()
    with foldgate.keras.enabled():
        assert error() == plain


@pytest.mark.parametrize("option", WINDOWS)
@pytest.mark.parametrize("first", [2.0, np.int64(2), True])
def test_what_went_before_changes_nothing(option: str, first: Any, rng: Any) -> None:
    if option == "output_size" and not HAS_ADAPTIVE:
        pytest.skip("this Keras has no adaptive pooling")
    x, call = rng.normal(size=(2, 17, 19, 4)).astype("float32"), WINDOWS[option]
    with every_size(), foldgate.keras.enabled():
        with contextlib.suppress(Exception):
            call(x, (first, first))
        foldgate.keras.calls(reset=True)
        call(x, (int(first),) * 2)
        assert [left for _, left in foldgate.keras.calls().values()] == [0]
