"""Masks, lengths, states, caches and weights that do not belong to the sequence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bad_inputs.recurrent_arguments import (
    BATCH,
    FEATURES,
    GATES,
    STEPS,
    UNITS,
    sequence_arguments,
    sequence_backward_arguments,
    step_arguments,
    step_backward_arguments,
)
from bad_inputs.rows import Arguments, Row, floats, spoil


def _steps_rows(op: str, valid: Arguments) -> Iterator[Row]:
    every = np.ones((BATCH, STEPS), np.bool_)
    words = f"{op}: both mask and lengths are given"
    yield spoil("mask and lengths", op, valid, ValueError, words, mask=every, lengths=np.array([1, 2]))
    for lengths in ([1, -1], [STEPS + 1, 0], [2**32, 1], [2**63 - 1, 1], [-(2**63), 1]):
        found = next(v for v in lengths if not 0 <= v <= STEPS)
        words = f"is {found}; expected 0 to {STEPS}"
        yield spoil(
            f"lengths {lengths}", op, valid, ValueError, (f"{op}: lengths", words), lengths=np.array(lengths)
        )
    yield spoil(
        "lengths past int64",
        op,
        valid,
        ValueError,
        f"{op}: lengths",
        lengths=np.array([2**64 - 1, 1], np.uint64),
    )
    for shape in ((BATCH + 1,), (BATCH - 1,), (0,), (BATCH, 1), ()):
        words = (f"{op}: lengths has shape", f"expected ({BATCH},)")
        yield spoil(
            f"lengths of shape {shape}", op, valid, ValueError, words, lengths=np.ones(shape, np.int64)
        )
    for shape in ((BATCH, STEPS + 1), (BATCH + 1, STEPS), (STEPS, BATCH), (BATCH,), (BATCH, STEPS, 1), ()):
        words = (f"{op}: mask has shape", f"expected ({BATCH}, {STEPS})")
        yield spoil(f"mask of shape {shape}", op, valid, ValueError, words, mask=np.ones(shape, np.bool_))
    for dtype in (np.float32, np.bool_, np.complex64, object, "U1", "m8[s]"):
        wrong = np.ones(BATCH, dtype)
        words = f"{op}: lengths has dtype {wrong.dtype}; expected integers"
        yield spoil(f"lengths of {wrong.dtype}", op, valid, TypeError, words, lengths=wrong)
    for dtype in (np.float32, np.int64, np.uint8, object):
        wrong = np.ones((BATCH, STEPS), dtype)
        words = f"{op}: mask has dtype {wrong.dtype}; expected bool"
        yield spoil(f"mask of {wrong.dtype}", op, valid, TypeError, words, mask=wrong)
    yield spoil("lengths in a list", op, valid, TypeError, f"{op}: lengths is a list", lengths=[1, 2])
    yield spoil(
        "mask in a list", op, valid, TypeError, f"{op}: mask is a list", mask=[[True] * STEPS] * BATCH
    )


def _weight_rows(op: str, cell: str, valid: Arguments) -> Iterator[Row]:
    columns = GATES[cell] * UNITS
    kernel, recurrent = floats(FEATURES, columns + 1), floats(UNITS + 1, columns)
    if GATES[cell] > 1:
        words = f"{op}: kernel has {columns + 1} columns; expected a multiple of {GATES[cell]}"
        yield spoil("kernel with a part of a gate", op, valid, ValueError, words, kernel=kernel)
    words = f"{op}: recurrent_kernel has shape ({UNITS + 1}, {columns}); expected ({UNITS}, {columns})"
    yield spoil("another hidden size", op, valid, ValueError, words, recurrent_kernel=recurrent)
    words = f"{op}: kernel has 0 columns; expected at least one unit"
    yield spoil(
        "no units", op, valid, ValueError, words, kernel=floats(FEATURES, 0), recurrent_kernel=floats(0, 0)
    )
    if cell == "gru":
        words = (f"{op}: bias has shape (15,); expected (2, 15)",)
        yield spoil("bias of reset_before", op, valid, ValueError, words, bias=floats(15))
        words = (f"{op}: bias has shape (2, 15); expected (15,)",)
        yield spoil("bias of reset_after", op, valid, ValueError, words, reset_after=False)


def _forward_rows(cell: str) -> Iterator[Row]:
    valid = sequence_arguments(cell)
    words = f"{cell}: return_sequences is False with return_cache True; expected True"
    yield spoil("cache alone", cell, valid, ValueError, words, return_cache=True, return_sequences=False)
    for shape in ((BATCH + 1, UNITS), (BATCH, UNITS + 1), (1, BATCH, UNITS), (UNITS,), (0, UNITS)):
        words = (f"{cell}: initial_h has shape", f"expected ({BATCH}, {UNITS})")
        yield spoil(f"initial_h of shape {shape}", cell, valid, ValueError, words, initial_h=floats(*shape))
    huge = np.empty((2**45, 0, FEATURES), np.float32)
    empty = {name: None for name in valid if name.startswith("initial")}
    yield spoil("a batch that no machine holds", cell, {**valid, **empty}, MemoryError, "", x=huge)


def _backward_rows(cell: str) -> Iterator[Row]:
    op = f"{cell}_backward"
    valid = sequence_backward_arguments(cell)
    none = {name: None for name in ("dy", "dh", "dc") if name in valid}
    yield spoil(
        "no gradient at all", op, valid, ValueError, (f"{op}: dy", "None; expected at least one"), **none
    )
    cache = valid["cache"]
    for name, wrong in {
        "shorter": cache[:-1],
        "longer": np.append(cache, cache[-1:]),
        "empty": cache[:0],
        "of two axes": cache[None],
    }.items():
        yield spoil(
            f"cache {name}", op, valid, ValueError, (f"{op}: cache has shape", "expected"), cache=wrong
        )
    other = np.full_like(cache, 7)
    yield spoil(
        "cache of something else", op, valid, ValueError, f"{op}: cache was made by another op", cache=other
    )
    poisoned = cache.copy()
    poisoned[:2] = np.nan
    yield spoil("cache of NaN", op, valid, ValueError, f"{op}: cache was made by another op", cache=poisoned)


def _step_backward_rows(cell: str) -> Iterator[Row]:
    op = f"{cell}_step_backward"
    valid = step_backward_arguments(cell)
    yield spoil("cache shorter", op, valid, ValueError, f"{op}: cache has shape", cache=valid["cache"][:-1])
    other = np.full_like(valid["cache"], 7)
    yield spoil(
        "cache of something else", op, valid, ValueError, f"{op}: cache was made by another", cache=other
    )
    if cell == "lstm":
        words = f"{op}: dh and dc are None; expected at least one of them"
        yield spoil("no gradient at all", op, valid, ValueError, words, dh=None, dc=None)


def recurrent_rows() -> Iterator[Row]:
    for cell in GATES:
        for op, valid in (
            (cell, sequence_arguments(cell)),
            (f"{cell}_backward", sequence_backward_arguments(cell)),
            (f"{cell}_step", step_arguments(cell)),
            (f"{cell}_step_backward", step_backward_arguments(cell)),
        ):
            yield from _weight_rows(op, cell, valid)
            if "step" not in op:
                yield from _steps_rows(op, valid)
            if cell == "simple_rnn":
                for value in ("gelu", "", ("gelu",), ("relu", 1.0), ()):
                    words = f"{op}: activation is {value!r}; expected "
                    yield spoil(f"activation {value!r}", op, valid, ValueError, words, activation=value)
                for value in (1, ["relu"], ("elu", "1")):
                    words = f"{op}: activation is {value!r}; expected "
                    yield spoil(f"activation {value!r}", op, valid, TypeError, words, activation=value)
            for clip, error in ((0, ValueError), (-1.0, ValueError), ("1", TypeError), (True, TypeError)):
                words = f"{op}: clip is {clip!r}; expected "
                yield spoil(f"clip {clip!r}", op, valid, error, words, clip=clip)
            if cell == "lstm":
                for name, shape in (("peephole", (3, 4)), ("peephole", (5,)), ("projection", (4, 2))):
                    words = (f"{op}: {name} has shape {shape}".rstrip(")"), "expected (")
                    yield spoil(f"{name} {shape}", op, valid, ValueError, words, **{name: floats(*shape)})
        yield from _forward_rows(cell)
        yield from _backward_rows(cell)
        yield from _step_backward_rows(cell)
