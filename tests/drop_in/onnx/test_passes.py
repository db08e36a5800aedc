"""What the passes do to a graph, and that its results stay."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import helper, numpy_helper, parser  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

import foldgate.onnx  # noqa: E402

HEAD = '<ir_version: 8, opset_import: ["": 17]> f '


def compiled(text):
    model = parser.parse_model(HEAD + text)
    session = foldgate.onnx.Session(model)
    return model, session, [step.node for step in session._program.steps]


def same(model, session, *inputs, rtol=1e-5, atol=1e-5):
    feeds = dict(zip((value.name for value in model.graph.input), inputs, strict=True))
    before = {name: x.copy() for name, x in feeds.items()}
    for _ in range(2):  # the second run reads what the first kept
        found, expected = session.run(None, feeds), ReferenceEvaluator(model).run(None, feeds)
        for a, b in zip(found, expected, strict=True):
            assert a.shape == b.shape and a.flags.c_contiguous and a.flags.writeable
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
    for name, x in feeds.items():
        np.testing.assert_array_equal(x, before[name])


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def weights(*shape):
    """Values in the parser's words, without randomness in a text."""
    values = ", ".join(f"{(7 * i % 11 - 5) / 10:.1f}" for i in range(int(np.prod(shape))))
    return "{" + values + "}"


CHAIN = f"""(float[N, 3, H, W] x) => (float[N, 4, P, Q] y)
<float[4, 3, 3, 3] w = {weights(4, 3, 3, 3)}, float[4, 4, 3, 3] v = {weights(4, 4, 3, 3)},
 float[4] gamma = {{1, 2, 3, 4}}, float[4] beta = {{1, 0, 1, 0}}, float[4] mean = {{0, 1, 0, 1}},
 float[4] var = {{1, 1, 2, 2}}, float[1, 4, 1, 1] scale = {{1, 2, 3, 4}}>
{{ a = Conv<pads=[1, 1, 1, 1]>(x, w)
  b = BatchNormalization(a, gamma, beta, mean, var)
  c = Relu(b)
  d = Conv<pads=[1, 1, 1, 1]>(c, v)
  e = Add(c, d)
  f = Relu(e)
  g = Mul(f, scale)
  h = Concat<axis=1>(f, g)
  i, j = Split<axis=1>(h)
  k = Add(i, j)
  y = MaxPool<kernel_shape=[2, 2], strides=[2, 2]>(k) }}"""


def test_a_convolutional_chain_is_fused_and_transposed_at_its_edges_alone():
    model, session, nodes = compiled(CHAIN)
    ops = [node.op for node in nodes]
    assert ops.count("Transpose") == 2 and "BatchNormalization" not in ops and ops.count("Relu") == 0
    for shape in [(2, 3, 8, 6), (1, 3, 9, 7), (0, 3, 8, 8)]:
        if shape[0]:
            same(model, session, random(*shape))
        else:
            assert session.run(None, {"x": np.zeros(shape, np.float32)})[0].shape == (0, 4, 4, 4)


@pytest.mark.parametrize(("bound", "fused"), [("6", True), ("5", False)])
def test_a_clip_to_six_rides_on_the_convolution(bound, fused):
    text = f"""(float[N, 3, 6, 5] x) => (float[N, 4, 6, 5] y) <float[4, 3, 3, 3] w = {weights(4, 3, 3, 3)},
    float[4, 4, 1, 1] v = {weights(4, 4, 1, 1)}, float low = {{0}}, float high = {{{bound}}}>
    {{ a = Conv<pads=[1, 1, 1, 1]>(x, w) b = Clip(a, low, high) c = Conv(b, v) y = Clip(c, low, high) }}"""
    model, session, nodes = compiled(text)
    assert (sum(node.op == "Clip" for node in nodes) == 0) == fused
    same(model, session, 9 * random(2, 3, 6, 5), atol=1e-4)


def test_convolutions_with_shared_weights_share_what_is_packed():
    text = f"""(float[1, 2, 5] x) => (float[1, 2, 1] y) <float[2, 2, 3] w = {weights(2, 2, 3)}>
    {{ a = Conv(x, w) y = Conv(a, w) }}"""
    model, session, _ = compiled(text)
    first, second = (s.function for s in session._program.steps if s.node.op == "Conv")
    assert first.__closure__[0].cell_contents is second.__closure__[0].cell_contents
    same(model, session, random(1, 2, 5))


