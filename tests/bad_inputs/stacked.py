"""Layers of a stack that do not fit one another, their states or the cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bad_inputs.recurrent_arguments import BATCH, FEATURES, STEPS, UNITS
from bad_inputs.rows import Arguments, Row, floats, spoil
from foldgate import ops


def _layer(inputs: int, units: int = UNITS, directions: int = 1) -> tuple[np.ndarray, ...]:
    return (floats(inputs, 4 * units), floats(units, 4 * units), floats(4 * units)) * directions


def _arguments(directions: int = 1) -> Arguments:
    layers = [_layer(FEATURES, directions=directions), _layer(directions * UNITS, directions=directions)]
    state = floats(2, BATCH, directions * UNITS)
    return {"x": floats(BATCH, STEPS, FEATURES), "layers": layers, "initial_h": state, "initial_c": state}


def _shared_rows(op: str, valid: Arguments, directions: int) -> Iterator[Row]:
    first, second = valid["layers"]
    u = directions * UNITS
    other = np.float64 if first[0].dtype == np.float32 else np.float32
    for words, layers in (
        ("layers is empty; expected at least one", []),
        ("layers[1] has 2 weights and layers[0] has", [first, second[:2]]),
        ("layers[1] has 9 weights and layers[0] has", [first, first[:3] * 3]),
        ("kernel has shape", [first, (floats(u + 1, 4 * UNITS), *second[1:])]),
        ("recurrent_kernel has shape", [first, (second[0], floats(UNITS + 1, 4 * UNITS), *second[2:])]),
        ("bias has shape", [first, (*second[:2], floats(4 * UNITS + 1), *second[3:])]),
    ):
        yield spoil(words, op, valid, ValueError, words, layers=layers)
    for words, layers in (
        ("layers is a ndarray; expected a list of tuples", first[0]),
        ("layers[1] is a ndarray; expected a tuple of weights", [first, second[0]]),
        ("layers[1]'s kernel", [first, ("kernel", *second[1:])]),
        ("layers[0]'s recurrent_kernel", [(first[0], first[1].astype(other), *first[2:]), second]),
        ("layers[1]'s recurrent_kernel", [first, (second[0], None, *second[2:])]),
    ):
        yield spoil(words, op, valid, TypeError, f"{op}: {words}", layers=layers)
    for name in ("initial_h", "initial_c"):
        for shape in ((BATCH, u), (3, BATCH, u), (2, BATCH, u + 1), (2, BATCH + 1, u)):
            words = f"{op}: {name} has shape"
            yield spoil(f"{name} {shape}", op, valid, ValueError, words, **{name: floats(*shape)})
    words = f"{op}: cell is 'mlp'; expected one of lstm, gru"
    yield spoil("cell", op, valid, ValueError, words, cell="mlp")
    every = np.ones((BATCH, STEPS), np.bool_)
    words = f"{op}: both mask and lengths are given"
    yield spoil("mask and lengths", op, valid, ValueError, words, mask=every, lengths=np.array([1, 2]))
    words = f"{op}: lengths[1] is 4; expected 0 to {STEPS}"
    yield spoil("long lengths", op, valid, ValueError, words, lengths=np.array([1, STEPS + 1]))
    words = f"{op}: x has shape"
    yield spoil("x of rank 2", op, valid, ValueError, words, x=floats(BATCH, FEATURES))


def _backward_rows(op: str, valid: Arguments, directions: int) -> Iterator[Row]:
    cache = valid["cache"]
    none = {"dy": None, "dh": None, "dc": None}
    yield spoil("no gradient at all", op, valid, ValueError, (f"{op}: dy", "expected at least one"), **none)
    yield spoil("one layer's cache", op, valid, ValueError, f"{op}: cache is of 1 layers", cache=cache[:1])
    for other in (cache[0][0], (cache[0], cache[1][0]), "cache"):
        yield spoil("no cache", op, valid, TypeError, f"{op}: cache is a", cache=other)
    (y, kept), above = cache
    spoilt = kept.copy()
    spoilt[0] = 7
    words = f"{op}: cache was made by another op"
    yield spoil("another's cache", op, valid, ValueError, words, cache=((y, spoilt), above))
    words = f"{op}: cache has shape"
    yield spoil("half a cache", op, valid, ValueError, words, cache=((y, kept[: kept.size // 2]), above))
    words = f"{op}: y has shape"
    yield spoil("y of other steps", op, valid, ValueError, words, cache=((y[:, 1:], kept), above), dy=None)
    for name, shape in (("dy", (BATCH, STEPS, directions * UNITS + 1)), ("dh", (BATCH, directions * UNITS))):
        words = f"{op}: {name} has shape {shape}"
        yield spoil(f"{name} {shape}", op, valid, ValueError, words, **{name: floats(*shape)})


def stacked_rows() -> Iterator[Row]:
    for directions in (1, 2):
        op, valid = "stacked_rnn", _arguments(directions)
        yield from _shared_rows(op, valid, directions)
        words = f"{op}: return_sequences is False with return_cache True; expected True"
        yield spoil("cache alone", op, valid, ValueError, words, return_cache=True, return_sequences=False)
        y, h, _, cache = ops.stacked_rnn(**valid, return_cache=True)
        backward = {**valid, "dy": floats(*y.shape), "dh": floats(*h.shape), "cache": cache}
        yield from _shared_rows(f"{op}_backward", backward, directions)
        yield from _backward_rows(f"{op}_backward", backward, directions)
    one = _arguments()
    wide = [one["layers"][0], _layer(UNITS, UNITS + 1)]
    words = f"stacked_rnn: layer 1 has {UNITS + 1} units; expected {UNITS}"
    yield spoil("other units", "stacked_rnn", one, ValueError, words, layers=wide)
    words = "stacked_rnn: reverse is True for layers of both directions"
    yield spoil("reverse of both", "stacked_rnn", _arguments(2), ValueError, words, reverse=True)
    words = "stacked_rnn: initial_c is given; expected None for a cell without c"
    rnn = [tuple(w[..., :UNITS] for w in layer) for layer in one["layers"]]
    yield spoil("c of an RNN", "stacked_rnn", one, ValueError, words, cell="tanh_rnn", layers=rnn)
