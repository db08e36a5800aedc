"""Sequences of many lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from foldgate._checks import integers

SIDES = ("pre", "post")


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray[Any, np.dtype[Any]]:
    """Bring sequences to one length.

    Args:
        sequences: Of numbers, or of steps that are arrays of one shape.
        maxlen: That length; None for the longest one's.
        dtype: Of the result.
        padding: "pre" fills at the beginning, "post" at the end.
        truncating: "pre" cuts a longer one's beginning off, "post" its end.
        value: What is filled with.

    Returns:
        (N, maxlen, ...).

    Raises:
        TypeError: `sequences` is no list, or `maxlen` no int.
        ValueError: A sequence is none, its steps have another shape than the first one's, or a side is
            neither.

    Example:
        >>> pad_sequences([[1], [2, 3, 4]], maxlen=2, padding="post")
        array([[1, 0],
               [3, 4]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in SIDES:
            raise ValueError(f"pad_sequences: {name} is {side!r}; expected 'pre' or 'post'")
    integers("pad_sequences", 0, or_none=True, maxlen=maxlen)
    if not hasattr(sequences, "__len__"):
        raise TypeError(f"pad_sequences: sequences is {sequences!r}; expected a list of sequences")
    for i, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(f"pad_sequences: sequences[{i}] is {sequence!r}; expected a sequence")
    length = max(map(len, sequences), default=0) if maxlen is None else maxlen
    step_shape = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    kind = np.dtype(dtype)
    if isinstance(value, str) and kind.kind not in "OSU":
        raise ValueError(
            f"pad_sequences: value {value!r} for dtype {kind}; expected a number, or dtype object"
        )
    result = np.full((len(sequences), length, *step_shape), value, kind)
    for i, sequence in enumerate(sequences):
        kept = sequence[max(len(sequence) - length, 0) :] if truncating == "pre" else sequence[:length]
        if len(kept) == 0:
            continue
        steps = np.asarray(kept, kind)
        if steps.shape[1:] != step_shape:
            raise ValueError(
                f"pad_sequences: steps of sequences[{i}] have shape {steps.shape[1:]}; expected {step_shape}"
            )
        start = 0 if padding == "post" else length - len(steps)
        result[i, start : start + len(steps)] = steps
    return result
