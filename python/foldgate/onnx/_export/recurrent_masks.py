"""Masked sequences for operators that know lengths alone.

A masked step carries the states. So the steps that count are brought to the front, the operator runs over as
many of them as there are (`sequence_lens`), and each step's output is looked up: that of the last step that
counted, or the initial state where there was none yet. Any mask is exact this way, also padding on the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foldgate.onnx._export.writer import Writer


@dataclass(frozen=True)
class Steps:
    """A mask (N, T) as what the operators need.

    Attributes:
      mask: (N, T), bool.
      lengths: (N,), int32, how many steps count.
      order: (N, T, 1), the steps that count, then the others.
      upto: (N, T), how many steps count up to each, itself included.
      before: (N, T), how many before it.
    """

    mask: str
    lengths: str
    order: str
    upto: str
    before: str


def steps_of(w: Writer, mask: str) -> Steps:
    """Reads a mask."""
    counts = w.cast(mask, "int64")
    upto = w.op("CumSum", counts, w.constant(np.int64(1)))
    before = w.op("Sub", upto, counts)
    lengths = w.op("ReduceSum", counts, w.ints(1), keepdims=0)
    size = w.sizes(mask, 1, 2)
    at = w.op("CumSum", w.op("Expand", w.ints(1), size), w.constant(np.int64(0)))  # 1, 2, ..., T
    # Steps that count come first: their keys are above those of the others, and fall with time.
    keys = w.op("Sub", w.op("Mul", counts, size), at)
    _, order = w.many("TopK", [keys, size], 2, axis=1, largest=1, sorted=1)
    return Steps(mask, w.cast(lengths, "int32"), w.op("Unsqueeze", order, w.ints(2)), upto, before)


def compacted(w: Writer, steps: Steps, x: str) -> str:
    """(T, N, D) with the steps that count at the front."""
    batch_first = w.op("Transpose", x, perm=[1, 0, 2])
    return w.op("Transpose", w.op("GatherND", batch_first, steps.order, batch_dims=1), perm=[1, 0, 2])


def spread(w: Writer, steps: Steps, y: str, start: str, reverse: bool, zeros: bool, dtype: str) -> str:
    """Outputs of the compacted steps (T, N, U) at their own times; `start` is the initial state (N, U)."""
    y = w.op("Concat", w.op("Unsqueeze", start, w.ints(0)), y, axis=0)
    if reverse:  # a step that does not count repeats the next one that does
        lengths = w.op("Unsqueeze", w.cast(steps.lengths, "int64"), w.ints(1))
        there = w.op("Add", steps.before, w.ints(1))
        places = w.op("Where", w.op("Less", steps.before, lengths), there, w.ints(0))
    else:
        places = steps.upto
    places = w.op("Unsqueeze", places, w.ints(2))
    y = w.op("GatherND", w.op("Transpose", y, perm=[1, 0, 2]), places, batch_dims=1)
    if zeros:
        seen = w.op("Unsqueeze", steps.mask, w.ints(2))
        y = w.op("Where", seen, y, w.constant(np.zeros(()), dtype))
    return w.op("Transpose", y, perm=[1, 0, 2])
