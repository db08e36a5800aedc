"""An LSTM whose weights are packed once: for streaming, and for many short sequences."""

from __future__ import annotations

from typing import Any

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.ops._packed_recurrent import PackedRecurrent
from foldgate.ops._recurrent import LSTM


class PackedLSTM(PackedRecurrent):
    """An LSTM whose weights are packed once, for many calls; see `foldgate.ops.lstm` for the equations.

    It copies the weights at its making, so that it is never stale: later writes to the arrays do not reach
    it, and `update` packs anew. It keeps to the instruction-set tier that was in use when it packed.
    It is not pickled: the weights are. Any number of threads may call it at once.
    T calls of `step` give the bits of one sequence of T steps.

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
        time_major: bool = False,
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
          time_major: x is (T, N, D) and y (T, N, U), the steps first; mask and lengths stay as they are.
          return_sequences: whether to return `y`; None otherwise.

        Returns:
          `(y, h, c)`: y (N, T, U); h and c (N, U) after the last step.

        Raises:
          TypeError: as `foldgate.ops.lstm`, or another dtype than the weights'.
          ValueError: as `foldgate.ops.lstm`.
        """
        return self._sequence(
            x,
            initial_h,
            initial_c,
            mask,
            lengths,
            reverse,
            zero_output_for_mask,
            time_major,
            return_sequences,
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