def test_an_image_that_leaves_as_features():
    text = f"""(float[N, 2, 6, 6] x) => (float[N, 3] y)
    <float[4, 2, 3, 3] w = {weights(4, 2, 3, 3)}, float[4, 4, 3, 3] v = {weights(4, 4, 3, 3)},
     float[4, 3] m = {weights(4, 3)}, float[3] b = {{1, 2, 3}}>
    {{ a = Conv(x, w) b1 = Conv(a, v) c = ReduceMean<axes=[2, 3], keepdims=0>(b1) d = MatMul(c, m)
      e = Add(d, b) y = Sigmoid(e) }}"""
    model, session, nodes = compiled(text)
    assert [node.op for node in nodes] == ["Transpose", "Conv", "Conv", "GlobalAveragePool", "MatMul"]
    same(model, session, random(3, 2, 6, 6))


def test_a_transpose_after_a_convolution_is_one_or_none():
    text = f"""(float[1, 2, 9] x) => (float[1, 5, 2] y, float[5, 1, 2] z)
    <float[2, 2, 3] w = {weights(2, 2, 3)}>
    {{ a = Conv(x, w) b = Conv(a, w) y = Transpose<perm=[0, 2, 1]>(b) z = Transpose<perm=[2, 0, 1]>(b) }}"""
    model, session, nodes = compiled(text)
    assert [node.op for node in nodes].count("Transpose") == 2  # of x, and for z
    same(model, session, random(1, 2, 9))


def test_shapes_are_computed_once_for_inputs_of_equal_shapes():
    text = """(float[N, T, 4] x) => (float[N, U] y) <int64[1] zero = {0}, int64[1] rest = {-1}>
    { s = Shape(x) n = Gather<axis=0>(s, zero) t = Concat<axis=0>(n, rest) y = Reshape(x, t) }"""
    model, session, nodes = compiled(text)
    assert len(nodes) == 4 and len(session._program._rest) == 1
    same(model, session, random(2, 3, 4))
    same(model, session, random(3, 1, 4))
    same(model, session, random(2, 3, 4))


def test_values_that_say_shapes_are_not_kept():
    text = """(float[N] x, int64[1] s) => (float[M] y, int64[1] z)
    { y = Expand(x, s) z = Shape(y) }"""
    _, session, _ = compiled(text)
    x = np.ones(1, np.float32)
    for n in (3, 5):
        assert session.run(None, {"x": x, "s": np.array([n])})[1].tolist() == [n]


def test_outputs_are_the_callers_own():
    text = """(float[2] x) => (float[2] y, float[2] c, float[2] z) <float[2] w = {1, 2}>
    { y = Identity(x) c = Identity(w) z = Relu(x) }"""
    _, session, _ = compiled(text)
    x = np.ones(2, np.float32)
    for _ in range(2):
        y, c, z = session.run(None, {"x": x})
        assert x.tolist() == [1, 1] and c.tolist() == [1, 2]
        y += 5
        c += 5
        z += 5


@pytest.mark.parametrize(
    "body",
    [
        "y = Clip(a, zero, six)",
        "b = Sigmoid(a) y = Mul(a, b)",
        "b = LeakyRelu(a) y = PRelu(b, slope)",
        "b = Pad(a, pads) y = AveragePool<kernel_shape=[2]>(b)",
        "b = Slice(a, one, two, one) y = Squeeze(b, one)",
        "b = InstanceNormalization(a, half, half) y = Softmax<axis=1>(b)",
        'y = Resize<mode="linear">(a, , scales)',
        "b = Sub(one_f, a) c = Max(a, b) y = Flatten(c)",
    ],
)
def test_operators_on_images_in_the_other_layout(body):
    text = f"""(float[N, 2, 9] x) => (float[] y)
    <float[2, 2, 3] w = {weights(2, 2, 3)}, float zero = {{0}}, float six = {{6}},
     float[2, 1] slope = {{0.1, 0.2}}, float[2] half = {{0.5, 2}}, float[3] scales = {{1, 1, 2}},
     int64[6] pads = {{0, 0, 1, 0, 0, 2}}, int64[1] one = {{1}}, int64[1] two = {{2}},
     float[2, 1] one_f = {{1, 2}}>
    {{ p = Conv(x, w) a = Conv(p, w) {body} }}"""
    model, session, _ = compiled(text)
    same(model, session, random(2, 2, 9))


