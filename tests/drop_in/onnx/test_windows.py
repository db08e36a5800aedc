"""`auto_pad` where runtimes part: dilated windows, and steps that are wider than the kernel."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import helper  # noqa: E402

import foldgate.onnx  # noqa: E402


def answer(op, x, *weights, **attributes):
    names = ["x", "w"][: 1 + len(weights)]
    (y,) = foldgate.onnx.run_node(helper.make_node(op, names, ["y"], **attributes), [x, *weights])
    return y.ravel()


@pytest.mark.parametrize(
    ("op", "expected"),
    [("MaxPool", [4, 6, 8, 8]), ("AveragePool", [3, 4, 6, 7]), ("LpPool", np.sqrt([20, 56, 116, 100]))],
)
def test_dilated_windows_with_same_padding_have_an_output_for_every_step(op, expected):
    """Windows of 3 taps, two apart, at -1, 1, 3 and 5: onnxruntime pads as for dilations of 1."""
    x = np.arange(1, 9, dtype=np.float32).reshape(1, 1, 8)
    y = answer(op, x, kernel_shape=[3], strides=[2], dilations=[2], auto_pad="SAME_UPPER")
    np.testing.assert_allclose(y, expected, rtol=1e-6)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize(
    ("taps", "stride", "expected"),
    [([1], 2, [1, 0, 2, 0, 3, 0]), ([1, 2], 4, [1, 2, 0, 0, 2, 4, 0, 0, 3, 6, 0, 0])],
)
def test_transposed_same_padding_gives_stride_outputs_for_every_input(auto_pad, taps, stride, expected):
    x, w = np.arange(1, 4, dtype=np.float32).reshape(1, 1, 3), np.array([[taps]], np.float32)
    y = answer("ConvTranspose", x, w, strides=[stride], auto_pad=auto_pad)
    np.testing.assert_array_equal(y, expected)
