"""What the bidirectional ops share: their native calls and their rule for the tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.gradients import BidirectionalGradients
from foldgate.ops._record import Backward, Needs, no_cache
from foldgate.ops._recurrent import counted_steps
from foldgate.ops._recurrent_calls import Learned
from foldgate.ops._scalars import check_flags

Weights = tuple[FloatArray, FloatArray, FloatArray | None, FloatArray, FloatArray, FloatArray | None]
"""(kernel, recurrent_kernel, bias) of the forward direction, then of the reverse one."""

OPERANDS = (
    "x",
    "kernel",
    "recurrent_kernel",
    "bias",
    "reverse_kernel",
    "reverse_recurrent_kernel",
    "reverse_bias",
    "initial_h",
)


def _checked(op: str, x: FloatArray, weights: Weights) -> tuple[Any, Any, Any, Any, Any, Any]:
    kernel, recurrent_kernel, bias, reverse_kernel, reverse_recurrent_kernel, reverse_bias = weights
    return (
        operand(op, "kernel", kernel, x),
        operand(op, "recurrent_kernel", recurrent_kernel, x),
        optional(op, "bias", bias, x),
        operand(op, "reverse_kernel", reverse_kernel, x),
        operand(op, "reverse_recurrent_kernel", reverse_recurrent_kernel, x),
        optional(op, "reverse_bias", reverse_bias, x),
    )


def forward(
    known: Learned,
    op: str,
    cell: int,
    x: FloatArray,
    weights: Weights,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    zero_output_for_mask: bool,
    time_major: bool,
    return_sequences: bool,
    return_cache: bool,
) -> tuple[Any, ...]:
    """What `known` makes of (y, h, c, cache), None where not wanted or not there."""
    x = operand(op, "x", x)
    check_flags(
        op,
        zero_output_for_mask=zero_output_for_mask,
        time_major=time_major,
        return_sequences=return_sequences,
        return_cache=return_cache,
    )
    mask, lengths = counted_steps(op, mask, lengths)
    arguments = (
        op,
        cell,
        x,
        *_checked(op, x, weights),
        optional(op, "initial_h", initial_h, x),
        optional(op, "initial_c", initial_c, x),
        mask,
        lengths,
        zero_output_for_mask,
        time_major,
        return_sequences,
        return_cache,
    )
    function = _native.bidirectional_forward
    result: tuple[Any, ...] = known.calls.learn(known.then, function, arguments, *known.call)
    return result


def backward(
    op: str,
    cell: int,
    dy: FloatArray | None,
    x: FloatArray,
    weights: Weights,
    y: FloatArray,
    cache: FloatArray,
    dh: FloatArray | None,
    dc: FloatArray | None,
    initial_h: FloatArray | None,
    initial_c: FloatArray | None,
    mask: BoolArray | None,
    lengths: IntArray | None,
    zero_output_for_mask: bool,
    time_major: bool,
    need_dx: bool,
) -> BidirectionalGradients:
    """The gradients of all operands."""
    x = operand(op, "x", x)
    check_flags(op, zero_output_for_mask=zero_output_for_mask, time_major=time_major, need_dx=need_dx)
    mask, lengths = counted_steps(op, mask, lengths)
    operands = _checked(op, x, weights)
    gradients = _native.bidirectional_backward(
        op,
        cell,
        optional(op, "dy", dy, x),
        x,
        *operands,
        operand(op, "y", y, x),
        operand(op, "cache", cache, x),
        optional(op, "dh", dh, x),
        optional(op, "dc", dc, x),
        optional(op, "initial_h", initial_h, x),
        optional(op, "initial_c", initial_c, x),
        mask,
        lengths,
        zero_output_for_mask,
        time_major,
        need_dx,
    )
    return BidirectionalGradients(*gradients)


def rule(
    op: str,
    sequence: Callable[..., tuple[Any, ...]],
    sequence_backward: Callable[..., BidirectionalGradients],
) -> Callable[..., tuple[tuple[Any, ...], Backward]]:
    """The op's rule for the tape: its operands are OPERANDS, and initial_c where it has c."""

    def recorded(
        *operands: Any, return_sequences: bool, return_cache: bool, **options: Any
    ) -> tuple[tuple[Any, ...], Backward]:
        no_cache(op, return_cache)
        x, *weights = operands[:7]
        options |= zip(("initial_h", "initial_c"), operands[7:], strict=False)
        y, *states, cache = sequence(x, *weights, return_cache=True, **options)

        def back(needs: Needs, dy: FloatArray | None, *dstates: Any) -> Sequence[FloatArray | None]:
            given = dict(zip(("dh", "dc"), dstates, strict=False))
            gradients = sequence_backward(dy, x, *weights, y, cache, need_dx=needs[0], **given, **options)
            return gradients[: len(operands)]

        return (y if return_sequences else None, *states), back

    return recorded
