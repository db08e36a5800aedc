"""Resize: its positions, and integers."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import helper  # noqa: E402
from onnx_nodes import model_of, same  # noqa: E402

import foldgate.onnx  # noqa: E402


def resized(mode, opset, extent, to, **attributes):
    """Resize of a line of numbers, by a scale or to a size."""
    names = ["x", "k"] if opset < 11 else ["x", "", "", "k"] if isinstance(to, int) else ["x", "", "k"]
    node = helper.make_node("Resize", names, ["y"], mode=mode, **attributes)
    x = np.arange(extent, dtype=np.float32).reshape(1, 1, 1, extent)
    k = np.array([1, 1, 1, to], np.int64 if isinstance(to, int) else np.float32)
    return same(node, {"x": x}, opset, {"k": k}, atol=1e-5)


@pytest.mark.parametrize(("extent", "scale"), [(10, 2.3), (10, 0.7), (10, 0.9), (3, 1 / 3), (7, 2 / 3)])
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_scales_and_extents_are_multiplied_in_float32(mode, extent, scale):
    resized(mode, 13, extent, scale)


@pytest.mark.parametrize("nearest", ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
@pytest.mark.parametrize("where", ["asymmetric", "half_pixel"])
@pytest.mark.parametrize(
    ("extent", "to"), [(12, 1 / 3), (10, 0.6), (10, 1.2), (7, 2 / 3), (10, 2.3), (7, 4), (10, 6), (9, 7)]
)
def test_nearest_positions_are_float32s(nearest, where, extent, to):
    resized("nearest", 13, extent, to, nearest_mode=nearest, coordinate_transformation_mode=where)


@pytest.mark.parametrize("nearest", ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
@pytest.mark.parametrize(("extent", "to"), [(7, 6), (10, 13), (6, 11), (13, 9)])
def test_corners_that_are_aligned_meet_whole_positions(extent, to, nearest):
    resized("nearest", 13, extent, to, nearest_mode=nearest, coordinate_transformation_mode="align_corners")


@pytest.mark.parametrize("scale", [0.3, 0.6, 2 / 3, 0.9, 1.2, 2.3])
def test_nearest_of_opset_10_looks_up_where_it_shrinks(scale):
    resized("nearest", 10, 10, scale)


@pytest.mark.parametrize("antialias", [0, 1])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32])
def test_integers_are_resized_as_floats_and_cut_once(dtype, antialias):
    scales = {"k": np.array([1, 1, 1.7, 0.6], np.float32)}
    x = np.random.default_rng(0).integers(-100 if dtype != np.uint8 else 0, 120, (1, 2, 5, 7)).astype(dtype)
    node = helper.make_node("Resize", ["x", "", "k"], ["y"], mode="linear", antialias=antialias)
    y, exact = (
        foldgate.onnx.Session(model_of(node, {"x": values}, 18, scales)).run(None, {"x": values})[0]
        for values in (x, x.astype(np.float64))
    )
    cut = np.rint if antialias else np.trunc
    assert y.dtype == dtype and ((y == cut(exact - 1e-4)) | (y == cut(exact + 1e-4))).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_integers_that_a_cubic_takes_beyond_their_type_stay_at_its_ends(dtype):
    ends = np.iinfo(dtype).min, np.iinfo(dtype).max
    x = np.array([*[ends[0]] * 3, *[ends[1]] * 3], dtype).reshape(1, 1, 1, 6)
    scales = {"k": np.array([1, 1, 1, 2], np.float32)}
    node = helper.make_node("Resize", ["x", "", "k"], ["y"], mode="cubic")
    (y,) = foldgate.onnx.Session(model_of(node, {"x": x}, 18, scales)).run(None, {"x": x})
    assert (np.diff(y.astype(int)) >= 0).all() and (y.min(), y.max()) == ends
