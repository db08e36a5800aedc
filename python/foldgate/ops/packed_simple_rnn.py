"""A simple RNN whose weights are packed once: for streaming, and for many short sequences."""

from __future__ import annotations

from foldgate._typing import FloatArray
from foldgate.ops._packed_recurrent import PackedOneState
from foldgate.ops._recurrent import rnn_cell


class PackedSimpleRNN(PackedOneState):
    """A simple RNN whose weights are packed once, for many calls; see `foldgate.ops.simple_rnn`.

    It copies the weights at its making, so that it is never stale: later writes to the arrays do not reach
    it, and `update` packs anew. It keeps to the instruction-set tier that was in use when it packed.
    It is not pickled: the weights are. Any number of threads may call it at once.
    T calls of `step` give the bits of one sequence of T steps.

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
