"""Directions of a recurrent layer that do not fit each other, or the cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bad_inputs.recurrent_arguments import (
    BATCH,
    FEATURES,
    GATES,
    STEPS,
    UNITS,
    bidirectional_arguments,
    bidirectional_backward_arguments,
)
from bad_inputs.rows import Arguments, Row, floats, spoil


def _shared_rows(op: str, cell: str, valid: Arguments) -> Iterator[Row]:
    columns = GATES[cell] * UNITS
    for name, shape, expected in (
        ("reverse_kernel", (FEATURES + 1, columns), (FEATURES, columns)),
        ("reverse_kernel", (FEATURES, columns + GATES[cell]), (FEATURES, columns)),
        ("reverse_recurrent_kernel", (UNITS + 1, columns), (UNITS, columns)),
        ("reverse_recurrent_kernel", (columns,), (UNITS, columns)),
        ("initial_h", (BATCH, UNITS), (BATCH, 2 * UNITS)),
        ("initial_h", (2, BATCH, UNITS), (BATCH, 2 * UNITS)),
    ):
        words = (f"{op}: {name} has shape {shape}", f"expected {expected}")
        yield spoil(f"{name} {shape}", op, valid, ValueError, words, **{name: floats(*shape)})
    for name in ("bias", "reverse_bias"):
        words = f"{op}: {name} is None and the other direction's is given"
        yield spoil(f"no {name}", op, valid, ValueError, words, **{name: None})
    every = np.ones((BATCH, STEPS), np.bool_)
    words = f"{op}: both mask and lengths are given"
    yield spoil("mask and lengths", op, valid, ValueError, words, mask=every, lengths=np.array([1, 2]))
    words = f"{op}: lengths[1] is 4; expected 0 to {STEPS}"
    yield spoil("long lengths", op, valid, ValueError, words, lengths=np.array([1, STEPS + 1]))
    if cell == "simple_rnn":
        words = f"{op}: activation is 'gelu'; expected 'tanh' or 'relu'"
        yield spoil("activation", op, valid, ValueError, words, activation="gelu")


def bidirectional_rows() -> Iterator[Row]:
    for cell in GATES:
        op = f"bidirectional_{cell}"
        valid = bidirectional_arguments(cell)
        yield from _shared_rows(op, cell, valid)
        words = f"{op}: return_sequences is False with return_cache True; expected True"
        yield spoil("cache alone", op, valid, ValueError, words, return_cache=True, return_sequences=False)

        op, valid = f"{op}_backward", bidirectional_backward_arguments(cell)
        yield from _shared_rows(op, cell, valid)
        none = {name: None for name in ("dy", "dh", "dc") if name in valid}
        words = (f"{op}: dy", "None; expected at least one")
        yield spoil("no gradient at all", op, valid, ValueError, words, **none)
        cache = valid["cache"]
        words = f"{op}: cache has shape"
        yield spoil("cache of one direction", op, valid, ValueError, words, cache=cache[: cache.size // 2])
        other = cache.copy()
        other[other.size // 2] = 7
        words = f"{op}: cache was made by another op"
        yield spoil("half a cache of something else", op, valid, ValueError, words, cache=other)
        for name in ("dy", "y"):
            words = (f"{op}: {name} has shape", f"expected ({BATCH}, {STEPS}, {2 * UNITS})")
            one = floats(BATCH, STEPS, UNITS)
            yield spoil(f"{name} of one direction", op, valid, ValueError, words, **{name: one})
