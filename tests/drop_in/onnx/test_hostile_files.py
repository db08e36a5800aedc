"""Damaged and hostile files: a ValueError that names what is wrong, before anything is allocated for it."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper, parser  # noqa: E402

import foldgate.onnx  # noqa: E402
from foldgate.onnx._functions import taken_apart  # noqa: E402
from foldgate.onnx._infer import inferred  # noqa: E402


def model(weights):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1, "w"]) for name in "xy")
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="c")
    return helper.make_model(helper.make_graph([node], "hostile", [x], [y], initializer=[weights]))


def weights(shape=(1, 1, 2)):
    return numpy_helper.from_array(np.ones(shape, np.float32), "w")


def external(**entries):
    tensor = weights()
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in entries.items():
        tensor.external_data.add(key=key, value=str(text))
    return tensor


def refused(path_or_proto, words):
    with pytest.raises(ValueError) as caught:
        foldgate.onnx.Session(path_or_proto)
    assert words in str(caught.value), str(caught.value)


HEAD = '<ir_version: 8, opset_import: ["": 17]> hostile (float[n] x, int64[100000000] many) => (float[n] y) '


@contextlib.contextmanager
def little_memory():
    """No more than 256 MB beside what is taken already."""
    limit, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


@pytest.mark.parametrize("dims", [(-1, 1, 2), (1, 1, 3), (2**31, 2**31, 1), (1, 1, 2**62)])
def test_dims_that_the_data_does_not_fill(dims):
    tensor = weights()
    del tensor.dims[:]
    tensor.dims.extend(dims)
    refused(model(tensor), "'w'")


def test_raw_data_of_another_length():
    tensor = weights()
    tensor.raw_data = tensor.raw_data[:-1]
    refused(model(tensor), "7 bytes of raw_data")


def test_typed_values_of_another_number():
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, 1, 2], float_data=[1.0])
    refused(model(tensor), "1 values in float_data")


def test_an_unknown_data_type():
    tensor = weights()
    tensor.data_type = 99
    refused(model(tensor), "data type 99")


@pytest.mark.parametrize("shape", [(2,), (1, 1), (1, 1, 2, 2)])
def test_weights_of_another_rank(shape):
    refused(model(weights(shape)), "node 'c' (Conv): W has")


@pytest.mark.parametrize(
    "location",
    ["../secret.bin", "{tmp}/secret.bin", "link.bin", "folder/../../secret.bin", "", "no.bin", "a\0b"],
)
def test_external_data_stays_in_the_models_folder(tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(8))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    path = folder / "model.onnx"
    path.write_bytes(model(external(location=location.format(tmp=tmp_path))).SerializeToString())
    refused(path, "inside the model's folder")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"offset": -4}, "offset '-4'"),
        ({"offset": 100}, "the file has 16"),
        ({"offset": 12, "length": 8}, "the file has 16"),
        ({"offset": 0, "length": 4}, "4 bytes; its dims and type take 8"),
        ({"length": 2**70}, "expected a number of bytes"),
    ],
)
def test_external_data_beyond_its_file(tmp_path, entries, words):
    (tmp_path / "data.bin").write_bytes(bytes(16))
    path = tmp_path / "model.onnx"
    path.write_bytes(model(external(location="data.bin", **entries)).SerializeToString())
    refused(path, words)


@pytest.mark.parametrize("length", [{"length": 8}, {}])
def test_external_data_is_read_from_the_folder(tmp_path, length):
    (tmp_path / "data.bin").write_bytes(bytes(8) + np.array([1, 10, 7], np.float32).tobytes())
    path = tmp_path / "model.onnx"
    proto = model(external(location="data.bin", offset=8, **length))
    path.write_bytes(proto.SerializeToString())
    (y,) = foldgate.onnx.Session(path).run(None, {"x": np.array([[[1, 2, 3]]], np.float32)})
    np.testing.assert_array_equal(y, [[[21, 32]]])
    refused(proto, "loaded by its path")


def test_a_file_that_is_cut_anywhere_is_refused_or_whole():
    data = model(weights()).SerializeToString()
    for length in range(len(data)):
        try:
            foldgate.onnx.Session(data[:length])
        except ValueError:
            continue
        pytest.fail(f"{length} of {len(data)} bytes were taken for a model")


def test_large_results_are_not_computed_at_load():
    shape = numpy_helper.from_array(np.array([2**20, 2**20], np.int64), "shape")
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    node = helper.make_node("ConstantOfShape", ["shape"], ["y"], name="huge")
    proto = helper.make_model(helper.make_graph([node], "hostile", [], [y], initializer=[shape]))
    session = foldgate.onnx.Session(proto)  # a run would ask for 4 TiB
    with pytest.raises(MemoryError, match="node 'huge'"):
        session.run(None, {})


@pytest.mark.parametrize(("op", "back", "steps"), [("Concat", 0, 30), ("Concat", 1, 40), ("Neg", None, 300)])
def test_what_many_nodes_make_of_constants_is_not_computed_at_load(op, back, steps):
    start = numpy_helper.from_array(np.ones(2**18 if op == "Neg" else 2, np.float32), "v0")
    nodes = []
    for i in range(steps):  # each doubles, grows by the one before, or is as large as the last
        names = [f"v{i}"] if op == "Neg" else [f"v{i}", f"v{max(i - back, 0)}"]
        nodes.append(helper.make_node(op, names, [f"v{i + 1}"], **({} if op == "Neg" else {"axis": 0})))
    y = helper.make_tensor_value_info(f"v{steps}", TensorProto.FLOAT, None)
    proto = helper.make_model(helper.make_graph(nodes, "hostile", [], [y], initializer=[start]))
    with little_memory():
        foldgate.onnx.Session(proto)


@pytest.mark.parametrize(
    "body",
    [
        "<float[1,2,1] d = {1, 2}, int64[2] e = {1000000, 1000000}>"
        "{ n = ReduceProd<keepdims = 0>(e) z = DFT<axis = 1>(d, n)",
        "<float[1,1,1,1] d = {1}, float[1,4] q = {0, 0, 1, 1}, bool[1] c = {1}, int64[1] a = {0}>"
        "{ r = Compress<axis = 0>(q, c) b = Compress(a, c) "
        "z = RoiAlign<output_height = 16000, output_width = 16000>(d, r, b)",
    ],
)
def test_values_that_are_far_more_than_what_they_come_from_are_not_computed_at_load(body):
    text = HEAD.replace("(float[n] y)", "(float[n] y, float[] z)") + body + " y = Relu(x) }"
    with little_memory():
        foldgate.onnx.Session(parser.parse_model(text))


def test_values_written_twice_and_never():
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"])]
    refused(helper.make_model(helper.make_graph(nodes, "g", [x], [y])), "'y' is written twice")
    nodes = [helper.make_node("Relu", ["nowhere"], ["y"])]
    refused(helper.make_model(helper.make_graph(nodes, "g", [x], [y])), "'nowhere'")


def of_node(op, inputs, outputs, opset=20, **attributes):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2, "w", "h"]) for name in "xy")
    node = helper.make_node(op, inputs, outputs, name="c", **attributes)
    graph = helper.make_graph([node], "hostile", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def test_nodes_of_other_counts_and_kinds_than_their_operators_have():
    refused(of_node("Slice", [], ["y"]), "'c' (Slice) has 0 inputs; expected 3 to 5")
    refused(of_node("Conv", [], ["y"]), "'c' (Conv) has 0 inputs; expected 2 to 3")
    refused(of_node("Relu", ["x", "x"], ["y"]), "'c' (Relu) has 2 inputs; expected 1")
    refused(of_node("Relu", ["x"], ["y", "z"]), "'c' (Relu) has 2 outputs; expected 1")
    refused(of_node("Resize", ["", "", "x"], ["y"]), "'c' (Resize) has no input 'X'; expected one")
    inner = helper.make_graph([], "inner", [], [])
    refused(
        of_node("Slice", ["x"], ["y"], 9, starts=inner, ends=[1]),
        "'starts' is graph; expected ints",
    )
    refused(
        of_node("If", ["x"], ["y"], then_branch=[1], else_branch=[1]),
        "is ints; expected graph",
    )


def test_a_graph_that_gives_a_value_without_a_name():
    model = of_node("Relu", ["x"], ["y"])
    model.graph.output[0].name = ""
    refused(model, "graph 'hostile' has an input or output without a name")


@pytest.mark.parametrize(
    "body",
    [
        "<int64[1] s = {100000000}, int64[1] one = {1}> { c = ConstantOfShape(s) d = Concat<axis=0>(one, c)",
        "<int64[1] s = {100000000}> { a = Identity(s) c = ConstantOfShape(a) d = Cast<to=7>(c)",
        "<int64[1] s = {100000000}> { a = Cast<to=7>(s) c = ConstantOfShape(a) d = Cast<to=7>(c)",
        "<int64[1] one = {1}> { c = Gather(many, one) d = Mul(many, one)",
        "<int64[2] one = {1, 1}> { a0 = Concat<axis=0>(one, one) "
        + " ".join(f"a{i + 1} = Concat<axis=0>(a{i}, a{i})" for i in range(30)),
        "<int64[1, 1] a0 = {0}> { " + " ".join(f"a{i + 1} = Gather(a{i}, a{i})" for i in range(40)),
        "<int64[1, 1] a0 = {0}, int64[1, 1] a1 = {0}> { "
        + " ".join(f"a{i + 2} = Gather(a{i + 1}, a{i})" for i in range(60)),
        "<bool b = {1}> { z = If(b) <then_branch = g () => (int64[m] t) { t = Mul(many, many) },"
        " else_branch = h () => (int64[m] t) { t = Identity(many) }>",
    ],
)
def test_no_memory_is_taken_for_the_shapes_of_what_is_not_read(body):
    model = parser.parse_model(HEAD + body + " y = Relu(x) }")
    with little_memory():
        found = inferred(model)
    assert found is not model.graph  # which is what there is where onnx fails


@pytest.mark.parametrize(
    "body",
    [
        "p = MaxPool<kernel_shape = [9]>(x) q = Relu(p) y = Slice(q, s, e, a)",
        "c = Slice(x, s, e, a) p = MaxPool<kernel_shape = [9]>(c) y = Slice(p, s, e, a)",
        "w = HannWindow(e) p = MaxPool<kernel_shape = [9]>(x) y = Slice(p, s, e, a)",
        "c = Slice(r, s, e, a) y = Slice(c, s, e, a)",
        "i = Cast<to = 7>(r) y = GatherND(x, i)",
        "q = Tile(x, s) y = EyeLike<dtype = 1>(q)",
    ],
)
def test_extents_below_0_do_not_end_the_process(body, tmp_path):
    head = '<ir_version: 8, opset_import: ["": 17]> cut (float[1, 2, 4] x, float[1, 2, -4] r) => (y)'
    constants = "<int64[1] s = {0}, int64[1] e = {1}, int64[1] a = {2}, float[1, 2, 4] p>"
    onnx.save(parser.parse_model(f"{head} {constants} {{ {body} }}"), tmp_path / "cut.onnx")
    load = f"import foldgate.onnx; foldgate.onnx.Session({str(tmp_path / 'cut.onnx')!r})"
    done = subprocess.run([sys.executable, "-c", load], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_memory_is_taken_for_operators_that_are_taken_apart():
    gathers = " ".join(f"a{i + 1} = Gather(a{i}, a{i})" for i in range(40))
    body = "<int64[1, 1] a0 = {0}, int64[1] s = {3}> { " + gathers + " y = CenterCropPad<axes=[0]>(x, s) }"
    model = parser.parse_model(HEAD.replace("17", "18") + body)
    with little_memory():
        found = taken_apart(model)
    ops = [node.op_type for node in found.graph.node]
    assert ops[:40] == ["Gather"] * 40 and "CenterCropPad" not in ops


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        (
            [helper.make_node("SwiGLU", ["x", "x"], [], name="s")],
            "node 's' (SwiGLU) has 0 outputs; expected 1",
        ),
        (
            [helper.make_node("Attention", ["x"], ["y"], name="a")],
            "node 'a' (Attention) has 1 inputs; expected 3",
        ),
        ([helper.make_node("SwiGLU", ["q", "x"], ["y"])], "input 'q' has no type; expected one"),
        (
            [helper.make_node("SwiGLU", ["x", "x"], [f"y{i}"]) for i in range(5000)],
            "model has 5000 nodes as 'SwiGLU'",
        ),
        (
            [helper.make_node("Attention", ["x", "x", "w"], ["y"])],
            "model's operators Attention cannot be taken",
        ),
    ],
)
def test_nodes_that_cannot_be_taken_apart_are_named(nodes, words):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 4]) for name in "xy")
    inputs = [x, helper.make_empty_tensor_value_info("q")] if nodes[0].input[0] == "q" else [x]
    graph = helper.make_graph(nodes, "apart", inputs, [y])
    refused(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 28)], ir_version=10), words)


def test_a_size_that_no_number_holds_is_no_matter_until_it_runs():
    proto = parser.parse_model("""<ir_version: 8, opset_import: ["": 17]>
      f (float[4000000000000000000, 8] x) => (int64 n) { n = Size(x) }""")
    with pytest.raises(ValueError, match=r"input 'x' has shape \(1, 8\)"):
        foldgate.onnx.Session(proto).run(None, {"x": np.ones((1, 8), np.float32)})


@pytest.mark.parametrize(
    "word", ["CONVNODE", "OUTPUTS", "Transpose", "WEIGHT", "perm", "extent", "MYGRAPH", "INPUTS"]
)
def test_names_that_are_no_utf8_are_refused(word):
    x = helper.make_tensor_value_info("INPUTS", TensorProto.FLOAT, ["extent", 2])
    y = helper.make_tensor_value_info("OUTPUTS", TensorProto.FLOAT, None)
    nodes = [
        helper.make_node("Transpose", ["INPUTS"], ["t"], name="CONVNODE", perm=[1, 0]),
        helper.make_node("Add", ["t", "WEIGHT"], ["OUTPUTS"]),
    ]
    weight = numpy_helper.from_array(np.ones(1, np.float32), "WEIGHT")
    data = helper.make_model(helper.make_graph(nodes, "MYGRAPH", [x], [y], [weight])).SerializeToString()
    first, rest = word[:-1].encode(), word[-1:].encode()
    assert first + rest in data
    refused(data.replace(first + rest, first + b"\xff"), "expected UTF-8")
