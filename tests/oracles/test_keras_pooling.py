"""The pooling layers against Keras: outputs, gradients, shapes, masks and configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, both, keras, quiet, same_config

import foldgate

SHAPES = {1: (2, 11, 3), 2: (2, 9, 8, 3), 3: (2, 6, 5, 7, 3)}


def shape_of(rank: int, data_format: str) -> tuple[int, ...]:
    shape = SHAPES[rank]
    return shape if data_format == "channels_last" else (shape[0], shape[-1], *shape[1:-1])


def compare(name: str, rank: int, rng: np.random.Generator, dtype: Any, **options: Any) -> None:
    shape = shape_of(rank, options["data_format"])
    ours, theirs = both(name, **options, dtype=np.dtype(dtype).name)
    x = rng.permutation(int(np.prod(shape))).reshape(shape).astype(dtype)  # no two maxima are equal
    assert_same(ours, theirs, x)
    unknown = tuple(None if rng.integers(2) else n for n in shape)
    for known in (shape, unknown):
        if "Adaptive" in name or name.startswith("Global"):
            known = (known[0], *shape[1:])
        assert ours.compute_output_shape(known) == tuple(theirs.compute_output_shape(known))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_pooling(kind: str, rank: int, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng([rank, seed, len(kind)])
    options: dict[str, Any] = {
        "pool_size": tuple(int(n) for n in rng.integers(1, 4, rank)),
        # Keras' torch backend counts some of the border; "same" means are tested in tests/layers.
        "padding": "valid" if kind == "Average" else str(rng.choice(["valid", "same"])),
        "data_format": str(rng.choice(["channels_last", "channels_first"])),
    }
    if rng.integers(2):
        options["strides"] = tuple(int(n) for n in rng.integers(1, 4, rank))
    compare(f"{kind}Pooling{rank}D", rank, rng, dtype, **options)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_global_pooling(
    kind: str, rank: int, data_format: str, keepdims: bool, dtype: Any, rng: np.random.Generator
) -> None:
    options = {"data_format": data_format, "keepdims": keepdims}
    compare(f"Global{kind}Pooling{rank}D", rank, rng, dtype, **options)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("size", [1, 2, "axes"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_adaptive_pooling(
    kind: str, rank: int, size: Any, data_format: str, dtype: Any, rng: np.random.Generator
) -> None:
    size = (3, 2, 5)[:rank] if size == "axes" else size
    compare(f"Adaptive{kind}Pooling{rank}D", rank, rng, dtype, output_size=size, data_format=data_format)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_masked_mean(data_format: str, keepdims: bool, dtype: Any, rng: np.random.Generator) -> None:
    shape = shape_of(1, data_format)
    options = {"data_format": data_format, "keepdims": keepdims, "dtype": np.dtype(dtype).name}
    ours, theirs = both("GlobalAveragePooling1D", **options)
    mask = rng.integers(0, 2, (2, 11)).astype(bool)
    mask[:, 0] = True
    x = rng.standard_normal(shape).astype(dtype)
    expected = quiet(theirs, x, mask=mask).detach().numpy()
    np.testing.assert_allclose(ours(x, mask=mask), expected, rtol=0, atol=1e-6)
    with foldgate.GradientTape() as tape:
        watched = tape.watch(x)
        y = ours(watched, mask=mask)
        loss = np.sum(y * np.arange(1, y.size + 1, dtype=dtype).reshape(y.shape))
    dx = tape.gradient(loss, watched)
    tensor = keras.ops.convert_to_tensor(x)
    tensor.requires_grad_(True)
    found = quiet(theirs, tensor, mask=mask)
    (found.flatten() * keras.ops.arange(1, y.size + 1, dtype=np.dtype(dtype).name)).sum().backward()
    np.testing.assert_allclose(dx, tensor.grad.numpy(), rtol=0, atol=1e-6)
    assert ours.supports_masking and theirs.supports_masking
    assert ours.compute_mask(x, mask) is None and theirs.compute_mask(x, mask) is None


CONFIGS: dict[str, dict[str, Any]] = {
    "MaxPooling1D": {},
    "MaxPooling2D": {"pool_size": (3, 2), "strides": 2, "padding": "same"},
    "MaxPooling3D": {"data_format": "channels_first"},
    "AveragePooling1D": {"pool_size": 2},
    "AveragePooling2D": {"pool_size": 2, "strides": (1, 2)},
    "AveragePooling3D": {"pool_size": (1, 2, 3), "name": "mean"},
    "GlobalMaxPooling1D": {"keepdims": True},
    "GlobalMaxPooling2D": {},
    "GlobalMaxPooling3D": {"data_format": "channels_first"},
    "GlobalAveragePooling1D": {},
    "GlobalAveragePooling2D": {"keepdims": True},
    "GlobalAveragePooling3D": {"dtype": "float64"},
    "AdaptiveMaxPooling1D": {"output_size": 3},
    "AdaptiveMaxPooling2D": {"output_size": (3, 2)},
    "AdaptiveMaxPooling3D": {"output_size": 2, "data_format": "channels_first"},
    "AdaptiveAveragePooling1D": {"output_size": (4,)},
    "AdaptiveAveragePooling2D": {"output_size": 3},
    "AdaptiveAveragePooling3D": {"output_size": (3, 2, 1)},
}


@pytest.mark.parametrize("name", CONFIGS)
def test_config(name: str) -> None:
    same_config(*both(name, **CONFIGS[name]))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("MaxPooling2D", {"pool_size": 0}),
        ("MaxPooling2D", {"pool_size": (1, 2, 3)}),
        ("AveragePooling1D", {"pool_size": 2, "strides": -1}),
        ("GlobalMaxPooling2D", {"data_format": "last"}),
        ("MaxPooling2D", {"pool_size": 9}),
        ("AveragePooling2D", {"pool_size": 2, "padding": "causal"}),
    ],
)
def test_both_refuse(name: str, options: dict[str, Any]) -> None:
    for layers in (foldgate.layers, keras.layers):
        with pytest.raises(ValueError):
            quiet(getattr(layers, name), **options).compute_output_shape((2, 8, 8, 3))
