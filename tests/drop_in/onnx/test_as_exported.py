"""What PyTorch's exporter writes and onnxruntime reads, beyond what the operators' specification says."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx import helper  # noqa: E402
from onnx_nodes import model_of, normal, same  # noqa: E402

import foldgate.onnx  # noqa: E402


@pytest.mark.parametrize(
    ("split", "shape"), [(np.array(1), (5,)), (np.array(2), (2, 5)), (np.array([1, 3]), (1, 5))], ids=str
)
def test_parts_of_one_lose_their_axis(split, shape):
    """`keepdims` counts for a scalar split of 1, as of an `unbind`; other parts keep their axis."""
    node = helper.make_node("SplitToSequence", ["x", "s"], ["y"], keepdims=0)
    session = foldgate.onnx.Session(model_of(node, {"x": normal(4, 5)}, 17, {"s": split}))
    assert session.run(None, {"x": normal(4, 5)})[0][0].shape == shape


@pytest.mark.parametrize("known", [True, False])
def test_the_axis_of_an_unsqueeze_may_be_a_scalar(known):
    x, axis = {"x": normal(4, 5)}, {"a": np.array(1)}
    node = helper.make_node("Unsqueeze", ["x", "a"], ["y"])
    same(node, x if known else {**x, **axis}, constants=axis if known else None)


def test_a_loop_counts_in_the_shape_that_its_body_says():
    """As bounds of a Slice, which take no scalars."""
    model = onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 17]> loops (int64[1] n, float[5] x) => (float[?, 2] y) {
            c = Constant<value: tensor = bool {1}> ()
            y = Loop (n, c) <body: graph = steps (int64[1] i, bool go) => (bool on, float[2] part) {
                two = Constant<value: tensor = int64 {2}> ()
                end = Add (i, two)
                part = Slice (x, i, end)
                on = Identity (go)
            }>
        }""")
    feeds = {"n": np.array([4]), "x": normal(5)}
    (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)
    np.testing.assert_array_equal(foldgate.onnx.Session(model).run(None, feeds)[0], expected)


@pytest.mark.parametrize("named", [["x", "s", "w"], ["x", "s", "", "l"]])
def test_a_signal_may_have_no_axis_of_parts(named):
    values = {"s": np.array(3), "w": normal(8), "l": np.array(8)}
    constants = {name: values[name] for name in named if name in values}
    same(helper.make_node("STFT", named, ["y"]), {"x": normal(2, 32)}, constants=constants, atol=1e-5)
