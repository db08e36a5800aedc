"""What a training step allocates: nothing large after the first, and little beyond what it must keep."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import _native

LAYERS = keras.layers


def _cnn(convolutions: int = 12) -> tuple[Any, Any, Any]:
    same = {"padding": "same", "activation": "relu"}
    body = [
        LAYERS.Conv2D(16, 3, **same) for _ in range(convolutions)
    ]  # beside them: two gradients of one, and scratch
    model = keras.Sequential(
        [keras.Input((32, 32, 16)), *body, LAYERS.MaxPooling2D(), LAYERS.Flatten(), LAYERS.Dense(10)]
    )
    rng = np.random.default_rng(0)
    return model, rng.standard_normal((32, 32, 32, 16)).astype(np.float32), rng.integers(0, 10, 32)


def _short_cnn() -> tuple[Any, Any, Any]:
    return _cnn(6)


def _lstm() -> tuple[Any, Any, Any]:
    model = keras.Sequential(
        [
            keras.Input((64, 32)),
            *[LAYERS.LSTM(32, return_sequences=True) for _ in range(3)],
            LAYERS.LSTM(32),
            LAYERS.Dense(10),
        ]
    )
    rng = np.random.default_rng(0)
    return model, rng.standard_normal((32, 64, 32)).astype(np.float32), rng.integers(0, 10, 32)


def _compiled(make: Any) -> tuple[Any, Any, Any]:
    model, x, y = make()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.train_on_batch(x, y)
    model.train_on_batch(x, y)
    gc.collect()
    return model, x, y


def _kept(model: Any, batch: int) -> int:
    """Bytes of the activations of a step: each layer's output; of an LSTM four gates and the cell too."""
    total = 0
    for layer in model.layers:
        shape = layer.output.shape
        steps = layer.input.shape[1] if isinstance(layer, LAYERS.LSTM) else 1
        if isinstance(layer, LAYERS.LSTM):
            total += 4 * batch * steps * layer.units * 6
        elif not isinstance(layer, LAYERS.Flatten):  # which is a view
            total += 4 * batch * int(np.prod(shape[1:]))
    return total


@pytest.mark.parametrize("make", [_cnn, _lstm], ids=["cnn", "lstm"])
def test_steps_after_the_first_allocate_nothing_large(make: Any) -> None:
    model, x, y = _compiled(make)
    before = _native.cached_bytes()  # between steps all blocks are here
    model.fit(x, y, batch_size=len(x), epochs=3, verbose=0, shuffle=False)
    assert _native.cached_bytes() == before
    tracemalloc.start()  # which sees NumPy's own arrays, the native blocks not
    try:
        start = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        model.train_on_batch(x, y)
        grown = tracemalloc.get_traced_memory()[1] - start
    finally:
        tracemalloc.stop()
    assert grown < _kept(model, len(x)) / 20


@pytest.mark.parametrize("make", [_cnn, _short_cnn, _lstm], ids=["cnn", "short cnn", "lstm"])
def test_a_step_holds_half_as_much_again_as_it_keeps(make: Any) -> None:
    model, x, y = _compiled(make)
    _native.release_cached()
    model.train_on_batch(x, y)
    held = _native.cached_bytes()  # each block that the step ever had
    assert held <= 1.5 * _kept(model, len(x))


def test_activations_go_back_as_soon_as_their_gradient_has_passed() -> None:
    model, x, _ = _compiled(_cnn)
    with keras.GradientTape() as tape:
        loss = np.mean(model(x, training=True))
    recorded = _native.cached_bytes()
    tape.gradient(loss, model.trainable_variables)
    del loss
    assert _native.cached_bytes() - recorded >= _kept(model, len(x)) * 0.8
