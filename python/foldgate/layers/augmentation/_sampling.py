"""Images read at other places: each pixel (x, y) of a result from (x', y') of the image.

x' = a0 x + a1 y + a2,  y' = b0 x + b1 y + b2
"""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._typing import FloatArray, IntArray

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")
_FARTHEST = 1e8  # pixels outside of an image: as good as infinitely far, and an integer


def affine(images: Any, matrices: FloatArray, interpolation: str, fill_mode: str, fill_value: float) -> Any:
    """Images (N, H, W, C) read at the places that matrices (N, 2, 3) say.

    Args:
      images: an array or a Tensor.
      matrices: the rows (a0, a1, a2) and (b0, b1, b2) of each image.
      interpolation: `"bilinear"` of the four pixels around a place, or `"nearest"`.
      fill_mode: what is outside of an image: `"reflect"` (d c b a | a b c d | d c b a), `"wrap"`
        (a b c d | a b c d | a b c d), `"nearest"` (a a a a | a b c d | d d d d), or `"constant"`.
      fill_value: that constant.
    """
    height, width = images.shape[1:3]
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    a, b, c = (matrices[:, :, i, None, None].astype(np.float32) for i in range(3))
    x, y = np.moveaxis(np.clip(a * x + b * y + c, -_FARTHEST, _FARTHEST), 1, 0)  # (N, H, W) each
    if interpolation == "nearest":
        return _pixels(images, np.rint(y), np.rint(x), fill_mode, fill_value)
    top, left = np.floor(y), np.floor(x)
    down, right = (y - top)[..., None], (x - left)[..., None]
    found: Any = 0.0
    for dy, weight_y in ((0, 1 - down), (1, down)):
        for dx, weight_x in ((0, 1 - right), (1, right)):
            weight = (weight_y * weight_x).astype(images.dtype)
            found = found + _pixels(images, top + dy, left + dx, fill_mode, fill_value) * weight
    return found


def _pixels(images: Any, y: FloatArray, x: FloatArray, fill_mode: str, fill_value: float) -> Any:
    """The pixels at whole places."""
    count, height, width, channels = images.shape
    rows, columns = _within(y, height, fill_mode), _within(x, width, fill_mode)
    first = np.arange(count)[:, None, None] * height
    found = np.take(images.reshape((-1, channels)), (first + rows) * width + columns, axis=0)
    if fill_mode != "constant":
        return found
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    return np.where(inside[..., None], found, images.dtype.type(fill_value))


def _within(places: FloatArray, size: int, fill_mode: str) -> IntArray:
    """The pixels of an image that stand for whole places in and outside of it."""
    found = places.astype(np.int64)
    if fill_mode == "wrap":
        return found % size
    if fill_mode == "reflect":
        found = found % (2 * size)
        return np.minimum(found, 2 * size - 1 - found)
    return np.clip(found, 0, size - 1)
