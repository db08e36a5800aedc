"""Session and the Backend API: the calls, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper, parser  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

import foldgate.onnx  # noqa: E402


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, initializers=(), opset=17):
    graph = helper.make_graph(nodes, "test", inputs, outputs, initializer=list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def tensor(name, array):
    return numpy_helper.from_array(array, name)


def conv_model():
    kernel = np.arange(2 * 1 * 3 * 3, dtype=np.float32).reshape(2, 1, 3, 3)
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "m"], ["y"], transB=1),
    ]
    weights = [tensor("w", kernel), tensor("b", np.array([1, -2], np.float32))]
    weights.append(tensor("m", np.ones((3, 8), np.float32)))
    return model(nodes, [value("x", ["n", 1, 4, 4])], [value("y", ["n", 3])], weights)


@pytest.mark.parametrize("way", ["message", "bytes", "path"])
def test_a_model_runs_from_a_message_bytes_and_a_path(way, tmp_path):
    proto = conv_model()
    path = tmp_path / "model.onnx"
    onnx.save(proto, path)
    session = foldgate.onnx.Session({"message": proto, "bytes": path.read_bytes(), "path": path}[way])
    x = np.arange(32, dtype=np.float32).reshape(2, 1, 4, 4)
    (y,) = session.run(None, {"x": x})
    expected = ReferenceEvaluator(proto).run(None, {"x": x})[0]
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    assert [(i.name, i.shape, i.type) for i in session.get_inputs()] == [
        ("x", ["n", 1, 4, 4], "tensor(float)")
    ]
    assert [(o.name, o.shape) for o in session.get_outputs()] == [("y", ["n", 3])]


def test_outputs_come_by_name_in_the_order_asked_for():
    nodes = [helper.make_node("Neg", ["x"], ["a"]), helper.make_node("Abs", ["x"], ["b"])]
    session = foldgate.onnx.Session(model(nodes, [value("x", [1])], [value("a", [1]), value("b", [1])]))
    b, a, again = session.run(["b", "a", "b"], {"x": np.array([2], np.float32)})
    assert (a, b) == (-2, 2)
    assert again == b and not np.may_share_memory(again, b)
    assert [y.item() for y in session.run([], {"x": np.array([2], np.float32)})] == [-2, 2]


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        ("FLOAT", [1.5, 2], [1.5, 2]),
        ("FLOAT16", (1, 2), [1, 2]),
        ("INT32", [1, 2], [1, 2]),
        ("FLOAT", [], []),
    ],
)
def test_lists_become_arrays_of_the_inputs_type(kind, given, found):
    kind = TensorProto.DataType.Value(kind)
    proto = model(
        [helper.make_node("Identity", ["x"], ["y"])], [value("x", ["n"], kind)], [value("y", ["n"], kind)]
    )
    (y,) = foldgate.onnx.Session(proto).run(None, {"x": given})
    assert y.dtype == helper.tensor_dtype_to_np_dtype(kind)
    np.testing.assert_array_equal(y, found)


SHARED = """<ir_version: 8, opset_import: ["": 17]>
  f (float[2] x, seq(float[]) s, float a)
  => (seq(float[]) q, float[2] t, float[2] y, float[2] z, float[2] r, float w)
  { q = SequenceConstruct(x, x) i = Constant<value_int = 0>() t = SequenceAt(s, i) y = Relu(x) z = Identity(y)
     k = Constant<value_ints = [-1]>() r = Reshape(y, k) w = Add(a, a) }"""


def test_outputs_are_arrays_that_share_no_memory():
    session = foldgate.onnx.Session(parser.parse_model(SHARED))
    feeds = {"x": np.ones(2, np.float32), "s": [np.ones(2, np.float32)], "a": np.array(1, np.float32)}
    q, *others = session.run(None, feeds)
    arrays = [*q, *others, feeds["x"], *feeds["s"]]
    assert [type(array) for array in arrays] == [np.ndarray] * len(arrays)
    assert not any(np.may_share_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


@pytest.mark.parametrize(
    "source", ["Add(a, a)", "Exp(a)", "Sum(a, a)", "Gather(x, i)", "MatMul(x, x)", "Sin(a)"]
)
def test_what_comes_without_axes_goes_on_to_kernels(source):
    proto = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 17]>
      f (float[2] x, float a, int64 i) => (float y) {{ s = {source} y = Tanh(s) }}""")
    feeds = {"x": np.array([1, 2], np.float32), "a": np.array(3, np.float32), "i": np.array(1)}
    (y,), (expected,) = (
        foldgate.onnx.Session(proto).run(None, feeds),
        ReferenceEvaluator(proto).run(None, feeds),
    )
    assert isinstance(y, np.ndarray) and y.shape == ()
    np.testing.assert_allclose(y, expected, rtol=1e-5)