def test_packed_weights_are_not_kept_twice():
    kernel = np.ones((4, 4, 3), np.float32)
    proto = parser.parse_model(HEAD + "(float[1, 4, 9] x) => (float[1, 4, 7] y) { y = Conv(x, w) }")
    proto.graph.initializer.append(numpy_helper.from_array(kernel, "w"))
    program = foldgate.onnx.Session(proto)._program
    assert not any(isinstance(value, np.ndarray) for value in program._template)
    (step,) = program.steps
    held = [cell.cell_contents for cell in step.function.__closure__ or ()]
    assert not any(isinstance(value, np.ndarray) for value in held)


@pytest.mark.parametrize("function", ["Relu", "Sigmoid", "Tanh"])
def test_a_row_that_is_added_after_an_activation_stays_after_it(function):
    model, session, _ = compiled(f"""(float[N, 3] x) => (float[N, 4] y)
      <float[3, 4] w = {weights(3, 4)}, float[4] row = {{-1, -2, 1, -3}}>
      {{ a = MatMul(x, w)
        b = {function}(a)
        y = Add(b, row) }}""")
    same(model, session, random(5, 3))


def test_values_that_are_kept_for_shapes_are_not_written_over():
    model, session, _ = compiled("""(float[A, B] x, float[K] v) => (float[K] y)
      <float[2] half = {0.5, 0.25}>
      { s = Shape(x)
        f = Cast<to=1>(s)
        m = Mul(f, half)
        y = Add(m, v) }""")
    same(model, session, random(2, 3), random(2))


@pytest.mark.parametrize(
    "body",
    [
        "y = Softmax<axis=1>(g)",
        "y = Flatten(g)",
        "y = Reshape(g, flat)",
        "h = Squeeze(g, last) y = Flatten(h)",
        "h = Add(one, g) y = Softmax<axis=1>(h)",
        "y = Identity(g)",
    ],
)
def test_ranks_that_onnx_does_not_infer_are_kept(body):
    model = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 18]> f
      (float[N, 2, 9, 1] x) => (float[] y) <float[2, 2, 3, 1] w = {weights(2, 2, 3, 1)},
       float[2] scale = {{1, 2}}, float[2] bias = {{0, 1}}, int64[2] flat = {{0, -1}}, int64[1] last = {{3}},
       float one = {{1}}>
      {{ c = Conv(x, w) d = Conv(c, w) g = GroupNormalization<num_groups=2>(d, scale, bias) {body} }}""")
    same(model, foldgate.onnx.Session(model), random(3, 2, 9, 1))


def test_a_rank_that_a_file_says_wrongly_is_not_believed():
    model = parser.parse_model(f"""{HEAD} (float[1, 2, 9] x) => (float[] y)
      <float[2, 2, 3] w = {weights(2, 2, 3)}>
      {{ a = Conv(x, w) y = Conv(a, w) }}""")
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    model.graph.output[0].type.tensor_type.shape.dim.add(dim_value=4)
    assert foldgate.onnx.Session(model).run(None, {"x": random(1, 2, 9)})[0].shape == (1, 2, 5)


@pytest.mark.parametrize("name", ["a", "z"])
def test_extents_that_a_file_says_wrongly_are_not_believed(name):
    model = parser.parse_model(f"""{HEAD} (float[2, 3] x) => (int64[2] y, float[7, 9] z)
      {{ a = Neg(x) z = Relu(a) y = Shape({name}) }}""")
    model.graph.value_info.append(helper.make_tensor_value_info("a", 1, [7, 9]))
    y, _ = foldgate.onnx.Session(model).run(None, {"x": random(2, 3)})
    assert y.tolist() == [2, 3]
