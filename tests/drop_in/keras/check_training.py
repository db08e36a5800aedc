"""Whole models with foldgate's kernels against themselves without: fit, predict, files, threads."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from under_keras import every_size, keras, needs_gradients, needs_plain_windows, same, with_and_without

import foldgate.keras

L = keras.layers


def convolutional() -> Any:
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            L.Conv2D(6, 3, activation="relu"),
            L.MaxPooling2D(),
            L.SeparableConv2D(8, 3, padding="same", activation="relu"),
            L.AveragePooling2D(2),
            L.Flatten(),
            L.Dense(3, activation="softmax"),
        ]
    )


def recurrent() -> Any:
    return keras.Sequential(
        [
            keras.Input((9,)),
            L.Embedding(20, 6, mask_zero=True),
            L.Bidirectional(L.GRU(5, return_sequences=True)),
            L.LSTM(6, dropout=0.2, seed=1),
            L.Dense(3, activation="softmax"),
        ]
    )


def data(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = rng.normal(size=(32, 12, 12, 1)).astype("float32") if kind == "convolutional" else None
    ids = rng.integers(0, 20, (32, 9))
    return (ids if x is None else x), rng.integers(0, 3, 32)


MODELS = {"convolutional": convolutional, "recurrent": recurrent}


@needs_gradients
@pytest.mark.parametrize("kind", MODELS)
def test_fit_comes_to_the_same_losses(kind: str, rng: Any) -> None:
    x, y = data(kind, rng)

    def losses() -> list[float]:
        keras.utils.set_random_seed(0)
        model = MODELS[kind]()
        model.compile("adam", "sparse_categorical_crossentropy")
        return list(model.fit(x, y, batch_size=8, epochs=3, verbose=0).history["loss"])

    plain = losses()
    with every_size(), foldgate.keras.enabled():
        foldgate.keras.calls(reset=True)
        found = losses()
    counted = foldgate.keras.calls()
    for name in ("conv", "max_pool", "separable_conv") if kind == "convolutional" else ("lstm", "gru"):
        assert counted[name][0] >= 12
    np.testing.assert_allclose(found, plain, rtol=2e-5)
    assert plain[-1] < plain[0]


@needs_plain_windows
@pytest.mark.parametrize("kind", MODELS)
def test_a_file_is_the_same_with_and_without(kind: str, rng: Any, tmp_path: Path) -> None:
    x, _ = data(kind, rng)
    file = tmp_path / "model.keras"
    with foldgate.keras.enabled():
        model = MODELS[kind]()
        found = model.predict(x, verbose=0)
        model.save(file)
    again = keras.saving.load_model(file)
    np.testing.assert_allclose(again.predict(x, verbose=0), found, rtol=2e-5, atol=1e-6)
    with foldgate.keras.enabled():
        np.testing.assert_array_equal(again.predict(x, verbose=0), found)


def test_many_threads_switch_and_call(rng: Any) -> None:
    layer, x = L.LSTM(8, return_sequences=True), rng.normal(size=(4, 10, 3)).astype("float32")
    plain = keras.ops.convert_to_numpy(layer(x))
    faults: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(30):
                with foldgate.keras.enabled():
                    assert foldgate.keras.is_enabled()
                    found = keras.ops.convert_to_numpy(layer(x))
                    np.testing.assert_allclose(found, plain, rtol=2e-5, atol=2e-5)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert not foldgate.keras.is_enabled()


@needs_gradients
def test_a_checkpointed_layer_unpacks_its_tensors_once(rng: Any) -> None:
    import torch
    from torch.utils.checkpoint import checkpoint

    layer = L.LSTM(5)
    layer.build((4, 6, 3))
    x = rng.normal(size=(4, 6, 3)).astype("float32")

    def call() -> Any:
        inputs = torch.tensor(x, requires_grad=True)
        return torch.autograd.grad(checkpoint(layer, inputs, use_reentrant=False).sum(), inputs)[0]

    same(*with_and_without(call, "lstm"))
