"""The layers of convolution against Keras: outputs, gradients, shapes and configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, both, keras, quiet, same_config

import foldgate

SHAPES = {1: (2, 11, 4), 2: (2, 9, 8, 4), 3: (2, 6, 5, 7, 4)}
ACTIVATIONS = [None, "relu", "tanh", "sigmoid", "gelu", "elu"]


def shape_of(rank: int, data_format: str) -> tuple[int, ...]:
    shape = SHAPES[rank]
    return shape if data_format == "channels_last" else (shape[0], shape[-1], *shape[1:-1])


def compare(
    name: str,
    rank: int,
    rng: np.random.Generator,
    dtype: Any = np.float32,
    tolerance: float = 100,
    **options: Any,
) -> None:
    """Outputs, gradients, and shapes with the sizes known and not."""
    shape = shape_of(rank, options.get("data_format", "channels_last"))
    ours, theirs = both(name, **options, dtype=np.dtype(dtype).name, build=shape)
    assert_same(ours, theirs, rng.standard_normal(shape).astype(dtype), tolerance)
    for known in (shape, (None, *shape[1:])):
        assert ours.compute_output_shape(known) == tuple(theirs.compute_output_shape(known))


def random_windows(rank: int, rng: np.random.Generator) -> dict[str, Any]:
    """Windows of all kinds: strides and dilation are never above 1 together."""
    options: dict[str, Any] = {
        "kernel_size": tuple(int(n) for n in rng.integers(1, 4, rank)),
        "padding": str(rng.choice(["valid", "same"])),
        "data_format": str(rng.choice(["channels_last", "channels_first"])),
        "use_bias": bool(rng.integers(2)),
        "activation": ACTIVATIONS[rng.integers(len(ACTIVATIONS))],
    }
    which = rng.integers(3)
    if which:
        options["strides" if which == 1 else "dilation_rate"] = [
            int(n) for n in rng.integers(1, 4 - rank // 3, rank)
        ]
    return options


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_conv(rank: int, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng([rank, seed])
    options = random_windows(rank, rng) | {"filters": 6, "groups": int(rng.choice([1, 2]))}
    compare(f"Conv{rank}D", rank, rng, dtype, **options)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("extra", [{"strides": 2}, {"dilation_rate": 3}])
def test_causal(extra: dict[str, Any], data_format: str, rng: np.random.Generator) -> None:
    options = {"filters": 3, "kernel_size": 3, "padding": "causal", "data_format": data_format}
    compare("Conv1D", 1, rng, **options, **extra)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_conv_transpose(rank: int, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng([rank, seed, 1])
    options = random_windows(rank, rng) | {"filters": 3}
    if seed % 2 and "strides" in options:
        options["output_padding"] = [int(rng.integers(stride)) for stride in options["strides"]]
    compare(f"Conv{rank}DTranspose", rank, rng, dtype, **options)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rank", [1, 2])
def test_depthwise_conv(rank: int, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng([rank, seed, 2])
    options = random_windows(rank, rng) | {"depth_multiplier": int(rng.integers(1, 4))}
    compare(f"DepthwiseConv{rank}D", rank, rng, dtype, **options)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rank", [1, 2])
def test_separable_conv(rank: int, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng([rank, seed, 3])
    options = random_windows(rank, rng) | {"filters": 5, "depth_multiplier": int(rng.integers(1, 4))}
    compare(f"SeparableConv{rank}D", rank, rng, dtype, **options)


CONFIGS: dict[str, dict[str, Any]] = {
    "Conv1D": {"filters": 4, "kernel_size": 3, "padding": "causal", "kernel_regularizer": "l2"},
    "Conv2D": {"filters": 4, "kernel_size": (3, 2), "strides": 2, "groups": 2, "activation": "relu"},
    "Conv3D": {"filters": 4, "kernel_size": 2, "bias_constraint": "non_neg", "use_bias": False},
    "Conv1DTranspose": {"filters": 4, "kernel_size": 3, "strides": 2, "output_padding": 1},
    "Conv2DTranspose": {"filters": 4, "kernel_size": 3, "kernel_initializer": "he_normal"},
    "Conv3DTranspose": {"filters": 4, "kernel_size": 3, "data_format": "channels_first"},
    "DepthwiseConv1D": {"kernel_size": 3, "depthwise_regularizer": "l1"},
    "DepthwiseConv2D": {"kernel_size": 3, "depth_multiplier": 2, "activity_regularizer": "l2"},
    "SeparableConv1D": {"filters": 4, "kernel_size": 3, "pointwise_constraint": "max_norm"},
    "SeparableConv2D": {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "activation": "swish"},
}


@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("name", CONFIGS)
def test_config(name: str, built: bool) -> None:
    options = CONFIGS[name]
    rank = int(name[-2] if name.endswith("D") else name[4])
    shape = shape_of(rank, options.get("data_format", "channels_last"))
    same_config(*both(name, **options, build=shape if built else None))


@pytest.mark.parametrize("name", CONFIGS)
def test_positional_arguments(name: str) -> None:
    """The order of the constructor's arguments is Keras'."""
    rank = int(name[-2] if name.endswith("D") else name[4])
    head: tuple[Any, ...] = (3,) if name.startswith("Depthwise") else (4, 3)
    rest: tuple[Any, ...] = (1, "same")
    if name.startswith("Depthwise"):
        rest += (2, "channels_first", 2, "relu", False, "ones", "zeros")
    elif name == "Conv3DTranspose":
        rest += ("channels_first", None, 2, "relu", False, "ones", "zeros")
    elif name.endswith("Transpose"):
        rest += (None, "channels_first", 2, "relu", False, "ones", "zeros")
    elif name.startswith("Separable"):
        rest += ("channels_first", 2, 3, "relu", False, "ones", "ones", "zeros")
    else:
        rest += ("channels_first", 2, 2, "relu", False, "ones", "zeros")
    ours, theirs = both(name, *head, *rest)
    same_config(ours, theirs)
    shape = shape_of(rank, "channels_first")
    assert ours.compute_output_shape(shape) == tuple(theirs.compute_output_shape(shape))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Conv2D", {"filters": 0, "kernel_size": 3}),
        ("Conv2D", {"filters": 4, "kernel_size": 0}),
        ("Conv2D", {"filters": 4, "kernel_size": (1, 2, 3)}),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 3}),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 0}),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "causal"}),
        ("Conv1D", {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2}),
        ("Conv1D", {"filters": 4, "kernel_size": 3, "activation": "nothing"}),
        ("Conv1D", {"filters": 4, "kernel_size": 3, "data_format": "first"}),
        ("Conv2DTranspose", {"filters": 4, "kernel_size": 3, "strides": 2, "output_padding": 2}),
        ("Conv2DTranspose", {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2}),
        ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 0}),
        ("SeparableConv2D", {"filters": -1, "kernel_size": 3}),
    ],
)
def test_both_refuse(name: str, options: dict[str, Any]) -> None:

    for layers in (foldgate.layers, keras.layers):
        with pytest.raises(ValueError):
            quiet(getattr(layers, name), **options)
