"""What the checks of one backend share; pytest is given KERAS_BACKEND by test_backends.py."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import foldgate.keras
from foldgate.keras import rules
from foldgate.keras.loading import has_jax, load_keras

BACKEND = os.environ["KERAS_BACKEND"]
keras = load_keras()
assert keras.config.backend() == BACKEND

needs_plain_windows = pytest.mark.skipif(
    BACKEND == "numpy" and not has_jax(),
    reason="without JAX Keras' numpy backend has no convolution of its own",
)
needs_gradients = pytest.mark.skipif(BACKEND != "torch", reason="the numpy backend has no gradients")


def arrays(nest: Any) -> list[np.ndarray]:
    """All tensors of a nest as arrays."""
    return [keras.ops.convert_to_numpy(t) for t in keras.tree.flatten(nest) if t is not None]


@contextlib.contextmanager
def every_size() -> Iterator[None]:
    """Has foldgate compute what it would leave to Keras for its size alone, if it is enabled within."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "worth_training", lambda *given: True)
        patch.setattr(rules, "least_pooled", lambda *given: 0)
        patch.setattr(rules, "least_pooled_training", lambda *given: 0)
        yield


def with_and_without(call: Callable[[], Any], name: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What a call gives with foldgate, which must have computed some function called `name`, and without."""
    with every_size(), foldgate.keras.enabled():
        foldgate.keras.calls(reset=True)
        found = arrays(call())
        by_foldgate, by_keras = foldgate.keras.calls().get(name, (0, 0))
        assert by_foldgate > 0 and by_keras == 0, foldgate.keras.calls()
    assert not foldgate.keras.is_enabled()
    foldgate.keras.calls(reset=True)
    expected = arrays(call())
    assert foldgate.keras.calls() == {}
    return found, expected


def same(found: list[np.ndarray], expected: list[np.ndarray], dtype: str = "float32") -> None:
    """Equal but for rounding: sums of a few dozen terms near 1, through gates that do not magnify them."""
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def gradients(layer: Any, x: np.ndarray, rng: np.random.Generator, **given: Any) -> Callable[[], Any]:
    """A call that gives d sum(weights * outputs) of the inputs and of a layer's weights, by torch."""
    import torch

    directions: list[Any] = []

    def call() -> list[Any]:
        inputs = torch.tensor(x, requires_grad=True)
        outputs = keras.tree.flatten(layer(inputs, **given))
        if not directions:
            directions.extend(torch.tensor(rng.normal(size=y.shape), dtype=y.dtype) for y in outputs)
        wanted = [inputs, *(weight.value for weight in layer.trainable_weights)]
        total = sum((y * d).sum() for y, d in zip(outputs, directions, strict=True))
        return list(torch.autograd.grad(total, wanted))

    return call
