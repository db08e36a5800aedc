"""What an operator's attributes and inputs cannot mean is refused with its name."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import helper
from onnx_nodes import model_of, normal

import foldgate.onnx


@pytest.mark.parametrize(
    ("op", "opset", "attributes", "shapes", "words"),
    [
        ("Flatten", 13, {"axis": 4}, [(2, 3, 4)], "axis is 4; expected -3 to 3"),
        ("Flatten", 13, {"axis": -4}, [(2, 3, 4)], "axis is -4; expected -3 to 3"),
        ("Softmax", 11, {"axis": -7}, [(2, 3)], "axis is -7; expected -2 to 1"),
        ("LogSoftmax", 12, {"axis": 2}, [(2, 3)], "axis is 2; expected -2 to 1"),
        ("LayerNormalization", 17, {"axis": -3}, [(2, 3), (3,)], "axis is -3; expected -2 to 1"),
        ("RoiAlign", 16, {"mode": "odd"}, [(1, 1, 4, 4), (1, 4), (1,)], "mode is 'odd'; expected avg or max"),
        (
            "RoiAlign",
            16,
            {"sampling_ratio": -1},
            [(1, 1, 4, 4), (1, 4), (1,)],
            "sampling_ratio is -1; expected",
        ),
        ("RoiAlign", 16, {}, [(1, 1, 4, 4), (1, 5), (1,)], r"rois has shape \(1, 5\); expected \(1, 4\)"),
        (
            "NonMaxSuppression",
            11,
            {},
            [(1, 6, 4), (1, 1, 5)],
            r"scores has shape .*; expected \(1, classes, 6\)",
        ),
        (
            "ReverseSequence",
            10,
            {"batch_axis": 2},
            [(4, 4, 4), (4,)],
            "batch_axis is 2 and time_axis 0; expected",
        ),
        (
            "ReverseSequence",
            10,
            {"time_axis": 1},
            [(4, 4), (4,)],
            "batch_axis is 1 and time_axis 1; expected",
        ),
    ],
)
def test_what_an_operator_cannot_mean_is_named(op, opset, attributes, shapes, words):
    names = "abc"[: len(shapes)]
    node = helper.make_node(op, list(names), ["y"], name="n", **attributes)
    whole = {"RoiAlign": 2, "ReverseSequence": 1}.get(op)
    feeds = {
        name: np.zeros(shape, np.int64) if i == whole else normal(*shape)
        for i, (name, shape) in enumerate(zip(names, shapes, strict=True))
    }
    with pytest.raises(ValueError, match=rf"node 'n' \({op}\): {words}"):
        foldgate.onnx.Session(model_of(node, feeds, opset)).run(None, feeds)


@pytest.mark.parametrize("share", [-0.5, 1.5])
def test_shares_that_no_boxes_have_in_common_are_named(share):
    inputs = [normal(1, 6, 4), normal(1, 1, 6), np.array([3]), np.array([share], np.float32)]
    node = helper.make_node("NonMaxSuppression", list("bsno"), ["y"])
    with pytest.raises(ValueError, match=rf"iou_threshold is {share}; expected 0 to 1"):
        foldgate.onnx.run_node(node, inputs)


@pytest.mark.parametrize("length", [-2, 5])
def test_lengths_that_no_sequence_has_are_named(length):
    feeds = {"x": normal(4, 2), "n": np.array([1, length])}
    node = helper.make_node("ReverseSequence", ["x", "n"], ["y"], name="n")
    with pytest.raises(ValueError, match=rf"sequence_lens has {length}; expected 0 to 4"):
        foldgate.onnx.Session(model_of(node, feeds, 10)).run(None, feeds)
