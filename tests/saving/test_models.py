"""Models and weights in files: they come back as they were, and what is wrong is refused and not run."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from saved_models import MODELS, assert_equal, cnn, filled, recurrent, skips

import foldgate as keras
from foldgate import saving
from foldgate.saving import _walk

h5py = pytest.importorskip("h5py")

layers = keras.layers


@pytest.mark.parametrize("make", MODELS)
def test_a_model_comes_back(tmp_path, rng, make):
    model = filled(make(), rng)
    model.save(tmp_path / "x.keras")
    other = saving.load_model(tmp_path / "x.keras")
    assert type(other) is type(model)
    assert_equal(model, other)
    assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
    assert os.listdir(tmp_path) == ["x.keras"]


@pytest.mark.parametrize("ending", ["weights.h5", "safetensors", "keras"])
@pytest.mark.parametrize("make", MODELS)
def test_weights_come_back(tmp_path, rng, make, ending):
    model, other = filled(make(), rng), make()
    path = tmp_path / f"x.{ending}"
    (model.save if ending == "keras" else model.save_weights)(path)
    other.load_weights(path)
    assert_equal(model, other)


def test_float64_stays(tmp_path, rng):
    model = keras.Sequential([keras.Input((3,), dtype="float64"), layers.Dense(2, dtype="float64")])
    model.save(tmp_path / "x.keras")
    model.save_weights(tmp_path / "x.safetensors")
    other = saving.load_model(tmp_path / "x.keras")
    assert other.weights[0].dtype == np.float64
    assert_equal(model, other)


def test_places_in_the_file():
    paths = {path for path, _ in _walk.walk(recurrent())}
    assert {
        "layers/embedding",
        "layers/bidirectional/forward_layer/cell",
        "layers/bidirectional/backward_layer/cell",
        "layers/time_distributed/layer",
        "layers/rnn/cell/cells/lstm_cell",
        "layers/rnn/cell/cells/gru_cell",
        "layers/sequential/layers/gru/cell",
        "layers/sequential/layers/dense",
        "layers/input_layer",
    } <= paths
    assert {"layers/dense", "layers/dense_1"} <= {path for path, _ in _walk.walk(skips())}
    assert "layers/input_layer" not in {path for path, _ in _walk.walk(cnn())}


def test_the_same_model_gives_the_same_bytes(tmp_path, rng):
    model = filled(cnn(), rng)
    for name in "ab":
        model.save_weights(tmp_path / f"{name}.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


class Doubled(layers.Layer):
    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor
        self.parts = [layers.Dense(3), {"x": layers.Dense(3)}]

    def call(self, inputs: Any) -> Any:
        return self.factor * self.parts[1]["x"](self.parts[0](inputs))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def test_a_class_of_ones_own(tmp_path, rng):
    model = keras.Sequential([keras.Input((3,)), Doubled(3.0)])
    model(np.zeros((1, 3), "f4"))
    filled(model, rng).save(tmp_path / "x.keras")
    with pytest.raises(ValueError, match="Doubled"):
        saving.load_model(tmp_path / "x.keras")
    other = saving.load_model(tmp_path / "x.keras", custom_objects={"Doubled": Doubled})
    assert_equal(model, other)
    places = {path for path, _ in _walk.walk(model)}
    assert {"layers/doubled/parts/dense", "layers/doubled/parts/container/dense"} <= places


def test_names_and_models_that_are_refused(tmp_path):
    model = cnn()
    for call, words in (
        (lambda: model.save(tmp_path / "x.h5"), "ends in .keras"),
        (lambda: saving.load_model(tmp_path / "x.h5"), "ends in .keras"),
        (lambda: model.save_weights(tmp_path / "x.h5"), "ends in .weights.h5"),
        (lambda: model.load_weights(tmp_path / "x.npz"), "expected a name that ends in .weights.h5"),
        (
            lambda: saving.save_model(model, tmp_path / "x.keras", zipped=False),
            "zipped is False; expected None or True",
        ),
        (lambda: saving.load_model(tmp_path / "x.keras", safe_mode=False), "safe_mode is False"),
        (lambda: keras.Sequential([layers.Dense(2)]).save(tmp_path / "x.keras"), "not built"),
        (lambda: keras.Sequential([layers.Dense(2)]).load_weights(tmp_path / "x.safetensors"), "not built"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    for load in (saving.load_model, model.load_weights):
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "nowhere.keras")
    model.save(tmp_path / "x.keras")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.save(tmp_path / "x.keras", overwrite=False)


@pytest.mark.parametrize("ending", ["weights.h5", "safetensors"])
def test_weights_of_another_model(tmp_path, rng, ending):
    model = filled(cnn(), rng)
    before = [w.copy() for w in model.get_weights()]
    other = keras.Sequential([keras.Input((8, 8, 2)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3)])
    filled(other, rng).save_weights(tmp_path / f"x.{ending}")
    with pytest.raises(ValueError, match=r"layers/batch_normalization does not fit"):
        model.load_weights(tmp_path / f"x.{ending}")
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # not half of it
    with pytest.warns(UserWarning, match="2 objects keep what they had"):
        model.load_weights(tmp_path / f"x.{ending}", skip_mismatch=True)
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])
    np.testing.assert_array_equal(model.get_weights()[2], before[2])


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    model = cnn()
    path = tmp_path / "x.keras"
    model.save(path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    for name in ("x.keras", "x.safetensors"):
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            (model.save if name == "x.keras" else model.save_weights)(tmp_path / name)
        monkeypatch.undo()
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["x.keras"]
