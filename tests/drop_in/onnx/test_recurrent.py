"""LSTM, GRU and RNN nodes of random attributes against onnxruntime, which has all of them.

onnx.reference ignores lengths, clip, functions and input_forget.
"""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import foldgate.onnx  # noqa: E402

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
DEFAULTS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}
# Functions that onnxruntime computes with the parameters that the standard gives them.
FUNCTIONS = ["Relu", "Tanh", "Sigmoid", "Affine", "LeakyRelu", "ScaledTanh", "HardSigmoid", "Softsign", "Elu"]
WITH_ALPHA = {"Affine", "LeakyRelu", "ScaledTanh", "HardSigmoid", "Elu"}
WITH_BETA = {"Affine", "ScaledTanh", "HardSigmoid"}


def attributes(op, random, directions):
    chosen = {"hidden_size": 5, "direction": directions}
    count = 2 if directions == "bidirectional" else 1
    if random.random() < 0.5:
        names = [str(random.choice(FUNCTIONS)) for _ in range(count * len(DEFAULTS[op]))]
        chosen["activations"] = names
        chosen["activation_alpha"] = [0.3 + 0.1 * i for i, n in enumerate(names) if n in WITH_ALPHA]
        chosen["activation_beta"] = [0.2 + 0.1 * i for i, n in enumerate(names) if n in WITH_BETA]
        for name in ("activation_alpha", "activation_beta"):
            if not chosen[name]:
                del chosen[name]
    if random.random() < 0.4:
        chosen["clip"] = 0.5
    if op == "LSTM" and random.random() < 0.3:
        chosen["input_forget"] = 1
    if op == "GRU" and random.random() < 0.5:
        chosen["linear_before_reset"] = 1
    return chosen


