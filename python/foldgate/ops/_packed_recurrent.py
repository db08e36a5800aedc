"""What the packed LSTM, GRU and simple RNN share: the packed weights, and the call of a whole sequence."""

from __future__ import annotations

from typing import Any

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.ops._recurrent import counted_steps


class PackedRecurrent:
    """Weights that are packed once, of the layer that a subclass names."""

    __slots__ = ("_cell", "_packed", "_step_name")

    def __init__(
        self, cell: int, kernel: FloatArray, recurrent_kernel: FloatArray, bias: FloatArray | None
    ) -> None:
        self._cell = cell
        self._step_name = f"{type(self).__name__}.step"
        self._pack(kernel, recurrent_kernel, bias)

    def _pack(self, kernel: FloatArray, recurrent_kernel: FloatArray, bias: FloatArray | None) -> None:
        op = type(self).__name__
        kernel = operand(op, "kernel", kernel)
        recurrent_kernel = operand(op, "recurrent_kernel", recurrent_kernel, kernel, "kernel")
        bias = optional(op, "bias", bias, kernel, "kernel")
        self._packed = _native.pack_recurrent(op, self._cell, kernel, recurrent_kernel, bias)

    def update(
        self, kernel: FloatArray, recurrent_kernel: FloatArray, bias: FloatArray | None = None
    ) -> None:
        """Packs other weights, for the calls that come after. Calls under way end with the old ones.

        Args:
          kernel: as at the making, as are the others.
          recurrent_kernel: likewise.
          bias: likewise; None for none, whatever there was before.

        Raises:
          TypeError: as at the making.
          ValueError: as at the making. The old weights stay.
        """
        self._pack(kernel, recurrent_kernel, bias)

    def _sequence(
        self,
        x: FloatArray,
        initial_h: FloatArray | None,
        initial_c: FloatArray | None,
        mask: BoolArray | None,
        lengths: IntArray | None,
        reverse: bool,
        zero_output_for_mask: bool,
        return_sequences: bool,
        other: PackedRecurrent | None = None,
    ) -> tuple[Any, ...]:
        op = type(self).__name__
        x = operand(op, "x", x)
        mask, lengths = counted_steps(op, mask, lengths)
        return _native.packed_recurrent_forward(
            op,
            self._packed,
            None if other is None else other._packed,
            x,
            optional(op, "initial_h", initial_h, x),
            optional(op, "initial_c", initial_c, x),
            mask,
            lengths,
            reverse,
            zero_output_for_mask,
            return_sequences,
        )


def both_directions(
    forward: PackedRecurrent,
    reverse: PackedRecurrent,
    x: FloatArray,
    *,
    initial_h: FloatArray | None = None,
    initial_c: FloatArray | None = None,
    lengths: IntArray | None = None,
    zero_output_for_mask: bool = False,
    return_sequences: bool = True,
) -> tuple[Any, ...]:
    """(y, h, c) of a layer in both directions, as `bidirectional_lstm` has them; None where not there.

    The two have one class and shape. Other arguments: as at a call of one.
    """
    return forward._sequence(
        x, initial_h, initial_c, None, lengths, False, zero_output_for_mask, return_sequences, reverse
    )
