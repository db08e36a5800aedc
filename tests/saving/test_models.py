"""Models and weights in files: they come back as they were, and what is wrong is refused and not run."""

from __future__ import annotations

import copy
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import saving
from foldgate.saving import _h5, _walk

h5py = pytest.importorskip("h5py")
layers = keras.layers


def cnn() -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3, kernel_regularizer="l2"),
        ]
    )


def skips() -> Any:
    x = keras.Input((6, 4))
    a = layers.Conv1D(4, 3, padding="same")(x)
    b = layers.Add()([a, x])
    c = layers.Concatenate()([b, layers.LayerNormalization()(a)])
    shared = layers.Dense(5, activation="tanh")
    return keras.Model(x, [layers.Dense(2)(shared(c)), shared(c)])


def recurrent() -> Any:
    words = keras.Input((7,), dtype="int32")
    x = layers.Embedding(11, 5, mask_zero=True)(words)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.TimeDistributed(layers.Dense(4))(x)
    x = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True)(x)
    x = keras.Sequential([layers.GRU(3, reset_after=False), layers.Dense(2)])(x)
    return keras.Model(words, x)


def attention() -> Any:
    x = keras.Input((5, 4))
    y = layers.MultiHeadAttention(2, 3)(x, x)
    return keras.Model(x, layers.GroupNormalization(2)(layers.Add()([x, y])))


MODELS = [cnn, skips, recurrent, attention]


