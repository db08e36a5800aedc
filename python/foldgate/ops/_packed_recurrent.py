"""What the packed LSTM, GRU and simple RNN share: the packed weights, and the call of a whole sequence."""

from __future__ import annotations

from typing import Any

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.ops._handle import Handle
from foldgate.ops._recurrent import counted_steps
from foldgate.ops._scalars import check_flags


class PackedRecurrent(Handle):
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
        time_major: bool,
        return_sequences: bool,
        other: PackedRecurrent | None = None,
    ) -> tuple[Any, ...]:
        op = type(self).__name__
        x = operand(op, "x", x)
        check_flags(
            op,
            reverse=reverse,
            zero_output_for_mask=zero_output_for_mask,
            time_major=time_major,
            return_sequences=return_sequences,
        )
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
            time_major,
            return_sequences,
        )


class PackedOneState(PackedRecurrent):
    """A layer whose state is h alone: a GRU or a simple RNN."""

    __slots__ = ()

    def __call__(
        self,
        x: FloatArray,
        *,
        initial_h: FloatArray | None = None,
        mask: BoolArray | None = None,
        lengths: IntArray | None = None,
        reverse: bool = False,
        zero_output_for_mask: bool = False,
        time_major: bool = False,
        return_sequences: bool = True,
    ) -> tuple[Any, ...]:
        """Whole sequences, as the op of this layer, whose arguments these are.

        Args:
          x: (N, T, D).
          initial_h: (N, U), or None for zeros.
          mask: (N, T) of bool, True where a step counts.
          lengths: (N,) integers; at most one of mask and lengths may be given.
          reverse: walk from the last step to the first.
          zero_output_for_mask: put out 0 at masked steps rather than the carried h.
          time_major: x is (T, N, D) and y (T, N, U), the steps first; mask and lengths stay as they are.
          return_sequences: whether to return `y`; None otherwise.

        Returns:
          `(y, h)`: y (N, T, U); h (N, U) after the last step.

        Raises:
          TypeError: as the op, or another dtype than the weights'.
          ValueError: as the op.
        """
        return self._sequence(
            x, initial_h, None, mask, lengths, reverse, zero_output_for_mask, time_major, return_sequences
        )[:2]

    def step(self, x: FloatArray, h: FloatArray) -> Any:
        """One step.

        Args:
          x: (N, D).
          h: the state, (N, U).

        Returns:
          The new h, (N, U).

        Raises:
          TypeError: an operand is not an array, or not of the weights' dtype.
          ValueError: the shapes do not fit the weights.
        """
        op = self._step_name
        return _native.packed_recurrent_step(
            op, self._packed, operand(op, "x", x), operand(op, "h", h), None
        )[0]


def both_directions(
    forward: PackedRecurrent,
    reverse: PackedRecurrent,
    x: FloatArray,
    *,
    initial_h: FloatArray | None = None,
    initial_c: FloatArray | None = None,
    lengths: IntArray | None = None,
    zero_output_for_mask: bool = False,
    time_major: bool = False,
    return_sequences: bool = True,
) -> tuple[Any, ...]:
    """(y, h, c) of a layer in both directions, as `bidirectional_lstm` has them; None where not there.

    The two have one class and shape. Other arguments: as at a call of one.
    """
    return forward._sequence(
        x,
        initial_h,
        initial_c,
        None,
        lengths,
        False,
        zero_output_for_mask,
        time_major,
        return_sequences,
        reverse,
    )
