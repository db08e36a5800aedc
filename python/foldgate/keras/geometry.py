"""What Keras says of windows, as foldgate's options; None wherever Keras' own function should decide.

Only ints, NumPy's within a tuple, and the names "valid", "same", "channels_last" and "channels_first" are
understood here, and only windows that leave an output: everything else, errors among it, is Keras' to answer.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any, NamedTuple

import numpy as np

_ABSURD = 1 << 31
"""Options from here on are refused by all backends, each in its own words."""


class Window(NamedTuple):
    """A window that foldgate has a kernel for."""

    options: dict[str, Any]
    axis: int  # of the channels
    symmetric: bool  # as much padding before as after, on every axis


def fixed(value: Any) -> Any:
    """An option as a key: an int, a tuple of ints, a name or None as they are, "" for what is none of them.

    What is kept of windows would otherwise be found again by 2.0 and True, which equal ints and are none.
    """
    if value is None or type(value) in (int, str):
        return value
    if isinstance(value, (tuple, list)):
        numbers = tuple(int(v) if isinstance(v, np.integer) else v for v in value)
        return numbers if all(type(v) is int for v in numbers) else ""
    return ""


def data_format_of(value: Any) -> Any:
    """A data format as a key, or Keras' default for None."""
    return _config().image_data_format() if value is None else fixed(value)


@functools.cache
def _config() -> Any:
    return importlib.import_module("keras.src.backend.config")


def _plain(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One int where it is the same on every axis: foldgate knows calls with plain options again."""
    return values[0] if len(set(values)) == 1 else values


def _per_axis(value: Any, rank: int, least: int = 1) -> tuple[int, ...] | None:
    values = (value,) * rank if type(value) is int else value
    if not isinstance(values, tuple) or len(values) != rank:
        return None
    return values if all(least <= v < _ABSURD for v in values) else None


def _channels(shape: tuple[int, ...], data_format: Any) -> tuple[int, tuple[int, ...]] | None:
    """The axis of the channels and the spatial extents."""
    if not 3 <= len(shape) <= 5 or 0 in shape:
        return None
    if data_format == "channels_last":
        return len(shape) - 1, shape[1:-1]
    return (1, shape[2:]) if data_format == "channels_first" else None


def _pads(
    spatial: tuple[int, ...], taps: tuple[int, ...], strides: tuple[int, ...], padding: Any
) -> tuple[tuple[int, int], ...] | None:
    """(before, after) of every axis; None where an axis has no output."""
    if padding == "valid":
        fits = all(extent >= size for extent, size in zip(spatial, taps, strict=True))
        return ((0, 0),) * len(spatial) if fits else None
    if padding != "same":
        return None
    totals = [
        max(0, (-(-extent // stride) - 1) * stride + size - extent)
        for extent, size, stride in zip(spatial, taps, strides, strict=True)
    ]
    return tuple((total // 2, total - total // 2) for total in totals)


@functools.lru_cache(maxsize=1024)
def conv_window(
    shape: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: Any,
    padding: Any,
    data_format: Any,
    dilation_rate: Any,
) -> Window | None:
    """The window of a convolution; channels and groups are not looked at."""
    found, rank = _channels(shape, data_format), len(shape) - 2
    steps, dilation = _per_axis(strides, rank), _per_axis(dilation_rate, rank)
    if found is None or len(kernel) != len(shape) or 0 in kernel or steps is None or dilation is None:
        return None
    axis, spatial = found
    taps = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=False))
    pads = _pads(spatial, taps, steps, padding)
    if pads is None:
        return None
    options = {
        "strides": _plain(steps),
        "padding": padding,
        "data_format": data_format,
        "dilation_rate": _plain(dilation),
    }
    return Window(options, axis, all(before == after for before, after in pads))


@functools.lru_cache(maxsize=1024)
def transpose_window(
    shape: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: Any,
    padding: Any,
    output_padding: Any,
    data_format: Any,
    dilation_rate: Any,
) -> Window | None:
    """The window of a transposed convolution, whose kernel is (*taps, Cout, Cin)."""
    found, rank = _channels(shape, data_format), len(shape) - 2
    steps, dilation = _per_axis(strides, rank), _per_axis(dilation_rate, rank)
    if found is None or len(kernel) != len(shape) or 0 in kernel or steps is None or dilation is None:
        return None
    if padding not in ("valid", "same") or shape[found[0]] != kernel[-1]:
        return None
    added = None if output_padding is None else _per_axis(output_padding, rank, least=0)
    if output_padding is not None and (
        added is None or any(a >= s for a, s in zip(added, steps, strict=True))
    ):
        return None
    options = {
        "strides": _plain(steps),
        "padding": padding,
        "output_padding": None if added is None else _plain(added),
        "data_format": data_format,
        "dilation_rate": _plain(dilation),
    }
    return Window(options, found[0], True)


@functools.lru_cache(maxsize=1024)
def pool_window(
    shape: tuple[int, ...], pool_size: Any, strides: Any, padding: Any, data_format: Any
) -> Window | None:
    """The window of a pooling."""
    found, rank = _channels(shape, data_format), len(shape) - 2
    size = _per_axis(pool_size, rank)
    steps = size if strides is None else _per_axis(strides, rank)
    if found is None or size is None or steps is None:
        return None
    pads = _pads(found[1], size, steps, padding)
    if pads is None:
        return None
    options = {
        "pool_size": _plain(size),
        "strides": _plain(steps),
        "padding": padding,
        "data_format": data_format,
    }
    return Window(options, found[0], all(before == after for before, after in pads))


@functools.lru_cache(maxsize=1024)
def adaptive_window(shape: tuple[int, ...], output_size: Any, data_format: Any) -> Window | None:
    """The parts of an adaptive pooling."""
    found, size = _channels(shape, data_format), _per_axis(output_size, len(shape) - 2)
    if found is None or size is None:
        return None
    return Window({"output_size": _plain(size), "data_format": data_format}, found[0], True)
