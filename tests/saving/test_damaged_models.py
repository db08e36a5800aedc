"""`.keras` files that are damaged or hostile are refused, and nothing of them is run."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_models import cnn, filled

import foldgate as keras
from foldgate import saving
from foldgate.saving import _h5

h5py = pytest.importorskip("h5py")
layers = keras.layers


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
