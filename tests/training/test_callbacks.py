"""Callbacks: when they are told what, and what they do."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import callbacks


def model() -> Any:
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(0.05), "mse", metrics=["mae"])
    return made


def xy() -> tuple[Any, Any]:
    x = np.random.default_rng(0).normal(size=(24, 2)).astype(np.float32)
    return x, x @ np.array([[1.0], [-2.0]], np.float32)


def test_the_order_of_calls() -> None:
    told: list[str] = []
    names = [name for name in vars(callbacks.Callback) if name.startswith("on_")]

    class All(callbacks.Callback):
        pass

    for name in names:
        setattr(All, name, lambda self, *args, _name=name, **kwargs: told.append(_name))
    x, y = xy()
    made = model()
    made.fit(x, y, batch_size=12, verbose=0, callbacks=[All()], validation_data=(x, y))
    batch = ["on_train_batch_begin", "on_train_batch_end"]
    test = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_batch_begin"]
    expected = ["on_train_begin", "on_epoch_begin", *batch, *batch, *test, "on_test_batch_end", "on_test_end"]
    assert told == [*expected, "on_epoch_end", "on_train_end"]
    told.clear()
    made.predict(x, batch_size=24, verbose=0, callbacks=[All()])
    assert told == ["on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end"]


def test_batch_logs_are_the_results_so_far() -> None:
    seen: list[dict[str, float]] = []

    class Sees(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(dict(logs))

    x, y = xy()
    history = model().fit(x, y, batch_size=8, verbose=0, callbacks=[Sees()])
    assert [sorted(logs) for logs in seen] == [["loss", "mae"]] * 3
    assert seen[-1]["loss"] == history.history["loss"][0]


def test_early_stopping_restores_the_best_weights() -> None:
    x, y = xy()
    made = model()
    made.optimizer.learning_rate = 2.0  # every step makes it worse
    stop = callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    kept: list[Any] = []
    first = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(made.get_weights()))
    history = made.fit(x, y, epochs=20, verbose=0, callbacks=[stop, first])
    assert len(history.epoch) == 3 and stop.best_epoch == 0
    assert all(np.array_equal(a, b) for a, b in zip(kept[0], made.get_weights(), strict=True))


def test_a_monitor_that_is_not_there_warns() -> None:
    x, y = xy()
    with pytest.warns(UserWarning, match="'val_loss'.*loss, mae"):
        model().fit(x, y, verbose=0, callbacks=[callbacks.EarlyStopping()])


@pytest.mark.parametrize(
    ("monitor", "mode", "sign"), [("mae", "auto", -1.0), ("val_accuracy", "auto", 1.0), ("mae", "max", 1.0)]
)
def test_which_way_is_better(monitor: str, mode: str, sign: float) -> None:
    stop = callbacks.EarlyStopping(monitor, mode=mode)
    stop.set_model(model())
    assert stop._direction() == sign


def test_the_learning_rate_is_reduced_and_scheduled() -> None:
    x, y = xy()
    made = model()
    made.fit(x, y, epochs=3, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda e: 0.1 / (e + 1))])
    assert float(made.optimizer.learning_rate) == pytest.approx(0.1 / 3)
    made.optimizer.learning_rate = 1e-9
    reduce = callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, cooldown=1, min_lr=1e-11)
    history = made.fit(x, y, epochs=8, verbose=0, callbacks=[reduce])
    assert history.history["learning_rate"][0] == pytest.approx(1e-9)
    assert float(made.optimizer.learning_rate) == pytest.approx(1e-11)


def test_results_in_a_file(tmp_path: Path) -> None:
    x, y = xy()
    path = tmp_path / "log.csv"
    made = model()
    made.fit(x, y, epochs=2, verbose=0, callbacks=[callbacks.CSVLogger(path)], validation_data=(x, y))
    made.fit(x, y, epochs=1, verbose=0, callbacks=[callbacks.CSVLogger(path, append=True)])
    rows = path.read_text().splitlines()
    assert rows[0] == "epoch,loss,mae,val_loss,val_mae" and len(rows) == 4
    assert rows[1].startswith("0,") and rows[3].endswith(",NA,NA")


def test_nan_ends_the_training(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = xy()
    made = model()
    history = made.fit(x, y * np.nan, epochs=5, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert len(history.epoch) == 1 and made.stop_training
    assert "the loss is nan" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="the loss is nan at batch 0"):
        model().fit(x, y * np.nan, verbose=0, callbacks=[callbacks.TerminateOnNaN(raise_error=True)])


def test_averages_are_evaluated_and_weights_trained() -> None:
    x, y = xy()
    made = model()
    made.compile(keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=1.0), "mse")
    swap = callbacks.SwapEMAWeights()
    history = made.fit(x, y, epochs=2, batch_size=24, verbose=0, callbacks=[swap], validation_data=(x, y))
    # with a momentum of 1 the average stays what the first step made of it
    assert history.history["val_loss"][0] == pytest.approx(history.history["val_loss"][1], rel=1e-6)
    assert history.history["loss"][0] != history.history["loss"][1]


def test_tensorboard_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match="pip install tensorboardX"):
        model().fit(*xy(), verbose=0, callbacks=[callbacks.TensorBoard(tmp_path)])


def recorded(folder: Path) -> list[tuple[str, int, float | None]]:
    """The (tag, step, value) of a folder's event files, in order; the value of a histogram is None."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for file in sorted(folder.glob("events.*")):
        data, at = file.read_bytes(), 0
        while at < len(data):  # a record: its length, a checksum, the event, a checksum
            (length,) = struct.unpack_from("<Q", data, at)
            event = Event.FromString(data[at + 12 : at + 12 + length])
            at += 16 + length
            for value in event.summary.value:
                scalar = value.simple_value if value.WhichOneof("value") == "simple_value" else None
                found.append((value.tag, event.step, scalar))
    return found


