"""Nodes in another order than they can run in, as tools leave them that add theirs at the end."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import parser  # noqa: E402

import foldgate.onnx  # noqa: E402

_BODY = """
    <ir_version: 8, opset_import: ["": 17]>
    g (float[2, 3] x, bool b) => (float[2, 3] y)
    <float[3, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9}> {
        y = If(b) <
            then_branch = t () => (float[2, 3] p) { p = Add(d, x)  d = Mul(h, h) },
            else_branch = e () => (float[2, 3] q) { q = Neg(h) }
        >
        h = Relu(m)
        m = MatMul(x, w)
    }
"""


@pytest.mark.parametrize("branch", [True, False])
def test_nodes_run_behind_those_whose_results_they_read(branch):
    model = parser.parse_model(_BODY)
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    h = np.maximum(x @ np.arange(1, 10, dtype=np.float32).reshape(3, 3), 0)
    (y,) = foldgate.onnx.Session(model).run(None, {"x": x, "b": np.array(branch)})
    np.testing.assert_allclose(y, h * h + x if branch else -h, rtol=1e-6)
    assert [node.op_type for node in model.graph.node] == ["If", "Relu", "MatMul"]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ("y = Add(x, a)  a = Neg(b)  b = Relu(a)", "nodes read each other's results: 'a', 'b'"),
        ("y = Add(x, y)", "nodes read each other's results: 'y'"),
        ("y = Add(x, z)", "model reads 'z', which nothing computes"),
    ],
)
def test_nodes_that_no_order_suits_are_named(nodes, words):
    model = parser.parse_model(
        f'<ir_version: 8, opset_import: ["": 17]> g (float[2] x) => (float[2] y) {{ {nodes} }}'
    )
    with pytest.raises(ValueError, match=words):
        foldgate.onnx.Session(model)