def case(op, seed):
    """A model and its feeds; weights are initializers or inputs."""
    random = np.random.default_rng(seed)
    directions = str(random.choice(["forward", "reverse", "bidirectional"]))
    d, t, n, i, u = 2 if directions == "bidirectional" else 1, 4, 3, 2, 5
    g = GATES[op]
    shapes = {"X": (t, n, i), "W": (d, g * u, i), "R": (d, g * u, u)}
    shapes |= {"B": (d, 2 * g * u)} if random.random() < 0.7 else {}
    values = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    if random.random() < 0.6:
        values["lens"] = random.integers(1, t + 1, n).astype(np.int32)
    if random.random() < 0.6:
        values["h"] = random.normal(size=(d, n, u)).astype(np.float32)
        if op == "LSTM":
            values["c"] = random.normal(size=(d, n, u)).astype(np.float32)
    if op == "LSTM" and random.random() < 0.5:
        values["P"] = random.normal(size=(d, 3 * u)).astype(np.float32)
    order = ["X", "W", "R", "B", "lens", "h", "c", "P"] if op == "LSTM" else ["X", "W", "R", "B", "lens", "h"]
    names = [name if name in values else "" for name in order]
    outputs = ["Y", "Y_h", "Y_c"][: 3 if op == "LSTM" else 2]
    node = helper.make_node(op, names, outputs, **attributes(op, random, directions))
    constant = {"W", "R", "B", "P"} if random.random() < 0.5 else set()
    kinds = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int32): TensorProto.INT32}
    inputs = [
        helper.make_tensor_value_info(name, kinds[v.dtype], v.shape)
        for name, v in values.items()
        if name not in constant
    ]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    weights = [numpy_helper.from_array(v, name) for name, v in values.items() if name in constant]
    graph = helper.make_graph([node], "recurrent", inputs, results, initializer=weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    return model, {name: v for name, v in values.items() if name not in constant}


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("op", list(GATES))
def test_against_onnxruntime(op, seed):
    model, feeds = case(op, seed)
    peer = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = peer.run(None, feeds)
    found = foldgate.onnx.Session(model).run(None, feeds)
    for a, b in zip(found, expected, strict=True):
        # Its sigmoid and tanh are rational approximations; functions without a bound magnify their error.
        np.testing.assert_allclose(a, b, rtol=0, atol=5e-5 * max(1.0, np.abs(b).max()))


@pytest.mark.parametrize("op", list(GATES))
def test_layout_1_has_the_batch_first(op):
    model, feeds = case(op, 3)
    (node,) = model.graph.node
    given = dict(zip(node.input, [feeds.get(name) for name in node.input], strict=True))
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    arrays = [v if v is not None else weights[k] for k, v in given.items() if k]
    one = foldgate.onnx.run_node(node, arrays)
    node.attribute.append(helper.make_attribute("layout", 1))
    turned = [
        a.swapaxes(0, 1) if k in ("X", "h", "c") else a
        for k, a in zip([k for k in given if k], arrays, strict=True)
    ]
    other = foldgate.onnx.run_node(node, turned)
    np.testing.assert_array_equal(other[0], one[0].transpose(2, 0, 1, 3))
    np.testing.assert_array_equal(other[1], one[1].swapaxes(0, 1))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("layout", [0, 1])
@pytest.mark.parametrize("op", list(GATES))
def test_any_order_in_memory_gives_the_same(op, layout, seed):
    """X is read where it lies: here its two first axes are the other way round in memory."""
    model, feeds = case(op, seed)
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    (node,) = model.graph.node
    arrays = {name: {**feeds, **weights}[name] for name in node.input if name}
    if layout:
        node.attribute.append(helper.make_attribute("layout", 1))
        arrays |= {
            name: np.ascontiguousarray(arrays[name].swapaxes(0, 1))
            for name in ("X", "h", "c")
            if name in arrays
        }
    expected = foldgate.onnx.run_node(node, list(arrays.values()))
    arrays["X"] = np.ascontiguousarray(arrays["X"].swapaxes(0, 1)).swapaxes(0, 1)
    for a, b in zip(foldgate.onnx.run_node(node, list(arrays.values())), expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("Affine", lambda x: x),
        ("ScaledTanh", np.tanh),
        ("ThresholdedRelu", lambda x: np.where(x > 1, x, 0)),
        ("LeakyRelu", lambda x: np.where(x > 0, x, 0.01 * x)),
        ("HardSigmoid", lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
        ("Elu", lambda x: np.where(x > 0, x, np.expm1(x))),
        ("Softplus", lambda x: np.logaddexp(x, 0)),
    ],
)
def test_functions_without_parameters_have_those_of_their_operators(name, function):
    """onnxruntime takes 0 for the first three."""
    x = np.linspace(-3, 3, 13, dtype=np.float32).reshape(13, 1, 1)
    one, zero = np.ones((1, 1, 1), np.float32), np.zeros((1, 1, 1), np.float32)
    node = helper.make_node("RNN", ["X", "W", "R"], ["Y"], hidden_size=1, activations=[name])
    (y,) = foldgate.onnx.run_node(node, [x, one, zero])
    np.testing.assert_allclose(y.ravel(), function(x.ravel()), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("op", list(GATES))
def test_a_row_of_no_steps_ends_in_the_state_that_was_given(op, direction):
    """onnxruntime gives zeros there."""
    d, g, u = 1 + (direction == "bidirectional"), GATES[op], 5
    random = np.random.default_rng(0)
    shapes = {"X": (4, 2, 3), "W": (d, g * u, 3), "R": (d, g * u, u), "h": (d, 2, u)}
    values = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    node = helper.make_node(
        op, ["X", "W", "R", "", "lens", "h"], ["Y", "Y_h"], hidden_size=u, direction=direction
    )
    x, w, r, h = values.values()
    y, last = foldgate.onnx.run_node(node, [x, w, r, np.array([0, 3], np.int32), h])
    np.testing.assert_array_equal(y[:, :, 0], 0)
    np.testing.assert_array_equal(last[:, 0], h[:, 0])
    assert (last[:, 1] != h[:, 1]).all()


@pytest.mark.parametrize("op", list(GATES))
def test_weights_that_do_not_fit_are_named(op):
    model, _ = case(op, 0)
    weights = numpy_helper.from_array(np.zeros((1, 7), np.float32), "W")
    graph = helper.make_graph(model.graph.node, "g", [], model.graph.output, initializer=[weights])
    graph.input.extend(v for v in model.graph.input if v.name != "W")
    graph.initializer.extend(t for t in model.graph.initializer if t.name != "W")
    with pytest.raises(ValueError, match=rf"\({op}\): W has shape \(1, 7\)"):
        foldgate.onnx.Session(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)]))


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize(("steps", "rows"), [(4, 0), (0, 3), (0, 0)])
@pytest.mark.parametrize("op", list(GATES))
def test_no_rows_and_no_steps(op, steps, rows, direction, constant):
    d, g, u = 1 + (direction == "bidirectional"), GATES[op], 5
    values = {"X": (steps, rows, 2), "W": (d, g * u, 2), "R": (d, g * u, u), "h": (d, rows, u)}
    arrays = {name: np.ones(shape, np.float32) for name, shape in values.items()}
    outputs = ["Y", "Y_h", "Y_c"][: 3 if op == "LSTM" else 2]
    node = helper.make_node(op, ["X", "W", "R", "", "", "h"], outputs, hidden_size=u, direction=direction)
    weights = [numpy_helper.from_array(arrays.pop(name), name) for name in "WR"] if constant else []
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, a.shape) for name, a in arrays.items()]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    model = helper.make_model(helper.make_graph([node], "empty", inputs, results, initializer=weights))
    y, last, *_ = foldgate.onnx.Session(model).run(None, arrays)
    assert y.shape == (steps, d, rows, u)
    np.testing.assert_array_equal(last, np.ones((d, rows, u)))  # the state that was given, after no step


