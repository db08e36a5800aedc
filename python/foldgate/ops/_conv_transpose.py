"""The geometry of a transposed convolution: what is cut off, what is added, what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from foldgate._typing import FloatArray, Ints, Padding
from foldgate.ops._activation import activation_code
from foldgate.ops._window import channels_axis, explicit_pads, per_axis
from foldgate.ops.conv import algorithm_code, checked_groups, is_plain

_Geometry = tuple[tuple[int, ...], list[int], list[int], tuple[int, ...], int, bool, int]
Options = tuple[tuple[int, ...], list[int], list[int], tuple[int, ...], int, bool, int, int]


def transposed_options(
    op: str,
    x: FloatArray,
    kernel: FloatArray,
    strides: Ints,
    padding: Padding,
    output_padding: Ints | None,
    data_format: str,
    dilation_rate: Ints,
    groups: int,
    activation: str | None,
    algorithm: str | None,
) -> Options:
    """The options as the native op takes them: all of a kind, one entry an axis, names as codes."""
    plain = is_plain(strides, padding, data_format, dilation_rate, groups, activation, algorithm)
    known = plain and (output_padding is None or type(output_padding) is int)
    translate = _known_geometry if known else _geometry
    geometry = translate(
        op,
        x.shape,
        kernel.shape,
        strides,
        padding,
        output_padding,
        data_format,
        dilation_rate,
        groups,
        activation,
    )
    return (*geometry, algorithm_code(op, algorithm))


def _geometry(
    op: str,
    x: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: Ints,
    padding: Padding,
    output_padding: Ints | None,
    data_format: str,
    dilation_rate: Ints,
    groups: int,
    activation: str | None,
) -> _Geometry:
    """The options but the algorithm, of operands of these shapes."""
    rank = len(kernel) - 2
    if not 1 <= rank <= 3:
        raise ValueError(
            f"{op}: kernel has shape {kernel}; expected (*kernel_size, Cout / groups, Cin) with 1, 2 "
            "or 3 spatial axes"
        )
    if len(x) != len(kernel):
        raise ValueError(f"{op}: x has {len(x)} axes; expected {len(kernel)} as kernel has shape {kernel}")
    channels_first = channels_axis(op, data_format, len(x)) == 1
    steps = per_axis(op, "strides", strides, rank)
    dilation = per_axis(op, "dilation_rate", dilation_rate, rank)
    spatial = x[2:] if channels_first else x[1:-1]
    effective = [(k - 1) * d + 1 for k, d in zip(kernel[:-2], dilation, strict=True)]
    before, output = _extents(op, spatial, effective, steps, dilation, padding, output_padding)
    for axis, extent in enumerate(output):
        if not 1 <= extent < 2**63:
            raise ValueError(
                f"{op}: the output has {extent} positions along spatial axis {axis}; expected at least 1 and "
                "below 2**63"
            )
    return (
        steps,
        before,
        output,
        dilation,
        checked_groups(op, groups),
        channels_first,
        activation_code(op, activation),
    )


# Planning costs more than a small convolution, and models repeat a few shapes. Only for plain options.
_known_geometry = lru_cache(maxsize=1024)(_geometry)


def _extents(
    op: str,
    spatial: Sequence[int],
    effective: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: Padding,
    output_padding: Ints | None,
) -> tuple[list[int], list[int]]:
    """What is cut off before, and the output's extents, of every axis."""
    rank = len(spatial)
    added = _output_padding(op, output_padding, strides, dilation)
    full = [(n - 1) * s + k for n, s, k in zip(spatial, strides, effective, strict=True)]
    if not isinstance(padding, str):
        pads = explicit_pads(op, padding, rank)
        before, after, extra = pads[::2], pads[1::2], added or [0] * rank
        return before, [f - b - a + e for f, b, a, e in zip(full, before, after, extra, strict=True)]
    if padding == "valid":
        extra = added or [max(0, s - k) for s, k in zip(strides, effective, strict=True)]
        return [0] * rank, [f + e for f, e in zip(full, extra, strict=True)]
    if padding == "same":
        if added:
            output = [f - k // 2 * 2 + a for f, k, a in zip(full, effective, added, strict=True)]
        else:
            output = [n * s for n, s in zip(spatial, strides, strict=True)]
        return [max(0, f - o) // 2 for f, o in zip(full, output, strict=True)], output
    raise ValueError(f"{op}: padding is {padding!r}; expected 'valid', 'same', an int, ints or pairs of ints")


def _output_padding(
    op: str, output_padding: Ints | None, strides: Sequence[int], dilation: Sequence[int]
) -> tuple[int, ...] | None:
    if output_padding is None:
        return None
    added = per_axis(op, "output_padding", output_padding, len(strides), least=0)
    if any(a >= max(s, d) for a, s, d in zip(added, strides, dilation, strict=True)):
        raise ValueError(
            f"{op}: output_padding is {output_padding!r}; expected less than its axis' stride or "
            f"dilation rate, {tuple(strides)} and {tuple(dilation)}"
        )
    return added
