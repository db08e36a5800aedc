"""Checkpoints: a training goes on to the bit, whatever killed it; a bad file never replaces a good one."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate.saving import Checkpoints, _safetensors, checkpoints


def model() -> Any:
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
    made.compile("adam", "mse")
    made.optimizer.build(made.trainable_variables)
    return made


def state(made: Any) -> list[Any]:
    slots = [np.array(v) for v in made.optimizer.variables]
    return [w.copy() for w in made.get_weights()] + slots + [made.layers[-1].seed_generator.state.numpy()]


def step(made: Any) -> None:
    made.train_on_batch(np.ones((4, 3), "f4"), np.ones((4, 2), "f4"))


def assert_same(a: list[Any], b: list[Any]) -> None:
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


class Patient:
    """A callback with state of each kind."""

    def __init__(self) -> None:
        self.best, self.wait, self.seen, self.monitor = np.float32(0.1), 3, {"loss": [1.0, 0.5]}, min
        self.best_weights: Any = None
        self.mask = np.array([True, False])


class Own:
    def __init__(self) -> None:
        self.count = 0

    def get_state(self) -> dict[str, Any]:
        return {"count": self.count}

    def set_state(self, state: dict[str, Any]) -> None:
        self.count = state["count"]


def test_everything_comes_back(tmp_path):
    first, other = model(), model()
    step(first)
    patient, own = Patient(), Own()
    patient.best_weights, own.count = first.get_weights(), 5
    keras.utils.set_random_seed(9)
    keras.random.uniform((2,))
    random.random()
    np.random.standard_normal(3)  # leaves half a pair behind
    Checkpoints(tmp_path).save(first, {"epoch": 3, "batch": 2, "seed": 7}, [patient, own])
    drawn = [keras.random.uniform((3,)), random.random(), np.random.standard_normal(2)]
    found, found_own = Patient(), Own()
    found.best, found.wait = np.float32(9), 0
    progress = Checkpoints(tmp_path).restore(other, [found, found_own])
    assert progress == {"epoch": 3, "batch": 2, "seed": 7}
    assert_same(state(first), state(other))
    again = [keras.random.uniform((3,)), random.random(), np.random.standard_normal(2)]
    assert_same(drawn, again)
    assert found.best == np.float32(0.1) and found.wait == 3 and found.seen == {"loss": [1.0, 0.5]}
    assert found_own.count == 5 and found.mask.tolist() == [True, False] and found.monitor is min
    assert_same(found.best_weights, patient.best_weights)
    step(first)
    step(other)
    assert_same(state(first), state(other))


def test_the_last_two_are_kept(tmp_path):
    made = model()
    (tmp_path / "checkpoint-12.safetensors").write_text("somebody else's")
    (tmp_path / ".checkpoint-0000000001.safetensors.abc.tmp").write_text("of a run that was killed")
    for epoch in range(4):
        step(made)
        Checkpoints(tmp_path).save(made, {"epoch": epoch})
    names = [path.name for path in Checkpoints(tmp_path).files()]
    assert names == ["checkpoint-0000000004.safetensors", "checkpoint-0000000003.safetensors"]
    assert sorted(os.listdir(tmp_path)) == [*reversed(names), "checkpoint-12.safetensors"]
    assert Checkpoints(tmp_path).restore(made) == {"epoch": 3}
    assert Checkpoints(tmp_path / "empty").restore(made) is None


def damaged(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "cut":
        content = content[: len(content) // 2]
    elif how == "weight":
        content[-5] ^= 1
    elif how == "state":
        content[content.index(b"epoch")] ^= 1
    elif how == "empty":
        content = bytearray()
    path.write_bytes(content)


@pytest.mark.parametrize("how", ["cut", "weight", "state", "empty"])
def test_a_damaged_one_falls_back_to_the_one_before(tmp_path, how):
    made = model()
    store = Checkpoints(tmp_path)
    store.save(made, {"epoch": 1})
    before = state(made)
    step(made)
    damaged(store.save(made, {"epoch": 2}), how)
    with pytest.warns(UserWarning, match=r"going back to checkpoint-0000000001\.safetensors"):
        assert store.restore(made) == {"epoch": 1}
    assert_same(before, state(made))
    damaged(store.files()[1], how)
    with pytest.raises(ValueError, match="no whole checkpoint"):
        store.restore(made)
    assert_same(before, state(made))


def test_every_changed_byte_is_seen(tmp_path, rng):
    made = model()
    path = Checkpoints(tmp_path).save(made, {"epoch": 1})
    assert path is not None
    good = path.read_bytes()
    arrays, values = checkpoints._unpack(path)
    for position in rng.choice(len(good), 400, replace=False):
        content = bytearray(good)
        content[position] ^= int(rng.integers(1, 256))
        path.write_bytes(content)
        try:
            found, found_values = checkpoints._unpack(path)
        except ValueError as error:
            assert path.name in str(error)
        else:  # white space of the header
            assert values == found_values and list(arrays) == list(found)
            assert_same(list(arrays.values()), list(found.values()))
    for size in range(0, len(good), 97):
        path.write_bytes(good[:size])
        with pytest.raises(ValueError, match=path.name):
            checkpoints._unpack(path)


@pytest.mark.parametrize("call", ["open", "fdopen", "fsync", "replace"])
def test_a_failing_disk_leaves_what_was_there(tmp_path, monkeypatch, call):
    made = model()
    store = Checkpoints(tmp_path)
    before = {
        path.name: path.read_bytes() for path in (store.save(made, {"epoch": i}) for i in range(2)) if path
    }
    step(made)

    def failing(*args: Any, **kwargs: Any) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(OSError, match="Input/output"):
        store.save(made, {"epoch": 2})
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_reads_otherwise_than_it_was_written(tmp_path, monkeypatch):
    made = model()
    store = Checkpoints(tmp_path)
    store.save(made, {"epoch": 1})
    monkeypatch.setattr(Path, "read_bytes", lambda self: b"something else")
    with pytest.raises(OSError, match="reads otherwise"):
        store.save(made, {"epoch": 2})
    monkeypatch.undo()
    assert len(os.listdir(tmp_path)) == 1 and store.restore(made) == {"epoch": 1}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_not_kept(tmp_path, value):
    made = model()
    store = Checkpoints(tmp_path)
    store.save(made, {"epoch": 1})
    made.layers[0].kernel.assign(np.full((3, 2), value, "f4"))
    with pytest.warns(UserWarning, match="layers/dense/vars/0 is not finite"):
        assert store.save(made, {"epoch": 2}) is None
    assert store.restore(made) == {"epoch": 1} and np.isfinite(made.get_weights()[0]).all()


def test_checkpoints_of_something_else(tmp_path):
    made = model()
    store = Checkpoints(tmp_path)
    path = store.save(made, {"epoch": 1}, [Own()])
    wider = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)])
    wider.compile("adam", "mse")
    other_rate = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.4)])
    other_rate.compile("adam", "mse")
    for wrong in (wider, other_rate):
        with pytest.raises(ValueError, match="another model"):
            store.restore(wrong, [Own()])
    sgd = model()
    sgd.compile("sgd", "mse")
    with pytest.raises(ValueError, match="optimizer Adam; the model has SGD"):
        store.restore(sgd, [Own()])
    with pytest.raises(ValueError, match=r"callbacks are \['Patient'\]; .* with \['Own'\]"):
        store.restore(model(), [Patient()])
    assert store.restore(model(), [Own()]) == {"epoch": 1}
    assert path is not None
    path.write_bytes(_safetensors.write_safetensors({"a": np.zeros(3)}, {"format": "foldgate.weights"}))
    with pytest.raises(ValueError, match=r"none of foldgate\.checkpoint"):
        store.restore(model(), [Own()])


def test_wrong_arguments(tmp_path):
    with pytest.raises(ValueError, match="keep is 0"):
        Checkpoints(tmp_path, keep=0)
    for name in ("", "../x", "a/b", ".x"):
        with pytest.raises(ValueError, match="name is"):
            Checkpoints(tmp_path, name)
    with pytest.raises(TypeError):
        Checkpoints(tmp_path).save(model(), {"epoch": object()})
    assert os.listdir(tmp_path) == []


def test_metrics_of_another_model(tmp_path):
    made, other = model(), model()
    step(made)
    store = Checkpoints(tmp_path)
    store.save(made, {"epoch": 1})
    store.restore(other)
    store.restore_within_epoch(other)
    other.compile("adam", "mse", metrics=["mae"])
    step(other)
    with pytest.raises(
        ValueError,
        match=r"metrics are \['Mean', 'CompiledMetrics', 'MeanAbsoluteError'\]; .* with \['Mean'\]",
    ):
        store.restore_within_epoch(other)
