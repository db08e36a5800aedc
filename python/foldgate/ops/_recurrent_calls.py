"""The calls of the native recurrent functions, of the fused cell or of the one with options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.ops._recurrent import LSTM, counted_steps
from foldgate.ops._recurrent_options import CellOptions
from foldgate.ops._scalars import check_flags

GENERIC_CELLS = (0, 1, 2, 3, 3)
"""By native code of a fused cell: that of the one with options, which has one simple RNN."""

_ALL_STEPS: Any = (None, None, False, False, False)


def _checked(op: str, options: CellOptions, like: FloatArray) -> Any:
    return (
        *options[:3],
        optional(op, "peephole", options.peephole, like),
        optional(op, "projection", options.projection, like),
    )


class Learned(NamedTuple):
    """How a call becomes known (`_native.Calls.learn`): the op's calls, what makes its result of the native
    function's, and all arguments of the call."""

    calls: _native.Calls
    then: Callable[[Any], Any] | None
    call: tuple[Any, ...]


def forward(
    known: Learned,
    op: str,
    cell: int,
    options: CellOptions | None,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    reverse: bool,
    zero_output_for_mask: bool,
    time_major: bool,
    return_sequences: bool,
    return_cache: bool,
) -> tuple[Any, ...]:
    """What `known` makes of (y, h, c, cache), None where not wanted or not there."""
    x = operand(op, "x", x)
    check_flags(
        op,
        reverse=reverse,
        zero_output_for_mask=zero_output_for_mask,
        time_major=time_major,
        return_sequences=return_sequences,
        return_cache=return_cache,
    )
    if mask is not None or lengths is not None:
        mask, lengths = counted_steps(op, mask, lengths)
    function: Any = _native.recurrent_forward
    more: tuple[Any, ...] = ()
    if options is not None:
        function, cell, more = (
            _native.generic_recurrent_forward,
            GENERIC_CELLS[cell],
            _checked(op, options, x),
        )
    arguments = (
        op,
        cell,
        x,
        operand(op, "kernel", kernel, x),
        operand(op, "recurrent_kernel", recurrent_kernel, x),
        optional(op, "bias", bias, x),
        optional(op, "initial_h", initial_h, x),
        optional(op, "initial_c", initial_c, x),
        mask,
        lengths,
        reverse,
        zero_output_for_mask,
        time_major,
        *more,
        return_sequences,
        return_cache,
    )
    result: tuple[Any, ...] = known.calls.learn(known.then, function, arguments, *known.call)
    return result


def backward(
    known: Learned,
    op: str,
    cell: int,
    options: CellOptions | None,
    dy: FloatArray | None,
    x: FloatArray,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    y: FloatArray,
    cache: FloatArray,
    dh: FloatArray | None,
    dc: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    reverse: bool,
    zero_output_for_mask: bool,
    time_major: bool,
    need_dx: bool,
) -> Any:
    """What `known` makes of (dx, dkernel, drecurrent_kernel, dbias, dinitial_h, dinitial_c[, dpeephole,
    dprojection])."""
    x = operand(op, "x", x)
    check_flags(
        op, reverse=reverse, zero_output_for_mask=zero_output_for_mask, time_major=time_major, need_dx=need_dx
    )
    if mask is not None or lengths is not None:
        mask, lengths = counted_steps(op, mask, lengths)
    function: Any = _native.recurrent_backward
    more: tuple[Any, ...] = ()
    if options is not None:
        function, cell, more = (
            _native.generic_recurrent_backward,
            GENERIC_CELLS[cell],
            _checked(op, options, x),
        )
    arguments = (
        op,
        cell,
        optional(op, "dy", dy, x),
        x,
        operand(op, "kernel", kernel, x),
        operand(op, "recurrent_kernel", recurrent_kernel, x),
        optional(op, "bias", bias, x),
        operand(op, "y", y, x),
        operand(op, "cache", cache, x),
        optional(op, "dh", dh, x),
        optional(op, "dc", dc, x),
        optional(op, "initial_h", initial_h, x),
        optional(op, "initial_c", initial_c, x),
        mask,
        lengths,
        reverse,
        zero_output_for_mask,
        time_major,
        *more,
        need_dx,
    )
    return known.calls.learn(known.then, function, arguments, *known.call)


def step(
    known: Learned,
    op: str,
    cell: int,
    options: CellOptions | None,
    x: FloatArray,
    h: FloatArray,
    c: FloatArray | None,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    return_cache: bool,
) -> Any:
    """What `known` makes of (h, c, cache), None where not wanted or not there.

    A generic step is a sequence of one, and does not become known.
    """
    x = operand(op, "x", x)
    check_flags(op, return_cache=return_cache)
    h = operand(op, "h", h, x)
    c = operand(op, "c", c, x) if cell == LSTM else None
    kernel = operand(op, "kernel", kernel, x)
    recurrent_kernel = operand(op, "recurrent_kernel", recurrent_kernel, x)
    bias = optional(op, "bias", bias, x)
    if options is None:
        arguments = (op, cell, x, h, c, kernel, recurrent_kernel, bias, return_cache)
        return known.calls.learn(known.then, _native.recurrent_step, arguments, *known.call)
    given: Any = (_as_sequence(op, x), kernel, recurrent_kernel, bias, h, c)
    _, h, c, cache = _native.generic_recurrent_forward(
        op,
        GENERIC_CELLS[cell],
        *(*given, *_ALL_STEPS, *_checked(op, options, x), True, return_cache),
    )
    return (h, c, cache) if known.then is None else known.then((h, c, cache))


def step_backward(
    op: str,
    cell: int,
    options: CellOptions | None,
    dh: FloatArray | None,
    dc: FloatArray | None,
    x: FloatArray,
    h: FloatArray,
    c: FloatArray | None,
    kernel: FloatArray,
    recurrent_kernel: FloatArray,
    bias: FloatArray | None,
    cache: FloatArray,
) -> tuple[Any, ...]:
    """(dx, dkernel, drecurrent_kernel, dbias, dh, dc[, dpeephole, dprojection])."""
    x = operand(op, "x", x)
    h = operand(op, "h", h, x)
    c = operand(op, "c", c, x) if cell == LSTM else None
    dh, dc = optional(op, "dh", dh, x), optional(op, "dc", dc, x)
    kernel = operand(op, "kernel", kernel, x)
    recurrent_kernel = operand(op, "recurrent_kernel", recurrent_kernel, x)
    bias, cache = optional(op, "bias", bias, x), operand(op, "cache", cache, x)
    if options is None:
        return _native.recurrent_step_backward(
            op, cell, dh, dc, x, h, c, kernel, recurrent_kernel, bias, cache
        )
    sequence = _as_sequence(op, x)
    if dh is None and dc is None:
        raise ValueError(f"{op}: dh and dc are None; expected at least one of them")
    y = np.zeros((h.shape[0], 1, *h.shape[1:]), h.dtype)  # not read: no step comes before another
    given: Any = (sequence, kernel, recurrent_kernel, bias, y, cache, dh, dc, h, c)
    dx, *others = _native.generic_recurrent_backward(
        op,
        GENERIC_CELLS[cell],
        None,
        *(*given, *_ALL_STEPS, *_checked(op, options, x), True),
    )
    return (dx.reshape(x.shape), *others)


def _as_sequence(op: str, x: FloatArray) -> FloatArray:
    if x.ndim != 2:
        raise ValueError(f"{op}: x has shape {x.shape}; expected (batch, features)")
    return x.reshape(x.shape[0], 1, x.shape[1])
