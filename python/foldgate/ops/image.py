"""Functions of images (H, W, C) or (N, H, W, C), by the names of `keras.ops.image`.

`foldgate.ops.image.<name>`. They take arrays, Tensors and the symbolic tensors of functional models.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import config, ops
from foldgate.ops._interpolation import INTERPOLATIONS, interpolation_matrix, nearest
from foldgate.ops._keras_nn import whole

__all__ = ["crop_images", "extract_patches", "pad_images", "resize", "rgb_to_grayscale"]


def _axes(name: str, images: Any, data_format: str | None) -> tuple[int, int, int]:
    """The axes of height, width and channels."""
    if len(images.shape) not in (3, 4):
        raise ValueError(f"{name}: images have {len(images.shape)} axes; expected 3 or 4")
    first = len(images.shape) - 3
    if (data_format or config.image_data_format()) == "channels_last":
        return first, first + 1, first + 2
    return first + 1, first + 2, first


@whole
def resize(
    images: Any,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    data_format: str | None = None,
) -> Any:
    """Images of another height and width.

    Args:
      images: of 3 or 4 axes.
      size: (height, width).
      interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
      antialias: whether smaller images are blurred first.
      data_format: None for `config.image_data_format()`.

    Raises:
      ValueError: `interpolation` is none of these, or the images have neither 3 nor 4 axes.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.image.resize(np.array([[0.0, 4.0]]).reshape(1, 2, 1), (1, 4)).ravel()
      array([0., 1., 3., 4.])
    """
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"resize: interpolation is {interpolation!r}; expected one of {INTERPOLATIONS}")
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"resize: size is {size!r}; expected (height, width) of at least 1")
    images = images if images.dtype.kind == "f" else images.astype(config.floatx())
    for axis, wanted in zip(_axes("resize", images, data_format), size, strict=False):
        extent = images.shape[axis]
        if interpolation == "nearest":
            images = np.take(images, nearest(extent, wanted), axis)
        elif extent != wanted:
            matrix = interpolation_matrix(interpolation, extent, wanted, antialias, images.dtype)
            images = np.moveaxis(np.tensordot(images, matrix, axes=([axis], [1])), -1, axis)
    return images


@whole
def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """A part of images: of each side two of the margins and the target say where it is.

    Raises:
      ValueError: they do not, or the part is not within the images.
    """
    vertical, horizontal, _ = _axes("crop_images", images, data_format)
    key = [slice(None)] * len(images.shape)
    sides = (
        (vertical, top_cropping, target_height, bottom_cropping),
        (horizontal, left_cropping, target_width, right_cropping),
    )
    for axis, before, target, after in sides:
        extent = images.shape[axis]
        before, target, after = _three("crop_images", before, target, after, extent)
        if min(before, after) < 0 or target < 1:
            raise ValueError(
                f"crop_images: {before} + {target} + {after} pixels; expected a part of {extent}"
            )
        key[axis] = slice(before, before + target)
    return images[tuple(key)]


@whole
def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Images with zeros around: of each side two of the margins and the target say how many.

    Raises:
      ValueError: they do not, or a margin is below 0.
    """
    vertical, horizontal, _ = _axes("pad_images", images, data_format)
    margins = [(0, 0)] * len(images.shape)
    sides = (
        (vertical, top_padding, target_height, bottom_padding),
        (horizontal, left_padding, target_width, right_padding),
    )
    for axis, before, target, after in sides:
        first, _, last = _three("pad_images", _less(before), target, _less(after), images.shape[axis])
        if max(first, last) > 0:
            raise ValueError(f"pad_images: margins are {-first} and {-last}; expected at least 0")
        margins[axis] = (-first, -last)
    return np.pad(images, margins)


def _less(margin: int | None) -> int | None:
    return None if margin is None else -margin


def _three(name: str, before: int | None, target: int | None, after: int | None, total: int) -> Any:
    """The three of a side, of which two are given: they add up to `total`."""
    given = [n for n in (before, target, after) if n is not None]
    if len(given) != 2:
        raise ValueError(f"{name}: {len(given)} of a side's two margins and target are given; expected two")
    rest = total - sum(given)
    return tuple(rest if n is None else n for n in (before, target, after))


def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """One channel of three: 0.2989 red + 0.587 green + 0.114 blue."""
    axis = _axes("rgb_to_grayscale", images, data_format)[2]
    shares = np.array([0.2989, 0.587, 0.114]).astype(images.dtype)
    shape = [3 if i == axis else 1 for i in range(len(images.shape))]
    return np.sum(images * shares.reshape(shape), axis=axis, keepdims=True)


@whole
def extract_patches(
    images: Any,
    size: int | tuple[int, int],
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The pixels under each window, one behind the other as channels.

    Args:
      images: of 3 or 4 axes.
      size: of a window, an int or two.
      strides: from one to the next; None for `size`.
      dilation_rate: from one pixel of a window to the next.
      padding: `"valid"` or `"same"`.
      data_format: None for `config.image_data_format()`.

    Returns:
      (N, rows, columns, height x width x C), or with channels first (N, height x width x C, rows, columns).
    """
    channels = images.shape[_axes("extract_patches", images, data_format)[2]]
    height, width = (size, size) if isinstance(size, int) else size
    taps = height * width * channels
    picking = np.eye(taps, dtype=images.dtype).reshape(height, width, channels, taps)
    batch = images if len(images.shape) == 4 else images[None]
    patches = ops.conv(
        batch,
        picking,
        strides=(height, width) if strides is None else strides,
        padding=padding,
        data_format=data_format or config.image_data_format(),
        dilation_rate=dilation_rate,
    )
    return patches if len(images.shape) == 4 else patches[0]
