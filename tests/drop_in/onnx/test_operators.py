"""Corners of single operators, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import helper  # noqa: E402
from onnx_nodes import model_of, normal, same  # noqa: E402

import foldgate.onnx  # noqa: E402


@pytest.mark.parametrize("pads", [[0, 0, 3, 0], [3, 0, 0, 1], [2, 3, 3, 2]])
@pytest.mark.parametrize("ceil_mode", [0, 1])
@pytest.mark.parametrize(
    ("op", "more"), [("MaxPool", {}), ("AveragePool", {}), ("AveragePool", {"count_include_pad": 1})]
)
def test_pools_with_pads_of_more_than_half_a_window(op, more, ceil_mode, pads):
    node = helper.make_node(
        op, ["x"], ["y"], kernel_shape=[4, 4], strides=[3, 2], pads=pads, ceil_mode=ceil_mode, **more
    )
    same(node, {"x": normal(1, 2, 8, 9)})


@pytest.mark.parametrize("storage_order", [0, 1])
def test_indices_of_a_max_pool_with_large_pads_are_those_of_the_input(storage_order):
    node = helper.make_node(
        "MaxPool",
        ["x"],
        ["y", "i"],
        kernel_shape=[3, 3],
        strides=[2, 2],
        pads=[2, 1, 0, 2],
        ceil_mode=1,
        storage_order=storage_order,
    )
    same(node, {"x": normal(2, 3, 7, 6)}, opset=12)


def test_dynamic_quantisation_of_zeros():
    node = helper.make_node("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero"])
    same(node, {"x": np.zeros(3, np.float32)})


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_statistics_of_a_layer_normalization_are_float32(dtype):
    node = helper.make_node("LayerNormalization", ["x", "gain"], ["y", "mean", "deviation"])
    tolerance = {"rtol": 1e-2, "atol": 2e-3} if dtype == np.float16 else {}
    found = same(node, {"x": normal(2, 5).astype(dtype), "gain": np.ones(5, dtype)}, **tolerance)
    assert [y.dtype for y in found] == [dtype, np.float32, np.float32]


@pytest.mark.parametrize(
    ("scale", "bias"), [((3, 1, 5), (5,)), ((3, 4, 5), (4, 1)), ((5,), (3, 4, 5)), ((1, 1, 5), None)]
)
def test_scale_and_bias_of_a_layer_normalization_broadcast_to_all_axes(scale, bias):
    feeds = {"x": normal(3, 4, 5), "g": normal(*scale)} | ({"b": normal(*bias)} if bias else {})
    same(helper.make_node("LayerNormalization", list(feeds), ["y", "m", "r"]), feeds, 17)
    del feeds["x"]
    rms = helper.make_node("RMSNormalization", ["x", "g"], ["y"])
    (y,) = foldgate.onnx.run_node(rms, [normal(3, 4, 5), feeds["g"]])
    (plain,) = foldgate.onnx.run_node(rms, [normal(3, 4, 5), np.ones(5, np.float32)])
    np.testing.assert_allclose(y, plain * feeds["g"], rtol=1e-6)


@pytest.mark.parametrize("mode", ["constant", "wrap", "reflect", "edge"])
@pytest.mark.parametrize("pads", [[-1, 2], [2, -1], [-2, -1], [-3, 1]])
def test_pads_continue_what_negative_ones_leave(mode, pads):
    node = helper.make_node("Pad", ["x", "pads"], ["y"], mode=mode)
    same(node, {"x": np.arange(5, dtype=np.float32)}, 19, {"pads": np.array(pads)})


def test_a_negative_pad_beyond_the_end_cuts_the_constant():
    node = helper.make_node("Pad", ["x", "pads"], ["y"])
    (y,) = foldgate.onnx.run_node(node, [np.ones(2, np.float32), np.array([-3, 4])])
    np.testing.assert_array_equal(y, [0, 0, 0])


@pytest.mark.parametrize("op", ["QuantizeLinear", "DequantizeLinear"])
@pytest.mark.parametrize(
    ("block", "words"),
    [
        (2**60, "1 block of 1152921504606846976 along axis 1"),
        (3, r"scale has shape \(2, 2\); expected 1 block of 3 along axis 1 of \(2, 3\)"),
        (-2, "block_size is -2; expected 0 or more"),
    ],
)
def test_blocks_that_do_not_fit_are_named(op, block, words):
    x = np.ones((2, 3), np.int8 if op == "DequantizeLinear" else np.float32)
    node = helper.make_node(op, ["x", "s"], ["y"], name="q", axis=1, block_size=block)
    with pytest.raises(ValueError, match=rf"node 'q' \({op}\): .*{words}"):
        foldgate.onnx.run_node(node, [x, np.ones((2, 2), np.float32)])


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("shape", "words"),
    [([-2, 3], r"shape is \(-2, 3\); expected"), ([2, 3, 0], "expected no 0 beyond the 2")],
)
def test_shapes_that_mean_nothing_are_named(shape, words, known):
    node = helper.make_node("Reshape", ["x", "s"], ["y"], name="r")
    feeds, constants = {"x": normal(2, 3)}, {"s": np.array(shape)}
    if not known:
        feeds, constants = {**feeds, **constants}, None
    with pytest.raises(ValueError, match=rf"node 'r' \(Reshape\): .*{words}"):
        foldgate.onnx.Session(model_of(node, feeds, 17, constants)).run(None, feeds)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("extent", [0, 1, 5])
@pytest.mark.parametrize(
    ("start", "end", "step"),
    [(-9, -99, -1), (-6, 7, -2), (-9, 3, 1), (-1, -(2**31), -2), (9, -9, -1), (-5, -6, -1)],
)
def test_a_slice_backwards_may_start_before_the_first_value(start, end, step, extent, known):
    node = helper.make_node("Slice", ["x", "s", "e", "a", "t"], ["y"])
    feeds = {"x": np.arange(2 * extent, dtype=np.float32).reshape(2, extent)}
    constants = {name: np.array([v], np.int32) for name, v in zip("seat", (start, end, 1, step), strict=True)}
    same(node, feeds if known else {**feeds, **constants}, 13, constants if known else None)


@pytest.mark.parametrize("bounds", [{}, {"low": -1.0}, {"high": 2.0}, {"low": -1.0, "high": 2.0}])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("opset", [10, 13])
def test_infinities_are_cut_where_the_type_ends(opset, dtype, bounds):
    x = np.array([-np.inf, -2, 1, np.inf, np.nan], dtype)
    if opset < 11:
        ends = {{"low": "min", "high": "max"}[name]: bound for name, bound in bounds.items()}
        same(helper.make_node("Clip", ["x"], ["y"], **ends), {"x": x.astype(np.float32)}, opset)
    else:
        node = helper.make_node(
            "Clip", ["x", *(name if name in bounds else "" for name in ("low", "high"))], ["y"]
        )
        same(node, {"x": x}, opset, {name: np.array(bound, dtype) for name, bound in bounds.items()})


@pytest.mark.parametrize("opset", [7, 10, 13])
def test_the_mask_of_a_dropout_is_of_the_versions_type(opset):
    node = helper.make_node("Dropout", ["x"], ["y", "mask"])
    _, mask = foldgate.onnx.Session(model_of(node, {"x": normal(3)}, opset)).run(None, {"x": normal(3)})
    assert mask.dtype == (np.float32 if opset < 10 else bool)


@pytest.mark.parametrize("shape", [(0,), (2, 0, 3)])
def test_dynamic_quantisation_of_nothing(shape):
    node = helper.make_node("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero"])
    same(node, {"x": np.zeros(shape, np.float32)})


def test_determinants_and_a_batchs_statistics_of_float16():
    tolerance = {"rtol": 1e-2, "atol": 4e-3}
    same(helper.make_node("Det", ["x"], ["y"]), {"x": normal(2, 3, 3).astype(np.float16)}, **tolerance)
    node = helper.make_node(
        "BatchNormalization", ["x", "g", "b", "m", "v"], ["y", "mean", "variance"], training_mode=1
    )
    rows = {name: normal(2).astype(np.float16) for name in "gbm"}
    feeds = {"x": normal(4, 2, 3).astype(np.float16), **rows, "v": np.ones(2, np.float16)}
    same(node, feeds, **tolerance)


@pytest.mark.parametrize("opset", [7, 9, 13])
def test_before_opset_14_statistics_that_are_asked_for_are_the_batchs(opset):
    node = helper.make_node("BatchNormalization", [*"xgbmv"], [*"yrsde"], momentum=0.5)
    x = normal(4, 2, 3)
    feeds = {"x": x, **{name: normal(2) for name in "gbm"}, "v": np.ones(2, np.float32)}
    *old, mean, variance = foldgate.onnx.Session(model_of(node, feeds, opset)).run(None, feeds)
    np.testing.assert_allclose([mean, variance], [x.mean((0, 2)), x.var((0, 2))], rtol=1e-5)
    node.attribute.append(helper.make_attribute("training_mode", 1))
    del node.output[3:]
    np.testing.assert_array_equal(old[0], same(node, feeds)[0])
    np.testing.assert_array_equal(old[1:], same(node, feeds)[1:])


def test_a_swish_of_a_number_without_axes():
    same(helper.make_node("Swish", ["x"], ["y"], alpha=0.5), {"x": normal()}, 24)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax", "Hardmax"])
@pytest.mark.parametrize("opset", [11, 13])
def test_softmaxes_of_nothing(opset, op):
    same(helper.make_node(op, ["x"], ["y"], axis=1), {"x": normal(2, 0)}, opset)


def test_integers_are_multiplied_by_a_beta_that_is_none():
    node = helper.make_node("Gemm", ["a", "b", "c"], ["y"], alpha=2.0, beta=0.5)
    eye = np.eye(2, dtype=np.int32)
    (y,) = foldgate.onnx.run_node(node, [eye, 3 * eye, np.array([4, -6], np.int32)])
    np.testing.assert_array_equal(y, [[8, -3], [2, 3]])
    assert y.dtype == np.int32


def test_a_range_that_no_array_holds():
    node = helper.make_node("Range", ["a", "b", "c"], ["y"], name="r")
    feeds = {"a": np.array(0), "b": np.array(2**63 - 1), "c": np.array(1)}
    with pytest.raises((ValueError, MemoryError), match=r"node 'r' \(Range\)"):
        foldgate.onnx.Session(model_of(node, feeds, 13)).run(None, feeds)


def test_pads_of_another_number_are_counted():
    node = helper.make_node("Pad", ["x", "p"], ["y"], name="p")
    feeds = {"x": normal(2), "p": np.zeros(3, np.int64)}
    with pytest.raises(ValueError, match=r"node 'p' \(Pad\): pads has 3 values; expected 2"):
        foldgate.onnx.Session(model_of(node, feeds, 13)).run(None, feeds)


def test_equal_parts_come_out_even_before_opset_18():
    node = helper.make_node("Split", ["x"], ["a", "b"], name="s")
    with pytest.raises(ValueError, match=r"node 's' \(Split\): axis 0 has 5 values; expected 2 equal parts"):
        foldgate.onnx.Session(model_of(node, {"x": normal(5)}, 13)).run(None, {"x": normal(5)})


@pytest.mark.parametrize("nodes", ["", "ai.onnx"])
@pytest.mark.parametrize("opsets", ["", "ai.onnx"])
def test_both_names_of_the_standard_domain(nodes, opsets):
    model = model_of(helper.make_node("CenterCropPad", ["x", "s"], ["y"], axes=[0]), {"x": normal(2, 4)}, 18)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([3]), "s"))
    model.graph.node[0].domain, model.opset_import[0].domain = nodes, opsets
    (y,) = foldgate.onnx.Session(model).run(None, {"x": normal(2, 4)})
    np.testing.assert_array_equal(y, [*normal(2, 4), np.zeros(4)])


@pytest.mark.parametrize("causal", [0, 1])
@pytest.mark.parametrize("mask", ["", "fed", "constant"])
def test_attention_as_onnx_defines_it(mask, causal):
    node = helper.make_node(
        "Attention", ["q", "k", "v", "m"][: 3 + bool(mask)], ["y"], is_causal=causal, scale=0.3
    )
    feeds = {"q": normal(2, 4, 5, 3), "k": normal(2, 2, 5, 3), "v": normal(2, 2, 5, 6)}
    seen = {"m": np.tril(np.ones((5, 5), bool), 1)}
    same(node, {**feeds, **seen} if mask == "fed" else feeds, 23, seen if mask == "constant" else None)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("names", [["", ""], ["", "pk", "pv"]])
def test_inputs_that_an_attention_leaves_out(names, inside):
    inputs = ["q", "k", "v", *names]
    node = helper.make_node("Attention", inputs, ["y", "nk", "nv"] if "pk" in names else ["y"])
    feeds = {name: normal(1, 2, 3, 4) for name in inputs if name}
    expected = same(node, feeds, 23)
    model = model_of(node, feeds, 23)
    if inside:
        outputs = [helper.make_empty_tensor_value_info(name) for name in node.output]
        branch = {f"{name}_branch": helper.make_graph([node], name, [], outputs) for name in ("then", "else")}
        del model.graph.node[:]
        model.graph.node.append(helper.make_node("If", ["true"], node.output, **branch))
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(True), "true"))
    for a, b in zip(foldgate.onnx.Session(model).run(None, feeds), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scales", [(0.02, 0.1, 0.004), (0.07, 0.1, 0.014), (0.1, 0.25, 0.01)])
def test_sums_of_products_are_scaled_in_float32(scales):
    names = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
    xs, ws, ys = map(np.float32, scales)  # halves: in float64 a little more or less
    values = [xs, np.int8(0), np.ones((1, 1), np.int8), ws, np.int8(0), ys, np.int8(9)]
    x = np.arange(-30, 30, dtype=np.int8).reshape(-1, 1)
    constants = dict(zip(names[1:], map(np.asarray, values), strict=True))
    same(helper.make_node("QLinearMatMul", names, ["y"]), {"x": x}, 13, constants, rtol=0, atol=0)
    constants["w"] = constants["w"].reshape(1, 1, 1)
    same(
        helper.make_node("QLinearConv", names, ["y"]),
        {"x": x[None].transpose(0, 2, 1)},
        13,
        constants,
        atol=0,
    )


@pytest.mark.parametrize("opset", [6, 8])
@pytest.mark.parametrize("flags", [{}, {"across_channels": 1}, {"normalize_variance": 0}])
def test_the_flags_that_mean_variance_normalization_had(flags, opset):
    node = helper.make_node("MeanVarianceNormalization", ["x"], ["y"], **flags)
    x = normal(2, 3, 4, 5)
    (y,) = foldgate.onnx.Session(model_of(node, {"x": x}, opset)).run(None, {"x": x})
    axes = (0, 1, 2, 3) if "across_channels" in flags else (0, 2, 3)
    centred = x - x.mean(axes, keepdims=True)
    wanted = centred if "normalize_variance" in flags else centred / x.std(axes, keepdims=True)
    np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("op", ["Elu", "Selu"])
def test_exponential_units_below_0(op):
    same(helper.make_node(op, ["x"], ["y"], alpha=-2.0), {"x": normal(20)})
