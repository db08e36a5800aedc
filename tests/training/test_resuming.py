"""Trainings that are killed and go on, and models that are saved on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import callbacks


def model() -> Any:
    made = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1),
        ]
    )
    made.compile("adam", "mse")
    return made


def xy() -> tuple[Any, Any]:
    x = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    return x, x[:, :1] - 2 * x[:, 1:2]


class KilledError(Exception):
    pass


def killed_in(epoch: int) -> Any:
    def kill(batch: int, logs: Any) -> None:
        if seen["epoch"] == epoch and batch == 2:
            raise KilledError

    seen = {"epoch": 0}
    return callbacks.LambdaCallback(
        on_epoch_begin=lambda number, logs: seen.update(epoch=number), on_train_batch_end=kill
    )


def test_a_killed_training_goes_on_to_the_bit(tmp_path: Path) -> None:
    x, y = xy()
    options: dict[str, Any] = {"epochs": 6, "batch_size": 8, "verbose": 0}
    keras.utils.set_random_seed(5)
    whole = model()
    whole.fit(x, y, **options)
    keras.utils.set_random_seed(5)
    broken = model()
    backup = callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KilledError):
        broken.fit(x, y, callbacks=[backup, killed_in(3)], **options)
    keras.utils.set_random_seed(99)  # a new process: nothing is left but the files
    again = model()
    backup = callbacks.BackupAndRestore(tmp_path / "backup")
    history = again.fit(x, y, callbacks=[backup, killed_in(99)], **options)
    assert history.epoch == [*range(6)] and history.history == whole.history.history
    for a, b in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not (tmp_path / "backup").exists()


def test_the_best_model_is_saved_and_loads(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    x, y = xy()
    made = model()
    path = tmp_path / "models" / "best-{epoch:02d}.keras"
    made.fit(
        x, y, epochs=3, verbose=0, callbacks=[callbacks.ModelCheckpoint(path, "loss", save_best_only=True)]
    )
    found = sorted(path.parent.iterdir())
    assert found
    again = keras.models.load_model(found[-1])
    assert again.optimizer.iterations.numpy() > 0 and again.loss == "mse"
    assert again.predict(x, verbose=0).shape == (40, 1)


def test_weights_are_saved_by_batches(tmp_path: Path) -> None:
    x, y = xy()
    made = model()
    path = tmp_path / "weights-{epoch}-{batch}.safetensors"
    saves = callbacks.ModelCheckpoint(path, save_weights_only=True, save_freq=2)
    made.fit(x, y, batch_size=10, verbose=0, callbacks=[saves])
    assert [file.name for file in sorted(tmp_path.iterdir())] == [
        "weights-1-2.safetensors",
        "weights-1-4.safetensors",
    ]
    again = model()
    again.optimizer.build(again.trainable_variables)
    again.load_weights(tmp_path / "weights-1-4.safetensors")
    for a, b in zip(made.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
