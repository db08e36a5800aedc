"""Sampling by grids, boxes of detectors, Fourier transforms and values drawn by chance."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper  # noqa: E402
from onnx_nodes import model_of, normal, same  # noqa: E402

import foldgate.onnx  # noqa: E402


@pytest.mark.parametrize("align", [0, 1])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize(
    ("mode", "axes", "opset"),
    [
        ("bilinear", 2, 16),
        ("bicubic", 2, 16),
        ("nearest", 2, 16),
        ("linear", 3, 20),
        ("nearest", 3, 20),
        ("cubic", 2, 22),
    ],
)
def test_grids_in_and_beyond_the_image(mode, axes, opset, padding, align):
    node = helper.make_node(
        "GridSample", ["x", "g"], ["y"], mode=mode, padding_mode=padding, align_corners=align
    )
    grid = 1.5 * normal(2, *(4, 3, 2)[:axes], axes)
    same(node, {"x": normal(2, 3, *(5, 4, 6)[:axes]), "g": grid}, opset, rtol=1e-4, atol=1e-4)


def test_grids_of_one_value_and_of_float16():
    for x in (normal(1, 2, 1, 3), normal(1, 2, 4, 3).astype(np.float16)):
        node = helper.make_node("GridSample", ["x", "g"], ["y"], padding_mode="reflection", align_corners=1)
        (y,) = foldgate.onnx.run_node(node, [x, normal(1, 3, 2, 2).astype(x.dtype)])
        assert y.shape == (1, 2, 3, 2) and y.dtype == x.dtype and np.isfinite(y).all()


@pytest.mark.parametrize(
    ("attributes", "grid", "words"),
    [
        ({"mode": "odd"}, (1, 2, 2, 2), "mode is 'odd'; expected one of bicubic"),
        ({"padding_mode": "odd"}, (1, 2, 2, 2), "padding_mode is 'odd'; expected zeros"),
        ({}, (1, 2, 2, 3), r"grid has shape \(1, 2, 2, 3\); expected one for X"),
    ],
)
def test_grids_that_do_not_fit_are_named(attributes, grid, words):
    node = helper.make_node("GridSample", ["x", "g"], ["y"], name="s", **attributes)
    with pytest.raises(ValueError, match=rf"node 's' \(GridSample\): {words}"):
        foldgate.onnx.run_node(node, [normal(1, 1, 3, 3), normal(*grid)])


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("align", [0, 1])
@pytest.mark.parametrize("size", [(1, 1, 2, 3), (2, 1, 5, 4), (1, 2, 2, 3, 4), (3, 2, 4, 2, 5)])
def test_grids_of_affine_maps(size, align, known):
    node = helper.make_node("AffineGrid", ["t", "s"], ["y"], align_corners=align)
    axes = len(size) - 2
    theta, extents = {"t": normal(size[0], axes, axes + 1)}, {"s": np.array(size, np.int64)}
    same(node, theta if known else theta | extents, 20, extents if known else None, atol=1e-5)


def test_an_affine_map_of_one_value_between_corners_has_its_middle():
    node = helper.make_node("AffineGrid", ["t", "s"], ["y"], align_corners=1)
    (y,) = foldgate.onnx.run_node(node, [np.eye(2, 3, dtype=np.float32)[None], np.array([1, 1, 1, 3])])
    np.testing.assert_array_equal(y, [[[[-1, 0], [0, 0], [1, 0]]]])


@pytest.mark.parametrize(
    ("theta", "size", "words"),
    [
        ((1, 2, 3), (1, 1, 2), r"size is \[1, 1, 2\]; expected 4 or 5 extents"),
        ((1, 3, 4), (1, 1, 2, 2), r"theta has shape \(1, 3, 4\); expected \(1, 2, 3\)"),
    ],
)
def test_affine_maps_that_do_not_fit_are_named(theta, size, words):
    node = helper.make_node("AffineGrid", ["t", "s"], ["y"], name="a")
    with pytest.raises(ValueError, match=rf"node 'a' \(AffineGrid\): {words}"):
        foldgate.onnx.run_node(node, [normal(*theta), np.array(size, np.int64)])


@pytest.mark.parametrize("centred", [0, 1])
@pytest.mark.parametrize("given", [2, 3, 4, 5])
@pytest.mark.parametrize("boxes", [0, 9])
def test_boxes_without_those_that_overlap(boxes, given, centred):
    random = np.random.default_rng(0)
    scores = np.round(random.random((2, 3, boxes)) * 6).astype(np.float32) / 6  # some of them equal
    feeds = {
        "b": random.random((2, boxes, 4)).astype(np.float32),
        "s": scores,
        "n": np.array([4]),
        "o": np.array([0.3], np.float32),
        "l": np.array([0.5], np.float32),
    }
    names = list(feeds)[:given]
    node = helper.make_node("NonMaxSuppression", names, ["y"], center_point_box=centred)
    same(node, {name: feeds[name] for name in names}, 11)


@pytest.mark.parametrize("mode", ["avg", "max"])
@pytest.mark.parametrize("ratio", [0, 2])
@pytest.mark.parametrize(
    ("opset", "how"),
    [
        (10, {}),
        (16, {}),
        (16, {"coordinate_transformation_mode": "output_half_pixel"}),
    ],
)
def test_regions_of_images(opset, how, ratio, mode):
    sizes = {"output_height": 2, "output_width": 3, "sampling_ratio": ratio, "spatial_scale": 0.5}
    node = helper.make_node("RoiAlign", ["x", "r", "b"], ["y"], mode=mode, **sizes, **how)
    regions = np.array([[0, 1, 9, 7], [-3, -2, 30, 4], [5, 5, 4, 4], [2, 2, 2, 2]], np.float32)
    same(node, {"x": normal(2, 3, 6, 7), "r": regions, "b": np.array([1, 0, 1, 0])}, opset, atol=1e-5)


def test_a_region_of_more_points_than_any_image_is_named():
    node = helper.make_node("RoiAlign", ["x", "r", "b"], ["y"], name="r")
    region = np.array([[0, 0, 1e9, 1]], np.float32)
    with pytest.raises(ValueError, match=r"node 'r' \(RoiAlign\): a region has 1000000000 points"):
        foldgate.onnx.run_node(node, [normal(1, 1, 3, 3), region, np.array([0])])


@pytest.mark.parametrize("ascending", [0, 1])
@pytest.mark.parametrize("axis", [{}, {"axis": 0}, {"axis": -1}])
def test_each_value_once(axis, ascending):
    node = helper.make_node("Unique", ["x"], ["y", "first", "which", "count"], sorted=ascending, **axis)
    same(node, {"x": np.array([[3, 1, 3], [2, 2, 2], [3, 1, 3]], np.float32)}, 11)


@pytest.mark.parametrize("opset", [17, 20])
@pytest.mark.parametrize(
    ("parts", "attributes"),
    [(1, {}), (1, {"onesided": 1}), (2, {}), (2, {"inverse": 1}), (1, {"inverse": 1})],
)
@pytest.mark.parametrize("length", [None, 4, 9])
def test_fourier_transforms(length, parts, attributes, opset):
    feeds = {"x": normal(2, 3, 6, parts)} | ({} if length is None else {"n": np.array(length)})
    if opset < 20:
        node = helper.make_node("DFT", list(feeds), ["y"], axis=2, **attributes)
    else:
        feeds["a"] = np.array(-2)
        node = helper.make_node("DFT", ["x", "n" if length else "", "a"], ["y"], **attributes)
    same(node, feeds, opset, atol=1e-5)


@pytest.mark.parametrize(("parts", "onesided"), [(1, 0), (1, 1), (2, 0)])
@pytest.mark.parametrize("inputs", [["x", "s", "w"], ["x", "s", "w", "n"]])
def test_fourier_transforms_of_frames(inputs, parts, onesided):
    feeds = {
        "x": normal(2, 20, parts),
        "s": np.array(3),
        "w": np.hanning(6).astype(np.float32),
        "n": np.array(6),
    }
    node = helper.make_node("STFT", inputs, ["y"], onesided=onesided)
    same(node, {name: feeds[name] for name in inputs}, 17, atol=1e-5)


def test_frames_that_do_not_fit_are_named():
    node = helper.make_node("STFT", ["x", "s", "", "n"], ["y"], name="f")
    with pytest.raises(ValueError, match=r"node 'f' \(STFT\): frames of 9 by steps of 1; expected some of 8"):
        foldgate.onnx.run_node(node, [normal(1, 8, 1), np.array(1), np.array(9)])


@pytest.mark.parametrize(
    ("op", "mean", "deviation", "attributes"),
    [
        ("RandomNormal", 2.0, 3.0, {"mean": 2.0, "scale": 3.0, "shape": [100, 300]}),
        ("RandomUniform", 1.0, 0.5774, {"low": 0.0, "high": 2.0, "shape": [100, 300]}),
        ("RandomNormalLike", 0.0, 1.0, {}),
        ("RandomUniformLike", 0.5, 0.2887, {}),
        ("Bernoulli", 0.25, 0.433, {}),
    ],
)
def test_values_drawn_by_chance(op, mean, deviation, attributes):
    like = np.full((100, 300), 0.25, np.float32)
    feeds = {} if "shape" in attributes else {"x": like}

    def drawn(**more):
        node = helper.make_node(op, list(feeds), ["y"], **attributes, **more)
        session = foldgate.onnx.Session(model_of(node, feeds, 15))
        return [session.run(None, feeds)[0] for _ in range(2)]

    first, second = drawn()
    assert first.shape == like.shape and first.dtype == np.float32 and not np.array_equal(first, second)
    np.testing.assert_allclose([first.mean(), first.std()], [mean, deviation], atol=0.06)
    np.testing.assert_array_equal(drawn(seed=3.0), drawn(seed=3.0))
    kind = {"dtype": TensorProto.DOUBLE}
    assert drawn(**kind)[0].dtype == np.float64 and not np.array_equal(drawn(seed=4.0)[0], drawn(seed=3.0)[0])