def test_what_a_file_leaves_out_of_its_outputs_is_inferred():
    nodes = [
        helper.make_node("Flatten", ["x"], ["y"]),
        helper.make_node("Shape", ["x"], ["n"]),
        helper.make_node("SplitToSequence", ["x"], ["s"]),
    ]
    outputs = [value("y", None), *map(helper.make_empty_tensor_value_info, "ns")]
    found = foldgate.onnx.Session(model(nodes, [value("x", ["a", 2, 3])], outputs)).get_outputs()
    assert [(o.shape, o.type) for o in found] == [
        (["a", 6], "tensor(float)"),
        ([3], "tensor(int64)"),
        (None, "seq(tensor(float))"),
    ]


def test_an_extent_below_0_is_any():
    proto = model([helper.make_node("Relu", ["x"], ["y"])], [value("x", [-1, 2])], [value("y", [-1, 2])])
    session = foldgate.onnx.Session(proto)
    assert [v.shape for v in (*session.get_inputs(), *session.get_outputs())] == [[None, 2]] * 2
    assert session.run(None, {"x": np.ones((3, 2), np.float32)})[0].shape == (3, 2)


def test_a_window_beyond_its_image_is_named_with_its_node():
    node = helper.make_node("MaxPool", ["x"], ["y"], name="pool", kernel_shape=[9, 9])
    session = foldgate.onnx.Session(model([node], [value("x", [1, 1, 4, 4])], [value("y", None)]))
    with pytest.raises(ValueError, match=r"node 'pool' \(MaxPool\)"):
        session.run(None, {"x": np.ones((1, 1, 4, 4), np.float32)})


@pytest.mark.parametrize(
    ("feeds", "names", "error", "words"),
    [
        ({}, None, ValueError, "feeds has []; expected ['x']"),
        ({"x": np.zeros((1, 1, 4, 4))}, None, TypeError, "input 'x' is of float64; expected float32"),
        ({"x": np.zeros((1, 2, 4, 4), np.float32)}, None, ValueError, "input 'x' has shape (1, 2, 4, 4)"),
        ({"x": np.zeros((1, 4, 4), np.float32)}, None, ValueError, "input 'x' has shape (1, 4, 4)"),
        ({"x": np.zeros((1, 1, 4, 4), np.float32)}, ["z"], ValueError, "output_names has 'z'"),
        ({"x": np.zeros((1, 1, 4, 4), np.float32)}, "y", TypeError, "output_names is 'y'; expected a list"),
        ({"x": np.zeros((1, 1, 4, 4), np.float32)}, 3, TypeError, "output_names is 3; expected a list"),
        ([np.zeros((1, 1, 4, 4), np.float32)], None, TypeError, "feeds is a list; expected a mapping"),
        ({"x": [[1.0], [1.0, 2.0]]}, None, ValueError, "input 'x' is no array"),
        ({"x": [[[[1j]]]]}, None, TypeError, "input 'x' is of complex128; expected float32"),
        ({"x": None}, None, TypeError, "input 'x' is of object; expected float32"),
        ({"x": 1, 2: 3}, None, ValueError, "feeds has [2, 'x']; expected ['x']"),
    ],
)
def test_wrong_calls_are_refused_by_name(feeds, names, error, words):
    with pytest.raises(error) as caught:
        foldgate.onnx.Session(conv_model()).run(names, feeds)
    assert words in str(caught.value)


def test_a_sequence_is_a_list():
    shape = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)
    nodes = [helper.make_node("SequenceLength", ["s"], ["n"])]
    session = foldgate.onnx.Session(model(nodes, [shape], [value("n", [], TensorProto.INT64)]))
    assert session.run(None, {"s": [np.ones(2, np.float32)] * 3})[0] == 3
    with pytest.raises(TypeError, match=r"input 's' is a ndarray; expected a list \(seq"):
        session.run(None, {"s": np.ones((3, 2), np.float32)})


@pytest.mark.parametrize("count", [0, 2])
def test_a_prepared_model_takes_as_many_arrays_as_it_has_inputs(count):
    prepared = foldgate.onnx.prepare(conv_model())
    with pytest.raises(ValueError, match=rf"run: {count} inputs are given; expected 1: \['x'\]"):
        prepared.run([np.zeros((1, 1, 4, 4), np.float32)] * count)


