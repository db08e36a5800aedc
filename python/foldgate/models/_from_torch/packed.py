"""Packed sequences of torch: here sequences with a mask of the steps that count."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from foldgate.models._from_torch.convert import Converter


class Packed(NamedTuple):
    """A packed batch: (N, T, D) as it was, its lengths, and its mask (N, T)."""

    x: Any
    lengths: Any
    mask: Any


def pack(
    c: Converter, input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> Packed:
    """pack_padded_sequence."""
    x = input if batch_first else np.swapaxes(input, 0, 1)
    if x.shape[1] is None:
        raise c.refuse("the number of steps is open; expected a known one, (0,) in free_axes")
    if not hasattr(lengths, "_keras_history"):
        raise c.refuse("lengths is no input of the model; expected a tensor of ints beside the sequences")
    mask = np.less(np.arange(x.shape[1]), np.expand_dims(lengths, 1))
    return Packed(x, lengths, mask)


def pad(
    c: Converter, sequence: Any, batch_first: bool = False, padding_value: float = 0.0,
    total_length: Any = None,
) -> Any:  # fmt: skip
    """pad_packed_sequence: `(output, lengths)`. There are as many steps as before packing."""
    if not isinstance(sequence, Packed):
        raise c.refuse("it is given no packed sequence")
    y = sequence.x
    if padding_value:
        y = np.where(np.expand_dims(sequence.mask, 2), y, float(padding_value))
    return y if batch_first else np.swapaxes(y, 0, 1), sequence.lengths


FUNCTIONS = {"pack_padded_sequence": pack, "pad_packed_sequence": pad}
