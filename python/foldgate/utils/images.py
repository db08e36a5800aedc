"""Images and arrays, through Pillow."""

from __future__ import annotations

import io
import os
import warnings
from importlib import import_module
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
FILTERS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
FORMATS = ("channels_last", "channels_first")


def _pillow() -> Any:
    try:
        return import_module("PIL.Image")
    except ImportError as error:
        raise ImportError(
            f"images need Pillow, which is not installed ({error}); python -m pip install 'foldgate[images]'"
        ) from error


def _filter(pillow: Any, interpolation: str) -> Any:
    if interpolation not in FILTERS:
        raise ValueError(f"interpolation is {interpolation!r}; expected one of {list(FILTERS)}")
    return getattr(pillow.Resampling, interpolation.upper())


def _format(data_format: str | None) -> str:
    if data_format not in (None, *FORMATS):
        raise ValueError(f"data_format is {data_format!r}; expected 'channels_last' or 'channels_first'")
    return data_format or "channels_last"


def load_img(
    path: str | os.PathLike[str] | io.BytesIO,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Read an image as one of Pillow's.

    Args:
        path: A file, or its bytes in an `io.BytesIO`.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: (height, width) that it is resized to; None keeps its own.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: Whether the middle part of the target's proportions is cut out before resizing.

    Returns:
        A `PIL.Image.Image`, for `img_to_array`.

    Raises:
        FileNotFoundError: The file does not exist.
        ImportError: Pillow is not installed; the message names the extra.
        ValueError: It is no image, or an argument is none of those.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> array_to_img(np.zeros((4, 6, 3))).save(file, "png")
        >>> load_img(file, target_size=(2, 3)).size  # width, height
        (3, 2)
    """
    pillow = _pillow()
    if color_mode not in MODES:
        raise ValueError(f"load_img: color_mode is {color_mode!r}; expected one of {list(MODES)}")
    resample = _filter(pillow, interpolation)
    try:
        with pillow.open(path) as opened:
            image = opened.convert(MODES[color_mode])
    except (pillow.UnidentifiedImageError, pillow.DecompressionBombError, SyntaxError) as error:
        raise ValueError(f"load_img: {path} cannot be read: {error}") from error
    if target_size is None:
        return image
    height, width = target_size
    box = _middle(image.size, (width, height)) if keep_aspect_ratio else None
    return image.resize((width, height), resample, box=box)


def _middle(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    """The largest box of the target's proportions in the middle of an image: left, top, right, bottom."""
    width = min(size[0], size[1] * target[0] // target[1])
    height = min(size[1], size[0] * target[1] // target[0])
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return left, top, left + width, top + height


def img_to_array(img: Any, data_format: str | None = None, dtype: str | None = None) -> Array:
    """An image of Pillow as an array.

    Args:
        img: The image.
        data_format: "channels_last", which None means, or "channels_first".
        dtype: Of the array; None for float32.

    Returns:
        (H, W, C) or (C, H, W), of 0 .. 255.

    Raises:
        ValueError: The data format is neither.

    Example:
        >>> img_to_array(array_to_img(np.full((2, 3, 1), 7.0), scale=False)).shape
        (2, 3, 1)
    """
    array = np.array(img, dtype=dtype or "float32")
    array = array[:, :, None] if array.ndim == 2 else array
    return array.transpose(2, 0, 1) if _format(data_format) == "channels_first" else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: str | None = None) -> Any:
    """An array as an image of Pillow.

    Args:
        x: (H, W, C) or (C, H, W), with 1, 3 or 4 channels.
        data_format: "channels_last", which None means, or "channels_first".
        scale: Whether to stretch the values to 0 .. 255; else they are cut to it.
        dtype: In which the values are stretched; None for float32.

    Returns:
        A `PIL.Image.Image`.

    Raises:
        ImportError: Pillow is not installed; the message names the extra.
        ValueError: The array has another rank or number of channels.

    Example:
        >>> array_to_img(np.zeros((2, 3, 3))).mode
        'RGB'
    """
    array = np.asarray(x, dtype or "float32")
    if array.ndim != 3:
        raise ValueError(f"array_to_img: x has shape {array.shape}; expected rank 3")
    if _format(data_format) == "channels_first":
        array = array.transpose(1, 2, 0)
    if array.shape[2] not in (1, 3, 4):
        raise ValueError(f"array_to_img: x has {array.shape[2]} channels; expected 1, 3 or 4")
    if scale and array.size:
        array = array - array.min()
        array = array * (255.0 / (float(array.max()) or 1.0))
    pixels = np.clip(array, 0, 255).astype(np.uint8)
    return _pillow().fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def save_img(
    path: str | os.PathLike[str],
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array as an image.

    Args:
        path: The file.
        x: (H, W, C) or (C, H, W), with 1, 3 or 4 channels; JPEG drops the fourth, with a warning.
        data_format: "channels_last", which None means, or "channels_first".
        file_format: Such as "png"; None for that of the file's name.
        scale: Whether to stretch the values to 0 .. 255; else they are cut to it.
        kwargs: For Pillow's `save`.

    Raises:
        ImportError: Pillow is not installed; the message names the extra.
        ValueError: The array has another rank or number of channels, or the format is unknown.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".png") as file:
        ...     save_img(file.name, np.zeros((2, 3, 3)))
        ...     load_img(file.name).size
        (3, 2)
    """
    image = array_to_img(x, data_format, scale)
    kind = (file_format or os.path.splitext(path)[1].lstrip(".")).lower()
    if kind in ("jpg", "jpeg"):
        file_format = "jpeg"  # as Pillow calls it
        if image.mode == "RGBA":
            warnings.warn("save_img: JPEG has no transparency; the image is saved as RGB", stacklevel=2)
            image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)


def resize_images(images: Any, size: tuple[int, int], interpolation: str = "bilinear") -> Array:
    """Resize a batch of images, smoothing where they become smaller.

    Args:
        images: (N, H, W, C) or (H, W, C).
        size: (height, width).
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".

    Returns:
        float32 (N, height, width, C) or (height, width, C).

    Raises:
        ImportError: Pillow is not installed; the message names the extra.
        ValueError: The images have another rank or no pixels, or an argument is none of those.

    Example:
        >>> resize_images(np.ones((2, 8, 8, 3)), (4, 6)).shape
        (2, 4, 6, 3)
    """
    array = np.asarray(images, np.float32)
    if array.ndim not in (3, 4) or 0 in array.shape[-3:]:
        raise ValueError(f"resize_images: images of shape {array.shape}; expected (N, H, W, C) or (H, W, C)")
    if min(size) < 1:
        raise ValueError(f"resize_images: size is {size}; expected (height, width) of at least 1")
    pillow = _pillow()
    resample = _filter(pillow, interpolation)
    planes = np.moveaxis(array, -1, -3).reshape(-1, *array.shape[-3:-1])
    height, width = size
    result = np.empty((len(planes), height, width), np.float32)
    for plane, resized in zip(planes, result, strict=True):
        resized[:] = pillow.fromarray(plane).resize((width, height), resample)
    shape = (*array.shape[:-3], array.shape[-1], height, width)
    return np.ascontiguousarray(np.moveaxis(result.reshape(shape), -3, -1))