def test_a_missing_operator_is_named_at_load_with_its_node():
    proto = model([helper.make_node("Foo", ["x"], ["y"], name="odd")], [value("x", [1])], [value("y", [1])])
    with pytest.raises(ValueError, match=r"node 'odd' \(Foo\): there is no operator 'Foo'"):
        foldgate.onnx.Session(proto)
    assert not foldgate.onnx.is_compatible(proto)


def test_an_unknown_attribute_and_a_newer_opset_are_named():
    odd = helper.make_node("Relu", ["x"], ["y"], name="r", slope=1.0)
    with pytest.raises(ValueError, match=r"node 'r' \(Relu\): attribute 'slope'"):
        foldgate.onnx.Session(model([odd], [value("x", [1])], [value("y", [1])]))
    newer = model([helper.make_node("Relu", ["x"], ["y"])], [value("x", [1])], [value("y", [1])], opset=999)
    with pytest.raises(ValueError, match="opset 999"):
        foldgate.onnx.Session(newer)


def test_backend_calls():
    x = np.array([-1, 2], np.float32)
    (y,) = foldgate.onnx.run_node(helper.make_node("Relu", ["x"], ["y"]), [x])
    np.testing.assert_array_equal(y, [0, 2])
    proto = model([helper.make_node("Relu", ["x"], ["y"])], [value("x", [2])], [value("y", [2])])
    np.testing.assert_array_equal(foldgate.onnx.run_model(proto, [x])[0], [0, 2])
    np.testing.assert_array_equal(foldgate.onnx.prepare(proto).run({"x": x})[0], [0, 2])
    assert foldgate.onnx.supports_device("CPU") and not foldgate.onnx.supports_device("CUDA")
    with pytest.raises(ValueError, match="device is 'CUDA'"):
        foldgate.onnx.prepare(proto, "CUDA")


def test_a_node_that_reads_a_value_twice_takes_an_array_for_each_place():
    node = helper.make_node("Sub", ["x", "x"], ["y"])
    x = np.array([5, 7], np.float32)
    np.testing.assert_array_equal(foldgate.onnx.run_node(node, [x, x])[0], [0, 0])
    with pytest.raises(ValueError, match="run_node: 1 inputs are given; 'Sub' has 2"):
        foldgate.onnx.run_node(node, [x])


OVERRIDABLE = """<ir_version: {ir}, opset_import: ["": 17]>
  f (float[n, 2] x, float[2, 2] w, float[k] b, int64[2] shape) => (float[p, q] y)
  <float[2, 2] w = {{1, 2, 3, 4}}, float[2] b = {{10, 20}}, int64[2] shape = {{-1, 2}}>
  {{ m = MatMul(x, w) a = Add(m, b) y = Reshape(a, shape) }}"""


@pytest.mark.parametrize("names", [[], ["w"], ["b"], ["shape"], ["w", "b", "shape"]])
def test_initializers_that_are_inputs_are_defaults(names):
    proto = parser.parse_model(OVERRIDABLE.format(ir=8))
    own = {"w": np.eye(2, dtype=np.float32), "b": np.array([5], np.float32), "shape": np.array([1, -1])}
    feeds = {"x": np.ones((3, 2), np.float32), **{name: own[name] for name in names}}
    session = foldgate.onnx.Session(proto)
    assert [value.name for value in session.get_inputs()] == ["x"]
    assert [value.name for value in session.get_overridable_initializers()] == ["w", "b", "shape"]
    del proto.graph.node[:]  # the session has its own
    for given in (feeds, {"x": feeds["x"]}, feeds):
        peer = ReferenceEvaluator(parser.parse_model(OVERRIDABLE.format(ir=8)))
        (y,), (expected,) = session.run(None, given), peer.run(None, given)
        assert y.shape == expected.shape
        np.testing.assert_allclose(y, expected)


def test_initializers_are_constants_in_files_older_than_ir_4():
    session = foldgate.onnx.Session(parser.parse_model(OVERRIDABLE.format(ir=3)))
    assert session.get_overridable_initializers() == []
    with pytest.raises(ValueError, match="feeds has"):
        session.run(None, {"x": np.ones((3, 2), np.float32), "b": np.zeros(2, np.float32)})


def test_what_overrides_an_initializer_is_checked():
    session = foldgate.onnx.Session(parser.parse_model(OVERRIDABLE.format(ir=8)))
    with pytest.raises(ValueError, match=r"input 'w' has shape \(3, 2\); expected \(2, 2\)"):
        session.run(None, {"x": np.ones((3, 2), np.float32), "w": np.ones((3, 2), np.float32)})


