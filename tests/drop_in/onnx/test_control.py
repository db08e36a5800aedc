"""Loop and Scan: counters, lengths and directions, against onnxruntime where it has an answer."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx import parser  # noqa: E402
from onnx_nodes import normal  # noqa: E402

import foldgate.onnx  # noqa: E402


def model(body):
    return parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]> {body}')


def test_a_counter_and_a_condition_have_the_rank_that_the_body_declares():
    loop = model("""g (int64[1] m, bool[1] c, float[n] x) => (float[k] y, float[a, b] s) {
        y, s = Loop(m, c, x) <body = l (int64[1] i, bool[1] on, float[q] a)
            => (bool[1] go, float[r] z, float[2] t) {
            f = Cast<to = 1>(i)
            z = Concat<axis = 0>(a, f)
            t = Concat<axis = 0>(f, f)
            o = Cast<to = 6>(on)
            k = Concat<axis = 0>(o, o)
            two = Gather<axis = 0>(k, o)
            go = Cast<to = 9>(two)
        }>
    }""")
    feeds = {"m": np.array([3]), "c": np.array([True]), "x": normal(2)}
    peer = onnxruntime.InferenceSession(loop.SerializeToString(), providers=["CPUExecutionProvider"])
    for a, b in zip(foldgate.onnx.Session(loop).run(None, feeds), peer.run(None, feeds), strict=True):
        np.testing.assert_array_equal(a, b)


def scan(attributes):
    return model(f"""g (float[2] h, float[n, 2] x, float[m, 2] w) => (float[2] y, float[n, 2] s) {{
        y, s = Scan<num_scan_inputs = 2, {attributes} body = l (float[2] a, float[2] e, float[2] f)
            => (float[2] z, float[2] t) {{ z = Add(a, e) t = Mul(z, f) }}>(h, x, w)
    }}""")


@pytest.mark.parametrize(("axis", "shape"), [(0, (0, 2)), (1, (2, 0)), (-1, (2, 0))])
def test_a_scan_of_no_steps_keeps_its_state(axis, shape):
    feeds = {"h": normal(2), "x": normal(0, 2), "w": normal(0, 2)}
    y, s = foldgate.onnx.Session(scan(f"scan_output_axes = [{axis}],")).run(None, feeds)
    np.testing.assert_array_equal(y, feeds["h"])
    assert s.shape == shape and s.dtype == np.float32


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ("", r"its inputs have \[3, 4\] steps; expected as many of each"),
        ("scan_input_axes = [0],", r"scan_input_axes is \[0\]; expected 2 numbers"),
        ("scan_output_axes = [0, 1],", r"scan_output_axes is \[0, 1\]; expected 1 numbers"),
        ("scan_input_directions = [0, 2],", r"scan_input_directions is \[0, 2\]; expected 0 or 1 of each"),
        ("scan_output_directions = [-1],", r"scan_output_directions is \[-1\]; expected 0 or 1 of each"),
    ],
)
def test_scans_that_do_not_fit_are_named(attributes, words):
    feeds = {"h": normal(2), "x": normal(3, 2), "w": normal(4, 2)}
    with pytest.raises(ValueError, match=rf"node 'y' \(Scan\): {words}"):
        foldgate.onnx.Session(scan(attributes)).run(None, feeds)