def test_tensorboard_writes_what_the_history_has(tmp_path: Path) -> None:
    pytest.importorskip(
        "tensorboardX", reason="it writes the files; `pip install tensorboardX` to run this test"
    )
    board = callbacks.TensorBoard(tmp_path, histogram_freq=1, update_freq=2)
    history = model().fit(*xy(), epochs=2, validation_split=0.25, verbose=0, callbacks=[board]).history
    train, validation = recorded(tmp_path / "train"), recorded(tmp_path / "validation")
    losses = [value for tag, _, value in train if tag == "epoch_loss"]
    np.testing.assert_allclose(losses, history["loss"], rtol=1e-6)
    np.testing.assert_allclose(
        [v for tag, _, v in validation if tag == "epoch_loss"], history["val_loss"], rtol=1e-6
    )
    assert [step for tag, step, _ in train if tag == "epoch_loss"] == [0, 1]
    assert any(tag == "batch_loss" and step % 2 == 0 for tag, step, _ in train)
    assert sum(tag.endswith("histogram") for tag, _, _ in train) == 2 * len(board.model.weights)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: callbacks.EarlyStopping(mode="most"), "mode is 'most'"),
        (lambda: callbacks.ReduceLROnPlateau(factor=2.0), "factor is 2"),
        (lambda: callbacks.ModelCheckpoint("model.h5"), "filepath is 'model.h5'"),
        (lambda: callbacks.ModelCheckpoint("model.keras", save_freq="hour"), "save_freq is 'hour'"),
        (lambda: callbacks.LambdaCallback(on_noon=print), "on_noon"),
        (lambda: callbacks.BackupAndRestore(""), "backup_dir is empty"),
    ],
)
def test_wrong_use(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_checkpoint_paths_are_filled_in() -> None:
    checkpoint = callbacks.ModelCheckpoint("{epoch:02d}-{val_loss:.2f}.keras")
    assert checkpoint._path(2, 0, {"val_loss": 0.125}) == "03-0.12.keras"
    with pytest.raises(KeyError, match="val_loss"):
        checkpoint._path(2, 0, {"loss": 0.125})


def test_a_checkpoint_whose_monitor_is_not_there_is_saved_all_the_same(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    path = tmp_path / "model.keras"
    checkpoint = callbacks.ModelCheckpoint(path, monitor="unknown", mode="min", save_best_only=True)
    with pytest.warns(UserWarning, match="monitor is 'unknown'"):
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0, callbacks=[checkpoint])
    assert path.exists()
