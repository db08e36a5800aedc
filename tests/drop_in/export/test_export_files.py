"""The file that `foldgate.onnx.export` writes, and what it refuses."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from export_checks import check, run, values

import foldgate as keras

L = keras.layers

onnx = pytest.importorskip("onnx")


@pytest.fixture
def export():
    from foldgate.onnx import export

    return export


def small():
    return keras.Sequential([keras.Input((None, 3), name="x"), L.GRU(4), L.Dense(2, name="y")])


def test_names_axes_and_the_checker(tmp_path, export):
    path = tmp_path / "model.onnx"
    export(small(), path, doc_string="a test")
    file = onnx.load(path)
    onnx.checker.check_model(file, full_check=True)
    x, y = file.graph.input[0], file.graph.output[0]
    assert (x.name, y.name) == ("x", "y")
    assert [d.dim_param or d.dim_value for d in x.type.tensor_type.shape.dim] == ["batch", "time", 3]
    assert [d.dim_param or d.dim_value for d in y.type.tensor_type.shape.dim] == ["batch", 2]
    assert file.graph.doc_string == "a test"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("opset", [18, 20, 21])
def test_opsets(opset):
    file = check(small(), values(2, 5, 3), opset=opset)
    assert file.opset_import[0].version == opset


def test_names_of_ones_own(export):
    file = export(small(), input_names=["sound"], output_names=["word"])
    assert (file.graph.input[0].name, file.graph.output[0].name) == ("sound", "word")


def test_an_output_that_is_an_input_and_one_twice(export):
    inputs = keras.Input((3,), name="x")
    y = L.Dense(3, name="y")(inputs)
    file = export(keras.Model(inputs, [inputs, y, y]))
    names = [entry.name for entry in file.graph.output]
    assert len({*names, "x"}) == 4
    x = values(2, 3)
    found = run(file, [x])
    np.testing.assert_array_equal(found[0], x)
    np.testing.assert_array_equal(found[1], found[2])


class Own(L.Layer):
    def call(self, inputs):
        return inputs * 2

    def compute_output_shape(self, input_shape):
        return input_shape


class Doubled(L.Dense):
    def call(self, inputs):
        return super().call(inputs) * 2


def refused():
    x = keras.Input((4, 3))
    yield Own(name="mine")(x), "'mine' (Own)"
    yield Doubled(3, name="twice")(x), "'twice' (Doubled)"
    yield L.LSTM(3, activation="gelu", name="odd")(x), "'odd' (LSTM)"
    yield L.Dense(3, activation="sparsemax", name="sparse")(x), "'sparse' (Dense)"
    yield L.RNN(Cell(), name="cell")(x), "'cell' (RNN)"
    yield np.cumsum(x, axis=1), "Cumsum"
    inner = keras.Sequential([keras.Input((4, 3)), Own(name="deep")], name="inner")
    yield inner(x), "'inner/deep' (Own)"


class Cell:
    state_size = 3

    def call(self, inputs, states):
        return inputs + states[0], [inputs + states[0]]


@pytest.mark.parametrize("case", range(7))
def test_what_is_missing_is_named_before_anything_is_written(case, tmp_path, export):
    outputs, words = list(refused())[case]
    node = outputs._keras_history.node
    while node.input_tensors:
        node = node.parents[0]
    path = tmp_path / "model.onnx"
    path.write_text("as it was")
    with pytest.raises(ValueError, match=r"onnx\.export: layer") as error:
        export(keras.Model(node.outputs, outputs), path)
    assert words in str(error.value)
    assert path.read_text() == "as it was"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("signature", [None, [(None, 3)], [keras.InputSpec(shape=(1, 3))]])
def test_a_model_exports_itself_as_in_keras(tmp_path, capsys, signature, export):
    model = keras.Sequential([keras.Input((3,)), L.Dense(2)])
    model.export(tmp_path / "x.onnx", format="onnx", input_signature=signature, opset_version=19)
    assert "x.onnx" in capsys.readouterr().out
    assert (tmp_path / "x.onnx").read_bytes() == export(model, opset=19).SerializeToString(deterministic=True)
    model.export(str(tmp_path / "y.onnx"), "onnx", verbose=False)
    assert not capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "export: format is 'tf_saved_model'; expected 'onnx'"),
        ({"format": "onnx", "input_signature": [(None, 4)]}, r"input_signature has the shapes .*; expected"),
        ({"format": "onnx", "input_signature": 3}, "input_signature is 3; expected a shape"),
    ],
)
def test_a_model_says_what_it_cannot_export(arguments, words):
    model = keras.Sequential([keras.Input((3,)), L.Dense(2)])
    with pytest.raises((TypeError, ValueError), match=words):
        model.export("nowhere", **arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"opset": 12}, "opset is 12; expected 18 to"),
        ({"input_names": ["a", "b"]}, "input_names"),
        ({"output_names": "ab"}, "output_names"),
    ],
)
def test_wrong_arguments(arguments, words, export):
    with pytest.raises(ValueError, match=words):
        export(small(), **arguments)


def test_models_that_cannot_be_read(export):
    with pytest.raises(ValueError, match="is not built"):
        export(keras.Sequential([L.Dense(3)]))

    class Mine(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(ValueError, match="Mine"):
        export(Mine())


def test_without_the_package(monkeypatch, export):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="needs the package onnx"):
        export(small())
