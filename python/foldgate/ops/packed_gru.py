"""A GRU whose weights are packed once: for streaming, and for many short sequences."""

from __future__ import annotations

from foldgate._typing import FloatArray
from foldgate.ops._packed_recurrent import PackedOneState
from foldgate.ops._recurrent import gru_cell


class PackedGRU(PackedOneState):
    """A GRU whose weights are packed once, for many calls; see `foldgate.ops.gru` for the equations.

    It copies the weights at its making, so that it is never stale: later writes to the arrays do not reach
    it, and `update` packs anew. It keeps to the instruction-set tier that was in use when it packed.
    It is not pickled: the weights are. Any number of threads may call it at once.
    T calls of `step` give the bits of one sequence of T steps.

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
        super().__init__(gru_cell("PackedGRU", reset_after), kernel, recurrent_kernel, bias)
