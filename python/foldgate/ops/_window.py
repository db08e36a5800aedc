"""What callers say of sliding windows, turned into numbers: the one home of strides, padding and dilation.

Extents, and what fits, are computed and checked by the native plan (`csrc/ops/window.h`).
"""

from collections.abc import Sequence

import numpy as np

from foldgate._typing import Padding


def is_int(value: object) -> bool:
    """Whether `value` is a whole number by its type: int or a NumPy integer, not bool."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def per_axis(op: str, name: str, value: object, rank: int, least: int = 1) -> tuple[int, ...]:
    """One int for every spatial axis; a single int stands for all.

    Raises:
      TypeError: not an int nor a sequence of ints.
      ValueError: another number of ints than `rank`, or one below `least`.
    """
    if type(value) is int:
        values: tuple[int, ...] = (value,) * rank
    elif is_int(value):
        values = (int(value),) * rank  # type: ignore[call-overload]
    elif isinstance(value, (tuple, list)) and all(is_int(v) for v in value):
        values = tuple(int(v) for v in value)
    else:
        raise TypeError(f"{op}: {name} is {value!r}; expected an int or a tuple of {rank} ints")
    if len(values) != rank:
        raise ValueError(f"{op}: {name} is {value!r}; expected an int or a tuple of {rank} ints")
    for v in values:
        if not least <= v < 2**63:
            raise ValueError(f"{op}: {name} is {value!r}; expected ints of at least {least} and below 2**63")
    return values


def channels_axis(op: str, data_format: str, ndim: int) -> int:
    """The axis of the channels: the last one or 1."""
    if isinstance(data_format, str):  # arrays compare value by value
        if data_format == "channels_last":
            return ndim - 1
        if data_format == "channels_first":
            return 1
    raise ValueError(f"{op}: data_format is {data_format!r}; expected 'channels_last' or 'channels_first'")


def spatial_shape(op: str, data_format: str, shape: Sequence[int]) -> tuple[int, ...]:
    """The spatial extents of an input's shape."""
    return tuple(shape[1:-1] if channels_axis(op, data_format, len(shape)) != 1 else shape[2:])


def flat_pads(
    op: str,
    padding: Padding,
    spatial: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    causal: bool = False,
) -> list[int]:
    """Padding as numbers: (before, after) of every axis, one after the other.

    `"same"` gives outputs of ceil(input / stride) with the odd position after; `"causal"` (where the op has
    it, 1-D) puts all of it before, so that no output sees a later input.

    Raises:
      TypeError: not a str, an int, a sequence of ints or of pairs.
      ValueError: an unknown name, another number of entries than axes, or a negative pad.
    """
    if not isinstance(padding, str):
        return explicit_pads(op, padding, len(kernel))
    if padding == "valid":
        return [0] * (2 * len(kernel))
    if padding == "same":
        return [p for axis in zip(spatial, kernel, strides, dilation, strict=True) for p in _same(*axis)]
    if padding == "causal" and causal and len(kernel) == 1:
        return [(kernel[0] - 1) * dilation[0], 0]
    names = "'valid', 'same'" + (", 'causal' (1-D)" if causal else "")
    raise ValueError(f"{op}: padding is {padding!r}; expected {names}, an int, ints or pairs of ints")


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    total = max(0, (-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return total // 2, total - total // 2


def explicit_pads(op: str, padding: object, rank: int) -> list[int]:
    """Padding in numbers, (before, after) of every axis, one after the other."""
    if isinstance(padding, (tuple, list)) and any(isinstance(p, (tuple, list)) for p in padding):
        if len(padding) != rank:
            raise ValueError(f"{op}: padding is {padding!r}; expected {rank} (before, after) pairs")
        return [v for pair in padding for v in per_axis(op, "padding", pair, 2, least=0)]
    return [v for v in per_axis(op, "padding", padding, rank, least=0) for _ in range(2)]
