"""Recurrent layers whose weights are packed once: for streaming, and for many short sequences."""

from __future__ import annotations

from typing import Any

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.ops._recurrent import GRU, GRU_RESET_BEFORE, LSTM, counted_steps, rnn_cell


class _Packed:
    """What the three have in common: the packed weights and the whole sequence."""

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
    ) -> tuple[Any, ...]:
        op = type(self).__name__
        x = operand(op, "x", x)
        mask, lengths = counted_steps(op, mask, lengths)
        return _native.packed_recurrent_forward(
            op,
            self._packed,
            x,
            optional(op, "initial_h", initial_h, x),
            optional(op, "initial_c", initial_c, x),
            mask,
            lengths,
            reverse,
            zero_output_for_mask,
            return_sequences,
        )


class PackedLSTM(_Packed):
    """An LSTM whose weights are packed once, for many calls; see `foldgate.ops.lstm` for the equations.

    It copies the weights at its making, so that it is never stale: later writes to the arrays do not reach
    it, and `update` packs anew. It keeps to the instruction-set tier that was in use when it packed.
    Any number of threads may call it at once. T calls of `step` give the bits of one sequence of T steps.

    Args:
      kernel: (D, 4U), gates in the order i, f, c, o.
      recurrent_kernel: (U, 4U).
      bias: (4U,) or None.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `kernel`.
      ValueError: the shapes do not fit each other.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> layer = ops.PackedLSTM(np.ones((8, 64)), np.ones((16, 64)), np.zeros(64))
      >>> x, h, c = np.ones((1, 3, 8)), np.zeros((1, 16)), np.zeros((1, 16))
      >>> y, last_h, last_c = layer(x)
      >>> for t in range(3):
      ...     h, c = layer.step(x[:, t], h, c)
      >>> bool((h == last_h).all())
      True
    """

    __slots__ = ()

    def __init__(
        self, kernel: FloatArray, recurrent_kernel: FloatArray, bias: FloatArray | None = None
    ) -> None:
        super().__init__(LSTM, kernel, recurrent_kernel, bias)

    def __call__(
        self,
        x: FloatArray,
        *,
        initial_h: FloatArray | None = None,
        initial_c: FloatArray | None = None,
        mask: BoolArray | None = None,
        lengths: IntArray | None = None,
        reverse: bool = False,
        zero_output_for_mask: bool = False,
        return_sequences: bool = True,
    ) -> tuple[Any, ...]:
        """Whole sequences, as `foldgate.ops.lstm`, whose arguments these are.

        Args:
          x: (N, T, D).
          initial_h: (N, U), or None for zeros.
          initial_c: (N, U), or None for zeros.
          mask: (N, T) of bool, True where a step counts.
          lengths: (N,) integers; at most one of mask and lengths may be given.
          reverse: walk from the last step to the first.
          zero_output_for_mask: put out 0 at masked steps rather than the carried h.
          return_sequences: whether to return `y`; None otherwise.

        Returns:
          `(y, h, c)`: y (N, T, U); h and c (N, U) after the last step.

        Raises:
          TypeError: as `foldgate.ops.lstm`, or another dtype than the weights'.
          ValueError: as `foldgate.ops.lstm`.
        """
        return self._sequence(
            x, initial_h, initial_c, mask, lengths, reverse, zero_output_for_mask, return_sequences
        )

    def step(self, x: FloatArray, h: FloatArray, c: FloatArray) -> tuple[Any, ...]:
        """One step.

        Args:
          x: (N, D).
          h: the hidden state, (N, U).
          c: the cell state, (N, U).

        Returns:
          `(h, c)`: the new states, (N, U).

        Raises:
          TypeError: an operand is not an array, or not of the weights' dtype.
          ValueError: the shapes do not fit the weights.
        """
        op = self._step_name
        return _native.packed_recurrent_step(
            op, self._packed, operand(op, "x", x), operand(op, "h", h), operand(op, "c", c)
        )


