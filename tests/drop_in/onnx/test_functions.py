"""Models with functions of their own."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, parser  # noqa: E402

import foldgate.onnx  # noqa: E402


def refused(proto, words):
    with pytest.raises(ValueError) as caught:
        foldgate.onnx.Session(proto)
    assert words in str(caught.value), str(caught.value)


DEFAULTS = """<ir_version: 8, opset_import: ["": 17, "own": 1]>
  f (float[2] x, bool c) => (float[2] y)
  { y = If(c) <then_branch = a () => (float[2] p) { p = own.twice(x) },
               else_branch = b () => (float[2] q) { q = own.scaled<by = 5.0>(x) }> }
  <domain: "own", opset_import: ["": 17, "own": 1]> twice (x) => (y) { y = own.scaled(x) }
  <domain: "own", opset_import: ["": 17]> scaled <by: float = 2.0> (x) => (y)
  { k = Constant<value_float: float = @by>() y = Mul(x, k) }"""


@pytest.mark.parametrize(("branch", "factor"), [(True, 2), (False, 5)])
def test_functions_have_defaults_for_their_attributes(branch, factor):
    session = foldgate.onnx.Session(parser.parse_model(DEFAULTS))
    (y,) = session.run(None, {"x": np.array([1, -3], np.float32), "c": np.array(branch)})
    np.testing.assert_array_equal(y, np.array([1, -3]) * factor)


def of_functions(bodies):
    """A model that calls the last of these functions, each a list of calls one after the other."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]

    def chain(calls, first, last):
        names = [first, *(f"v{i}" for i in range(len(calls) - 1)), last]
        return [
            helper.make_node(call, [a], [b], domain="" if call == "Relu" else "f")
            for call, a, b in zip(calls, names, names[1:], strict=False)
        ]

    functions = [
        helper.make_function("f", name, ["a"], ["b"], chain(calls, "a", "b"), opsets)
        for name, calls in bodies.items()
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
    graph = helper.make_graph(chain([list(bodies)[-1]], "x", "y"), "functions", [x], [y])
    return helper.make_model(graph, opset_imports=opsets, functions=functions, ir_version=8)


def test_functions_that_call_themselves_are_named():
    refused(of_functions({"F": ["Relu", "F"]}), "function 'f.F' calls itself")
    refused(of_functions({"F": ["G"], "G": ["F"]}), "calls itself")


def test_functions_whose_nodes_double_with_each_are_refused():
    def doubled(n):
        return of_functions({"F0": ["Relu"], **{f"F{i}": [f"F{i - 1}"] * 2 for i in range(1, n)}})

    refused(doubled(50), "model's functions come to")
    (y,) = foldgate.onnx.Session(doubled(5)).run(None, {"x": np.array([-1, 2], np.float32)})
    np.testing.assert_array_equal(y, [0, 2])


def test_functions_that_stand_very_deep_are_refused():
    bodies = {"F0": ["Relu"], **{f"F{i}": [f"F{i - 1}"] for i in range(1, 2000)}}
    refused(of_functions(bodies), "stands 64 functions deep")
