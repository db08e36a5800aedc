"""Which pixels make a pixel of another size."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from foldgate._typing import FloatArray, IntArray

Kernel = Callable[[FloatArray], FloatArray]


def _triangle(distance: FloatArray) -> FloatArray:
    share: FloatArray = np.maximum(0.0, 1.0 - distance)
    return share


def _cubic(d: FloatArray) -> FloatArray:
    """Keys (1981), with a = -1/2."""
    near = ((1.5 * d - 2.5) * d) * d + 1.0
    far = ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    return np.where(d < 1, near, np.where(d < 2, far, 0.0))


def _lanczos(radius: int) -> Kernel:
    def kernel(d: FloatArray) -> FloatArray:
        return np.where(d < radius, np.sinc(d) * np.sinc(d / radius), 0.0)

    return kernel


_KERNELS: dict[str, Kernel] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}
INTERPOLATIONS = ("nearest", *_KERNELS)


def nearest(size: int, wanted: int) -> IntArray:
    """For each of `wanted` centres the pixel of `size` that it falls into."""
    return ((np.arange(wanted) + 0.5) * (size / wanted)).astype(np.int64).clip(0, size - 1)


@lru_cache(maxsize=64)
def interpolation_matrix(
    name: str, size: int, wanted: int, antialias: bool, dtype: np.dtype[Any]
) -> FloatArray:
    """(wanted, size): the shares that pixels have in those of another size, by their centres' distance."""
    ratio = size / wanted
    centres = (np.arange(wanted) + 0.5) * ratio - 0.5
    distance = np.abs(centres[:, None] - np.arange(size))
    shares = _KERNELS[name](distance / max(ratio, 1.0) if antialias else distance)
    matrix: FloatArray = (shares / shares.sum(1, keepdims=True)).astype(dtype)
    matrix.setflags(write=False)
    return matrix