def filled(model: Any, rng: np.random.Generator) -> Any:
    """The model with weights none of which is as it was made."""
    model.set_weights([rng.uniform(0.1, 0.9, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


def outputs(model: Any) -> list[Any]:
    shape = (3, *model.input_shape[1:])
    rng = np.random.default_rng(0)
    tensor = model.inputs[0] if hasattr(model, "inputs") else None
    whole = tensor is not None and str(tensor.dtype).startswith("int")
    x = rng.integers(0, 11, shape) if whole else rng.standard_normal(shape).astype("f4")
    y = model(x)
    return list(y) if isinstance(y, (list, tuple)) else [y]


def assert_equal(a: Any, b: Any) -> None:
    assert len(a.get_weights()) == len(b.get_weights()) > 0
    for x, y in zip(a.get_weights() + outputs(a), b.get_weights() + outputs(b), strict=True):
        np.testing.assert_array_equal(x, y)


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


# --- wrong use ---


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


# --- files that are wrong ---


@pytest.fixture
def saved(tmp_path: Path, rng: np.random.Generator) -> Path:
    filled(cnn(), rng).save(tmp_path / "good.keras")
    return tmp_path / "good.keras"


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def with_layer(saved: Path, layer: Any) -> Path:
    """The saved model, its second layer's configuration replaced."""
    content = members(saved)
    config = json.loads(content["config.json"])
    config["config"]["layers"][2] = layer
    return write(saved.with_name("bad.keras"), {**content, "config.json": json.dumps(config).encode()})


MARSHAL = {"class_name": "__lambda__", "config": {"value": "4wEAAAA=", "defaults": None, "closure": None}}
LAYERS = {
    "Lambda": {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "x", "function": MARSHAL},
    },
    "marshal": {
        "module": "builtins",
        "class_name": "function",
        "config": MARSHAL,
        "registered_name": "function",
    },
    "lambda": MARSHAL,
    "os": {"module": "os", "class_name": "system", "config": "true", "registered_name": None},
    "subprocess": {"module": "subprocess", "class_name": "Popen", "config": {"args": ["true"]}},
    "builtins": {"module": "builtins", "class_name": "eval", "config": {"expression": "1"}},
    "function": {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"},
    "utility": {"module": "keras.utils", "class_name": "get_file", "config": {"fname": "x", "origin": "x"}},
    "our utility": {"module": "foldgate.saving", "class_name": "load_model", "config": {"filepath": "x"}},
    "inside": {"module": "keras.src.utils.python_utils", "class_name": "func_load", "config": {"code": ""}},
    "dotted": {"module": "keras.layers", "class_name": "layer.sys.exit", "config": {}},
    "private": {"module": "keras.layers", "class_name": "__loader__", "config": {}},
    "vocabulary": {
        "module": "keras.layers",
        "class_name": "TextVectorization",
        "config": {"vocabulary": "/etc/passwd"},
    },
    "module a list": {"module": [], "class_name": "Dense", "config": {"units": 2}},
    "class a number": {"module": "keras.layers", "class_name": 3, "config": {}},
    "config a text": {"module": "keras.layers", "class_name": "Dense", "config": "units"},
    "config missing": {"module": "keras.layers", "class_name": "Dense"},
    "argument unknown": {"module": "keras.layers", "class_name": "Dense", "config": {"units": 2, "x": 3}},
    "argument a dict": {"module": "keras.layers", "class_name": "Dense", "config": {"units": {"a": 1}}},
    "units negative": {"module": "keras.layers", "class_name": "Dense", "config": {"units": -1}},
    "no layer": {"module": "keras.initializers", "class_name": "Zeros", "config": {}},
    "a number": 3,
    "nothing": None,
}


@pytest.mark.parametrize("name", LAYERS)
def test_configurations_that_are_refused(saved, name):
    with pytest.raises(ValueError, match=r"bad\.keras"):
        saving.load_model(with_layer(saved, LAYERS[name]))


@pytest.mark.parametrize("units", [10**7, 10**10, 10**18, 10**30])
def test_a_layer_larger_than_the_file_is_never_made(saved, units):
    dense = {"module": "keras.layers", "class_name": "Dense", "config": {"units": units, "name": "big"}}
    path = with_layer(saved, dense)
    with pytest.raises(ValueError, match=r"bad\.keras.*big"):
        saving.load_model(path)


def test_configurations_with_any_value_replaced(saved, rng):
    content = members(saved)
    good = json.loads(content["config.json"])
    places = list(leaves(good))
    wrong = [
        None,
        -1,
        0,
        2**70,
        1.5,
        float("nan"),
        "",
        "x",
        [],
        [1],
        {},
        True,
        "/etc/passwd",
        {"class_name": "x"},
    ]
    for place in places[:: max(1, len(places) // 60)]:
        config = copy.deepcopy(good)
        holder: Any = config
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = wrong[rng.integers(len(wrong))]
        bad = write(saved.with_name("bad.keras"), {**content, "config.json": json.dumps(config).encode()})
        try:
            saving.load_model(bad)
        except ValueError as error:
            assert "bad.keras" in str(error)


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in pairs:
        yield (*place, key)
        yield from leaves(part, (*place, key))


@pytest.mark.parametrize("kind", ["keras", "weights.h5", "safetensors"])
def test_files_with_bytes_changed_or_cut(tmp_path, rng, kind):
    model = filled(keras.Sequential([keras.Input((2,)), layers.Dense(3)]), rng)
    path = tmp_path / f"bad.{kind}"
    (model.save if kind == "keras" else model.save_weights)(path)
    good = path.read_bytes()
    for trial in range(150):
        content = bytearray(good)
        if trial % 3 == 0:
            del content[rng.integers(len(good)) :]
        for _ in range(0 if trial % 3 == 0 else rng.integers(1, 5)):
            content[rng.integers(len(good))] = rng.integers(256)
        path.write_bytes(content)
        try:
            saving.load_model(path) if kind == "keras" else model.load_weights(path)
        except ValueError as error:
            assert "bad." in str(error)


def test_links_to_other_files_are_not_followed(tmp_path, saved):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = np.ones((3, 3, 2, 4), "f4")
    content = members(saved)
    buffer = io.BytesIO(content["model.weights.h5"])
    with h5py.File(buffer, "a") as file:
        del file["layers/conv2d/vars/0"]
        file["layers/conv2d/vars/0"] = h5py.ExternalLink(str(secret), "x")
    bad = write(tmp_path / "bad.keras", {**content, "model.weights.h5": buffer.getvalue()})
    with pytest.raises(ValueError, match=r"conv2d/vars/0 is a link"):
        saving.load_model(bad)


def test_weights_that_are_missing(saved):
    content = members(saved)
    empty = _h5.write_h5({"": {}}, {})
    bad = write(saved.with_name("bad.keras"), {**content, "model.weights.h5": empty})
    with pytest.raises(ValueError, match=r"bad\.keras"):
        saving.load_model(bad)