@pytest.mark.parametrize("layout", [0, 1])
@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("X", (4, 2), "X has shape (4, 2); expected 3 axes"),
        ("W", (2, 20, 2), "W has shape (2, 20, 2); expected (1, 20, None)"),
        ("R", (1, 20, 4), "R has shape (1, 20, 4); expected (1, 20, 5)"),
        ("B", (1, 20), "B has shape (1, 20); expected (1, 40)"),
        ("h", (2, 3, 5), "initial_h has shape (2, 3, 5); expected (1, 3, 5)"),
        ("c", (1, 2, 5), "initial_c has shape (1, 2, 5); expected (1, 3, 5)"),
        ("P", (15,), "P has shape (15,); expected (1, 15)"),
    ],
)
def test_operands_of_other_shapes_are_named_at_a_run(name, shape, words, layout):
    shapes = {"X": (4, 3, 2), "W": (1, 20, 2), "R": (1, 20, 5), "B": (1, 40), "h": (1, 3, 5), "c": (1, 3, 5)}
    shapes = {**shapes, "P": (1, 15), name: shape}
    values = {key: np.zeros(s, np.float32) for key, s in shapes.items()}
    if layout:
        values |= {key: values[key].swapaxes(0, 1) for key in "Xhc"}
        if name in "hc":
            words = f"initial_{name} has shape {values[name].shape}; expected (3, 1, 5)"
    names = ["X", "W", "R", "B", "", "h", "c", "P"]
    node = helper.make_node("LSTM", names, ["Y"], name="r", hidden_size=5, layout=layout)
    infos = [helper.make_tensor_value_info(key, TensorProto.FLOAT, None) for key in shapes]
    y = helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)
    model = helper.make_model(helper.make_graph([node], "g", infos, [y]))
    with pytest.raises(ValueError) as caught:
        foldgate.onnx.Session(model).run(None, values)
    assert words.replace("(4, 2)", str(values["X"].shape)) in str(caught.value)
