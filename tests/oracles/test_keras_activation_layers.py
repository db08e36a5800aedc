"""Activation layers against Keras'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, both, same_config

CASES: list[tuple[str, dict[str, Any]]] = [
    *[
        ("Activation", {"activation": name})
        for name in ("relu", "tanh", "sigmoid", "softmax", "elu", "gelu", "silu", "linear", "softplus")
    ],
    ("ReLU", {}),
    ("ReLU", {"max_value": 6.0}),
    ("ReLU", {"max_value": 1.0}),
    ("ReLU", {"negative_slope": 0.3}),
    ("ReLU", {"threshold": 0.4}),
    ("ReLU", {"threshold": 0.4, "max_value": 1.0, "negative_slope": 0.1}),
    ("ReLU", {"max_value": 1.0, "negative_slope": 0.1}),
    ("LeakyReLU", {}),
    ("LeakyReLU", {"negative_slope": 0.01}),
    ("PReLU", {}),
    ("PReLU", {"shared_axes": [1]}),
    ("PReLU", {"shared_axes": 2, "alpha_initializer": "ones", "alpha_regularizer": "l2"}),
    ("ELU", {}),
    ("ELU", {"alpha": 0.5}),
    ("Softmax", {}),
    ("Softmax", {"axis": 1}),
    ("Softmax", {"axis": [1, 2]}),
    ("Softmax", {"axis": [1]}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kind", "arguments"), CASES)
def test_outputs_gradients_and_shapes(kind: str, arguments: dict[str, Any], dtype: str) -> None:
    shape = (3, 5, 7)
    ours, theirs = both(kind, **arguments, dtype=dtype, build=shape)
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    assert_same(ours, theirs, x, 100.0)
    assert ours.compute_output_shape((None, 5, 7)) == tuple(theirs.compute_output_shape((None, 5, 7)))


@pytest.mark.parametrize(("kind", "arguments"), CASES)
def test_configurations(kind: str, arguments: dict[str, Any]) -> None:
    same_config(*both(kind, **arguments))


@pytest.mark.parametrize("axis", [-1, 1, [1, 2]])
@pytest.mark.parametrize("mask_shape", [(3, 5, 7), (7,), (3, 1, 7)])
def test_softmax_with_a_mask(axis: Any, mask_shape: tuple[int, ...]) -> None:
    ours, theirs = both("Softmax", axis=axis)
    rng = np.random.default_rng(0)
    mask = rng.random(mask_shape) < 0.5
    assert_same(ours, theirs, rng.standard_normal((3, 5, 7)).astype(np.float32), 100.0, mask=mask)
    nothing = np.zeros(mask_shape, np.bool_)
    assert_same(ours, theirs, rng.standard_normal((3, 5, 7)).astype(np.float32), 100.0, mask=nothing)
