"""A simple RNN whose weights are packed once: for streaming, and for many short sequences."""

from __future__ import annotations

from typing import Any

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.ops._packed_recurrent import PackedRecurrent
from foldgate.ops._recurrent import rnn_cell


class PackedSimpleRNN(PackedRecurrent):
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
