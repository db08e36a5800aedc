"""Models of one node, run by foldgate and by onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import helper, numpy_helper  # noqa: E402

import foldgate.onnx  # noqa: E402


def model_of(node, feeds, opset, constants=None):
    """A model of one node; its inputs are what is fed."""
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in feeds.items()
    ]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.output]
    weights = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    graph = helper.make_graph([node], "one", inputs, outputs, initializer=weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def same(node, feeds, opset=17, constants=None, **tolerance):
    """foldgate's results of a node, after they were compared with onnxruntime's."""
    onnxruntime = pytest.importorskip("onnxruntime")
    model = model_of(node, feeds, opset, constants)
    peer = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found, expected = foldgate.onnx.Session(model).run(None, feeds), peer.run(None, feeds)
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, **{"rtol": 1e-5, "atol": 1e-6, **tolerance})
    return found


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)