class PackedGRU(_Packed):
    """A GRU whose weights are packed once, for many calls; see `foldgate.ops.gru` for the equations.

    It copies the weights at its making, so that it is never stale: later writes to the arrays do not reach
    it, and `update` packs anew. It keeps to the instruction-set tier that was in use when it packed.
    Any number of threads may call it at once. T calls of `step` give the bits of one sequence of T steps.

    Args:
      kernel: (D, 3U), gates in the order z, r, h.
      recurrent_kernel: (U, 3U).
      bias: (2, 3U) with `reset_after`, (3U,) without, or None.
      reset_after: whether the reset gate works on the recurrent product rather than on h.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `kernel`.
      ValueError: the shapes do not fit each other.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> layer = ops.PackedGRU(np.zeros((1, 3)), np.zeros((1, 3)))
      >>> layer.step(np.ones((1, 1)), np.ones((1, 1)))  # half is kept
      array([[0.5]])
    """

    __slots__ = ()

    def __init__(
        self,
        kernel: FloatArray,
        recurrent_kernel: FloatArray,
        bias: FloatArray | None = None,
        *,
        reset_after: bool = True,
    ) -> None:
        super().__init__(GRU if reset_after else GRU_RESET_BEFORE, kernel, recurrent_kernel, bias)

    def __call__(
        self,
        x: FloatArray,
        *,
        initial_h: FloatArray | None = None,
        mask: BoolArray | None = None,
        lengths: IntArray | None = None,
        reverse: bool = False,
        zero_output_for_mask: bool = False,
        return_sequences: bool = True,
    ) -> tuple[Any, ...]:
        """Whole sequences, as `foldgate.ops.gru`, whose arguments these are.

        Args:
          x: (N, T, D).
          initial_h: (N, U), or None for zeros.
          mask: (N, T) of bool, True where a step counts.
          lengths: (N,) integers; at most one of mask and lengths may be given.
          reverse: walk from the last step to the first.
          zero_output_for_mask: put out 0 at masked steps rather than the carried h.
          return_sequences: whether to return `y`; None otherwise.

        Returns:
          `(y, h)`: y (N, T, U); h (N, U) after the last step.

        Raises:
          TypeError: as `foldgate.ops.gru`, or another dtype than the weights'.
          ValueError: as `foldgate.ops.gru`.
        """
        return self._sequence(
            x, initial_h, None, mask, lengths, reverse, zero_output_for_mask, return_sequences
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


class PackedSimpleRNN(_Packed):
    """A simple RNN whose weights are packed once, for many calls; see `foldgate.ops.simple_rnn`.

    It copies the weights at its making, so that it is never stale: later writes to the arrays do not reach
    it, and `update` packs anew. It keeps to the instruction-set tier that was in use when it packed.
    Any number of threads may call it at once. T calls of `step` give the bits of one sequence of T steps.

    Args:
      kernel: (D, U).
      recurrent_kernel: (U, U).
      bias: (U,) or None.
      activation: `"tanh"` or `"relu"`.

    Raises:
      TypeError: an operand is not an array, or has another dtype than float32 or float64, or than `kernel`.
      ValueError: the shapes do not fit each other; another activation.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> one = np.ones((1, 1))
      >>> ops.PackedSimpleRNN(one, one, activation="relu").step(one, one)
      array([[2.]])
    """

    __slots__ = ()

    def __init__(
        self,
        kernel: FloatArray,
        recurrent_kernel: FloatArray,
        bias: FloatArray | None = None,
        *,
        activation: str = "tanh",
    ) -> None:
        super().__init__(rnn_cell("PackedSimpleRNN", activation), kernel, recurrent_kernel, bias)

    def __call__(
        self,
        x: FloatArray,
        *,
        initial_h: FloatArray | None = None,
        mask: BoolArray | None = None,
        lengths: IntArray | None = None,
        reverse: bool = False,
        zero_output_for_mask: bool = False,
        return_sequences: bool = True,
    ) -> tuple[Any, ...]:
        """Whole sequences, as `foldgate.ops.simple_rnn`, whose arguments these are.

        Args:
          x: (N, T, D).
          initial_h: (N, U), or None for zeros.
          mask: (N, T) of bool, True where a step counts.
          lengths: (N,) integers; at most one of mask and lengths may be given.
          reverse: walk from the last step to the first.
          zero_output_for_mask: put out 0 at masked steps rather than the carried h.
          return_sequences: whether to return `y`; None otherwise.

        Returns:
          `(y, h)`: y (N, T, U); h (N, U) after the last step.

        Raises:
          TypeError: as `foldgate.ops.simple_rnn`, or another dtype than the weights'.
          ValueError: as `foldgate.ops.simple_rnn`.
        """
        return self._sequence(
            x, initial_h, None, mask, lengths, reverse, zero_output_for_mask, return_sequences
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
