"""ConvLSTM1D, 2D and 3D against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import both, outputs_and_gradients, quiet, same_config, torch

N, T, C, F = 2, 4, 3, 2
SPATIAL = {1: (7,), 2: (5, 6), 3: (4, 3, 5)}
MASK = np.array([[0, 1, 1, 0], [1, 0, 1, 1]], bool)


def compare(ours: Any, theirs: Any, x: Any, mask: Any = None, atol: float = 1e-5, **call: Any) -> None:
    given = ({}, {}) if mask is None else ({"mask": mask}, {"mask": torch.from_numpy(mask)})
    found = outputs_and_gradients(ours, x, **given[0], **call)
    expected = outputs_and_gradients(theirs, x, **given[1], **call)
    for a, b in zip((*found[0], *found[1]), (*expected[0], *expected[1]), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=atol, rtol=1e-5)


def shape_of(rank: int, data_format: str) -> tuple[int, ...]:
    return (N, T, *SPATIAL[rank], C) if data_format == "channels_last" else (N, T, C, *SPATIAL[rank])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    "options",
    [
        {"padding": "same", "return_sequences": True},
        {"strides": 2, "padding": "same", "go_backwards": True, "return_sequences": True},
        {"dilation_rate": 2, "padding": "same", "use_bias": False, "return_state": True},
        {"kernel_size": 2, "return_sequences": True},
        {"activation": "relu", "recurrent_activation": "hard_sigmoid", "return_sequences": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_options(rank: int, options: dict[str, Any], data_format: str, rng: np.random.Generator) -> None:
    shape = shape_of(rank, data_format)
    options = {"kernel_size": 3, "data_format": data_format, **options}
    ours, theirs = both(f"ConvLSTM{rank}D", F, **options, build=(None, *shape[1:]))
    compare(ours, theirs, rng.standard_normal(shape).astype(np.float32))
    batch = (None, *shape[1:])
    assert ours.compute_output_shape(batch) == theirs.compute_output_shape(batch)
    same_config(ours, theirs)


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "softsign"], ids=["fused", "by_steps"])
@pytest.mark.parametrize("backwards", [False, True])
def test_masks(zero: bool, activation: str, backwards: bool, rng: np.random.Generator) -> None:
    options = {"zero_output_for_mask": zero, "activation": activation, "go_backwards": backwards}
    shape = shape_of(2, "channels_last")
    ours, theirs = both(
        "ConvLSTM2D", F, 3, padding="same", return_sequences=True, **options, build=(None, *shape[1:])
    )
    compare(ours, theirs, rng.standard_normal(shape).astype(np.float32), MASK)


def test_initial_and_kept_states(rng: np.random.Generator) -> None:
    shape = shape_of(2, "channels_last")
    x = rng.standard_normal(shape).astype(np.float32)
    ours, theirs = both("ConvLSTM2D", F, 3, padding="same", return_state=True, stateful=True, build=shape)
    states = [rng.standard_normal((N, 5, 6, F)).astype(np.float32) for _ in range(2)]
    for given in (states, None, None):
        there = None if given is None else [torch.from_numpy(s) for s in given]
        expected = quiet(theirs, torch.from_numpy(x), initial_state=there)
        for a, b in zip(ours(x, initial_state=given), expected, strict=True):
            np.testing.assert_allclose(a, b.detach().numpy(), atol=3e-6)


@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.5)], ids=str)
def test_dropout_with_the_same_masks(rates: tuple[float, float], rng: np.random.Generator) -> None:
    shape = shape_of(2, "channels_last")
    drops = {"dropout": rates[0], "recurrent_dropout": rates[1]}
    ours, theirs = both("ConvLSTM2D", F, 3, padding="same", **drops, build=shape)
    which, channels = ("_dropout_mask", C) if rates[0] else ("_recurrent_dropout_mask", F)
    masks = [(rng.random((N, 5, 6, channels)) < 0.5).astype(np.float32) * 2 for _ in range(4)]
    setattr(ours.cell, which, masks)
    setattr(theirs.cell, which, [torch.from_numpy(mask) for mask in masks])
    x = rng.standard_normal(shape).astype(np.float32)
    expected = quiet(theirs, torch.from_numpy(x), training=True)
    np.testing.assert_allclose(ours(x, training=True), expected.detach().numpy(), atol=3e-6)


def test_strides_with_dilation() -> None:
    with pytest.raises(ValueError, match="dilation_rate"):
        both("ConvLSTM2D", F, 3, strides=2, dilation_rate=2)