def test_what_is_no_model_is_named() -> None:
    with pytest.raises(
        TypeError, match=r"foldgate\.onnx: model is 3; expected a path, bytes or a ModelProto"
    ):
        foldgate.onnx.Session(3)
    with pytest.raises(ValueError, match=r"foldgate\.onnx: model is not an ONNX model"):
        foldgate.onnx.Session(b"garbage")


def test_a_number_too_large_for_an_axis_is_named_with_its_node() -> None:
    nodes = [helper.make_node("Unsqueeze", ["x", "a"], ["y"], name="wide")]
    inputs = [value("x", [2]), value("a", [1], TensorProto.INT64)]
    session = foldgate.onnx.Session(model(nodes, inputs, [value("y", None)]))
    with pytest.raises(ValueError, match=r"node 'wide' \(Unsqueeze\)"):
        session.run(None, {"x": np.ones(2, np.float32), "a": np.array([2**40])})


def one_node(*names, outputs=("y",), opset=17, constants=(), **attributes):
    """A model of a node "odd" that reads x and constants, given as name and array."""
    op, *inputs = names
    node = helper.make_node(op, inputs, outputs, name="odd", **attributes)
    given = [tensor(name, np.asarray(array)) for name, array in constants]
    return model([node], [value("x", ["n", 3])], [value("y", None)], given, opset)


@pytest.mark.parametrize(
    ("proto", "words"),
    [
        (
            one_node("Slice", "x", "s", "e", "a", constants=[("s", [0]), ("e", [1]), ("a", [5])]),
            "node 'odd' (Slice): axes has 5; expected one of 2 axes",
        ),
        (
            one_node("Slice", "x", "s", "e", constants=[("s", [0, 0]), ("e", [1])]),
            "node 'odd' (Slice): it has 2 starts, 1 ends",
        ),
        (one_node("Slice", "x", "s", "e", constants=[("s", 0), ("e", 1)]), "node 'odd' (Slice): object of"),
        (one_node("Cast", "x", to=61), "node 'odd' (Cast): data type 61; expected one that onnx knows"),
        (one_node("Cast", "x"), "node 'odd' (Cast) has no attribute 'to'; expected one"),
        (one_node("MaxPool", "x"), "node 'odd' (MaxPool) has no attribute 'kernel_shape'; expected one"),
        (
            one_node("Add", "x", "c", constants=[("c", [1, 2, 3])]),
            "node 'odd' (Add): input 'c' is a tensor(int64); expected a tensor(float), as 'x' is",
        ),
        (
            one_node("And", "c", "c", constants=[("c", [1])]),
            "node 'odd' (And): input 'c' is a tensor(int64); expected one of tensor(bool)",
        ),
        (one_node("Gelu", "x", opset=20, approximate="no"), "node 'odd' (Gelu): approximate is 'no'"),
        (
            one_node("LayerNormalization", "x", "x", axis=2**31),
            "node 'odd' (LayerNormalization): axis is 2147483648; expected -2147483648 to 2147483647",
        ),
        (
            one_node("GatherND", "x", "c", constants=[("c", [1])], batch_dims=-3),
            "node 'odd' (GatherND): batch_dims is -3; expected 0 to",
        ),
        (
            one_node("Split", "x", outputs=("y", "z"), opset=18, num_outputs=1),
            "node 'odd' (Split): num_outputs is 1; expected 2 to 2",
        ),
    ],
)
def test_what_does_not_fit_at_load_is_named_with_its_node(proto, words):
    with pytest.raises(ValueError) as caught:
        foldgate.onnx.Session(proto)
    assert str(caught.value).startswith(words)


def test_constants_that_cannot_be_computed_are_no_matter_where_nobody_asks_for_them():
    proto = parser.parse_model("""
        <ir_version: 8, opset_import: ["": 17]>
        two (bool one) => (float[k] y) <float[2] c = {1, 2}, int64[1] first = {0}> {
            y = If(one) <
                then_branch = t () => (float[k] a) { a = Squeeze(c, first) },
                else_branch = e () => (float[k] b) { b = Identity(c) }
            >
        }""")
    session = foldgate.onnx.Session(proto)
    np.testing.assert_array_equal(session.run(None, {"one": np.array(False)})[0], [1, 2])
    with pytest.raises(ValueError, match=r"node 'a' \(Squeeze\): cannot select an axis"):
        session.run(None, {"one": np.array(True)})
