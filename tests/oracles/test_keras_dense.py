"""Dense and Identity against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, both, same_config


@pytest.mark.parametrize("activation", [None, "relu", "tanh", "softmax", "gelu"])
@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 7)])
def test_dense(shape: tuple[int, ...], activation: str | None, dtype: Any, rng: np.random.Generator) -> None:
    ours, theirs = both("Dense", 4, activation=activation, dtype=np.dtype(dtype).name, build=shape)
    assert_same(ours, theirs, rng.standard_normal(shape).astype(dtype))
    assert ours.compute_output_shape((None, *shape[1:])) == theirs.compute_output_shape((None, *shape[1:]))


def test_without_bias(rng: np.random.Generator) -> None:
    ours, theirs = both("Dense", 4, use_bias=False, build=(None, 3))
    assert_same(ours, theirs, rng.standard_normal((2, 3), dtype=np.float32))


@pytest.mark.parametrize(
    "arguments",
    [
        {"units": 4},
        {"units": 2, "activation": "relu", "kernel_regularizer": "l2", "bias_constraint": "non_neg"},
        {"units": 2, "use_bias": False, "kernel_initializer": "he_normal", "trainable": False, "name": "out"},
        {"units": 2, "activity_regularizer": "l1", "dtype": "float64"},
    ],
)
@pytest.mark.parametrize("build", [None, (None, 3)])
def test_config(arguments: dict[str, Any], build: Any) -> None:
    same_config(*both("Dense", **arguments, build=build))


def test_identity_config() -> None:
    same_config(*both("Identity"))


def test_losses(rng: np.random.Generator) -> None:
    """Regularizers of weights and of the output."""
    x = rng.standard_normal((4, 3), dtype=np.float32)
    options = {"kernel_regularizer": "l2", "bias_regularizer": "l1", "activity_regularizer": "l2"}
    ours, theirs = both("Dense", 2, **options, build=(None, 3))
    ours(x)
    theirs(x)
    found = [float(loss) for loss in ours.losses]
    np.testing.assert_allclose(found, [loss.item() for loss in theirs.losses], rtol=1e-6)
    assert len(found) == 3
