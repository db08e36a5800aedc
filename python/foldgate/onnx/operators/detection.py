"""What detectors end with: boxes that are kept, and what an image shows in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import in_floats
from foldgate.onnx.registry import Context, Function, operator


@operator("NonMaxSuppression", attributes="center_point_box")
def non_max_suppression(context: Context) -> Function:
    """(kept, 3): batch, class and box of the best boxes, without those that overlap a better one."""
    centred = context.flag("center_point_box")

    def call(boxes: Array, scores: Array, most: Any = None, overlap: Any = None, least: Any = None) -> Array:
        wanted = (len(boxes), "classes", boxes.shape[1])
        if scores.ndim != 3 or scores.shape[::2] != wanted[::2]:
            raise ValueError(f"scores has shape {scores.shape}; expected ({', '.join(map(str, wanted))})")
        count = 0 if most is None else int(most.reshape(-1)[0])
        limit = 0.0 if overlap is None else float(overlap.reshape(-1)[0])
        if not 0 <= limit <= 1:
            raise ValueError(f"iou_threshold is {limit}; expected 0 to 1")
        kept = [
            (i, j, box)
            for i, (rows, classes) in enumerate(zip(_corners(boxes, centred), scores, strict=True))
            for j, row in enumerate(classes)
            for box in _best(rows, row, count, limit, None if least is None else least.reshape(-1)[0])
        ]
        return np.array(kept, np.int64).reshape(-1, 3)

    return call


def _corners(boxes: Array, centred: bool) -> Array:
    """Boxes as their least and largest corners."""
    if centred:
        centre, half = boxes[..., :2], boxes[..., 2:] / 2
        first, second = centre - half, centre + half
    else:
        first, second = boxes[..., :2], boxes[..., 2:]
    return np.concatenate([np.minimum(first, second), np.maximum(first, second)], -1)


def _best(boxes: Array, scores: Array, count: int, limit: float, least: Any) -> list[int]:
    order = np.argsort(-scores, kind="stable")
    if least is not None:
        order = order[scores[order] > least]
    kept: list[int] = []
    while len(order) and len(kept) < count:
        kept.append(int(order[0]))
        order = order[1:]
        order = order[_overlaps(boxes[kept[-1]], boxes[order]) <= limit]
    return kept


def _overlaps(box: Array, others: Array) -> Array:
    """The shares that others have in common with a box."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    common = np.prod(np.maximum(sides, 0), -1)
    whole = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], -1) - common
    return np.where(whole > 0, common / np.where(whole > 0, whole, 1), 0)


@operator(
    "RoiAlign",
    attributes="coordinate_transformation_mode mode output_height output_width sampling_ratio spatial_scale",
)
def roi_align(context: Context) -> Function:
    """(regions, C, height, width): the mean, or the largest, of points in each part of a region."""
    half = (
        context.attr("coordinate_transformation_mode", "half_pixel") == "half_pixel" and context.opset >= 16
    )
    mode, scale = context.attr("mode", "avg"), context.attr("spatial_scale", 1.0)
    sizes = context.attr("output_height", 1), context.attr("output_width", 1)
    ratio, largest = context.attr("sampling_ratio", 0), mode == "max"
    if mode not in ("avg", "max"):
        raise context.refuse(f"mode is {mode!r}; expected avg or max")
    if ratio < 0:
        raise context.refuse(f"sampling_ratio is {ratio}; expected at least 0")

    def region(image: Array, roi: Array) -> Array:
        """What the points in each of a region's parts come to."""
        shift = 0.5 if half else 0.0
        start, end = roi[1::-1] * scale - shift, roi[:1:-1] * scale - shift
        length = end - start if half else np.maximum(end - start, 1)
        parts = []
        for axis, (first, whole, size) in enumerate(zip(start, length, sizes, strict=True)):
            points = ratio or int(np.ceil(whole / size))
            if points < 1:  # it ends before it starts
                return np.zeros((len(image), *sizes), image.dtype)
            if size * points > _MOST:
                raise ValueError(
                    f"a region has {size * points} points along an axis; expected at most {_MOST}"
                )
            at = first + (np.arange(size * points) + 0.5) * (whole / (size * points))
            parts.append((*_around(at, image.shape[1 + axis]), points))
        (top, down, points_y), (left, across, points_x) = parts
        corners = [
            image[:, y[:, None], x] * (a[:, None] * b)
            for y, a in zip(top, down, strict=True)
            for x, b in zip(left, across, strict=True)
        ]
        values = np.maximum.reduce(corners) if largest else np.add.reduce(corners)
        values = values.reshape(len(image), sizes[0], points_y, sizes[1], points_x)
        return np.asarray(values.max((2, 4)) if largest else values.mean((2, 4)))

    def call(x: Array, rois: Array, batches: Array) -> Array:
        if rois.shape != (len(batches), 4):
            raise ValueError(f"rois has shape {rois.shape}; expected {(len(batches), 4)}")
        y = np.zeros((len(rois), x.shape[1], *sizes), x.dtype)
        for i, (roi, batch) in enumerate(zip(rois, batches.tolist(), strict=True)):
            y[i] = region(x[batch], roi)
        return y

    return lambda x, rois, batches: in_floats(lambda a, b: call(a, b, batches))(x, rois)


_MOST = 2**14  # points of a region along an axis: what no image asks for


def _around(at: Array, extent: int) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """The values before and behind each point, and their shares; none a step and more outside."""
    inside = (at >= -1) & (at <= extent)
    at = np.clip(np.nan_to_num(at), 0, extent - 1)
    low = np.floor(at).astype(np.int64)
    share = at - low
    return (low, np.minimum(low + 1, extent - 1)), ((1 - share) * inside, share * inside)
