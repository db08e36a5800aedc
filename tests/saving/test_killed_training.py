"""A training that is killed goes on to the bit."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

SCRIPT = """
import sys, time
import numpy as np
import foldgate as keras

folder, out, often, pause = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
keras.utils.set_random_seed(3)
layers = keras.layers
model = keras.Sequential([
    keras.Input((6, 3)),
    layers.GRU(8, dropout=0.2, return_sequences=True),
    layers.Conv1D(4, 3, activation="relu"),
    layers.BatchNormalization(),
    layers.Flatten(),
    layers.Dropout(0.3),
    layers.Dense(1),
])
schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 7, 0.9)
measures = ["mae", keras.metrics.R2Score(), keras.metrics.RootMeanSquaredError()]
model.compile(keras.optimizers.Adam(schedule), "mse", metrics=measures)
rng = np.random.default_rng(0)
x, y = rng.standard_normal((40, 6, 3)).astype("f4"), rng.standard_normal((40, 1)).astype("f4")


class Slow(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(pause)

    def on_epoch_begin(self, epoch, logs=None):
        np.random.random()  # somebody's draw between epochs


class Told(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("epoch", epoch, flush=True)


callbacks = [
    Slow(),
    keras.callbacks.EarlyStopping("loss", patience=100, restore_best_weights=False),
    keras.callbacks.BackupAndRestore(
        folder, save_freq=often if often == "epoch" else int(often), delete_checkpoint=False
    ),
    Told(),
]
history = model.fit(x, y, batch_size=8, epochs=8, verbose=0, callbacks=callbacks)
np.savez(out, *model.get_weights(), *[np.asarray(v) for v in model.optimizer.variables],
         loss=history.history["loss"], mae=history.history["mae"], r2=history.history["r2_score"],
         best=callbacks[1].best, draw=np.random.random(), stream=keras.random.uniform((3,)))
"""


def start(folder: Path, out: Path, often: str, pause: float = 0.0) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-c", SCRIPT, str(folder), str(out), often, str(pause)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a training gives that nobody killed."""
    folder = tmp_path_factory.mktemp("whole")
    with start(folder / "a", folder / "a.npz", "epoch") as training:
        assert training.wait() == 0
    return folder / "a.npz"


@pytest.mark.parametrize("often", ["epoch", "3"])
def test_a_killed_training_goes_on_to_the_bit(tmp_path, whole, often):
    for lines, delay in ((1, 0.0), (2, 0.03)):  # while the next epoch goes on, or its checkpoint is written
        with start(tmp_path / "b", tmp_path / "b.npz", often, pause=0.01) as killed:
            for _ in range(lines):
                assert killed.stdout is not None and killed.stdout.readline().startswith(b"epoch")
            time.sleep(delay)
            killed.send_signal(signal.SIGKILL)
            assert killed.wait() == -signal.SIGKILL
    assert list((tmp_path / "b").glob("*.safetensors")) and not (tmp_path / "b.npz").exists()
    with start(tmp_path / "b", tmp_path / "b.npz", often) as last:
        assert last.wait() == 0
    with np.load(whole) as a, np.load(tmp_path / "b.npz") as b:
        assert set(a) == set(b) and len(a["loss"]) == len(b["loss"]) == 8
        for name in a:  # the history of the runs before, too
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)
