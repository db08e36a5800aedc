"""Valid arguments of the recurrent ops."""

from __future__ import annotations

from bad_inputs.rows import Arguments, floats
from foldgate import ops

GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}


BATCH, STEPS, FEATURES, UNITS = 2, 3, 4, 5


def weights(cell: str) -> Arguments:
    columns = GATES[cell] * UNITS
    bias = floats(2, columns) if cell == "gru" else floats(columns)
    return {"kernel": floats(FEATURES, columns), "recurrent_kernel": floats(UNITS, columns), "bias": bias}


def sequence_arguments(cell: str) -> Arguments:
    valid = {"x": floats(BATCH, STEPS, FEATURES), **weights(cell), "initial_h": floats(BATCH, UNITS)}
    return {**valid, "initial_c": floats(BATCH, UNITS)} if cell == "lstm" else valid


def sequence_backward_arguments(cell: str) -> Arguments:
    valid = sequence_arguments(cell)
    y, *_, cache = getattr(ops, cell)(**valid, return_cache=True)
    state = floats(BATCH, UNITS)
    gradients = {"dh": state, "dc": state} if cell == "lstm" else {"dh": state}
    return {**valid, "dy": floats(*y.shape), "y": y, "cache": cache, **gradients}


def bidirectional_arguments(cell: str) -> Arguments:
    both = {**weights(cell), **{f"reverse_{name}": value for name, value in weights(cell).items()}}
    valid = {"x": floats(BATCH, STEPS, FEATURES), **both, "initial_h": floats(BATCH, 2 * UNITS)}
    return {**valid, "initial_c": floats(BATCH, 2 * UNITS)} if cell == "lstm" else valid


def bidirectional_backward_arguments(cell: str) -> Arguments:
    valid = bidirectional_arguments(cell)
    y, *_, cache = getattr(ops, f"bidirectional_{cell}")(**valid, return_cache=True)
    state = floats(BATCH, 2 * UNITS)
    gradients = {"dh": state, "dc": state} if cell == "lstm" else {"dh": state}
    return {**valid, "dy": floats(*y.shape), "y": y, "cache": cache, **gradients}


def step_arguments(cell: str) -> Arguments:
    valid = {"x": floats(BATCH, FEATURES), "h": floats(BATCH, UNITS), **weights(cell)}
    return {**valid, "c": floats(BATCH, UNITS)} if cell == "lstm" else valid


def step_backward_arguments(cell: str) -> Arguments:
    valid = step_arguments(cell)
    cache = getattr(ops, f"{cell}_step")(**valid, return_cache=True)[-1]
    gradients = {"dh": floats(BATCH, UNITS)}
    if cell == "lstm":
        gradients["dc"] = floats(BATCH, UNITS)
    return {**valid, **gradients, "cache": cache}
