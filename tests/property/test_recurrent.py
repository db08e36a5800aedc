"""Random recurrent networks against the reference: values, gradients, masks, any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import foldgate
from foldgate import ops, reference
from support import assert_close, flat, recurrent_bound

CHECKED = settings(deadline=None, derandomize=True, max_examples=200)
GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}

Network = tuple[str, dict[str, Any], np.random.Generator]


@st.composite
def networks(draw: st.DrawFn) -> Network:
    cell = draw(st.sampled_from(sorted(GATES)))
    n, t, d, u = (draw(st.integers(*ends)) for ends in ((0, 6), (0, 5), (1, 9), (1, 37)))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))

    def array(*shape: int) -> np.ndarray:
        return random.uniform(-1, 1, shape).astype(dtype)

    columns = GATES[cell] * u
    arguments: dict[str, Any] = {
        "x": array(n, t, d),
        "kernel": array(d, columns),
        "reverse": draw(st.booleans()),
    }
    arguments["recurrent_kernel"] = array(u, columns)
    bias = array(columns)
    if cell == "gru":
        arguments["reset_after"] = draw(st.booleans())
        bias = array(2, columns) if arguments["reset_after"] else bias
    if cell == "simple_rnn":
        arguments["activation"] = draw(st.sampled_from(["tanh", "relu"]))
    arguments["bias"] = draw(st.sampled_from([bias, None]))
    if draw(st.booleans()):
        arguments["initial_h"] = array(n, u)
        if cell == "lstm":
            arguments["initial_c"] = array(n, u)
    steps = draw(st.sampled_from(["all", "mask", "lengths"]))
    if steps == "mask":
        arguments["mask"] = random.random((n, t)) < 0.6
    if steps == "lengths":
        arguments["lengths"] = random.integers(0, t + 1, n)
    if steps != "all":
        arguments["zero_output_for_mask"] = draw(st.booleans())
    return cell, arguments, random


def gradients_of(
    random: np.random.Generator, cell: str, y: np.ndarray, h: np.ndarray
) -> dict[str, np.ndarray]:
    given = {"dy": random.uniform(-1, 1, y.shape), "dh": random.uniform(-1, 1, h.shape)}
    if cell == "lstm":
        given["dc"] = random.uniform(-1, 1, h.shape)
    return {name: value.astype(y.dtype) for name, value in given.items()}


@CHECKED
@given(networks())
def test_against_the_reference(network: Network) -> None:
    cell, arguments, random = network
    x, recurrent = arguments["x"], arguments["recurrent_kernel"]
    *found, cache = getattr(ops, cell)(**arguments, return_cache=True)
    *expected, reference_cache = getattr(reference, cell)(**arguments, return_cache=True)
    steps, terms = x.shape[1] + 1, x.shape[2] + recurrent.shape[0]
    # relu grows with the recurrent weights: the bound goes with what came out
    allowed = recurrent_bound(x.dtype, steps, terms, expected[0]) * 4
    for a, b in zip(found, expected, strict=True):
        assert_close(a, b, allowed)
    arguments |= gradients_of(random, cell, *found[:2])
    backward = getattr(ops, f"{cell}_backward")(**arguments, y=found[0], cache=cache)
    exact = getattr(reference, f"{cell}_backward")(**arguments, y=expected[0], cache=reference_cache)
    if arguments.get("activation") == "relu":
        return  # a kink within the rounding error of 0 turns a whole gradient
    for name, a, b in zip(exact._fields, backward, exact, strict=True):
        scale = max(1.0, float(np.abs(b).max(initial=0))) if b is not None else 1.0
        assert_close(a, b, allowed * scale * max(1, x.shape[0]) * steps, name)


@settings(CHECKED, max_examples=80)
@given(networks())
def test_a_mask_is_as_good_as_the_steps_alone(network: Network) -> None:
    """What is masked is not read: NaN there changes nothing, and lengths are the mask of t < length."""
    cell, arguments, random = network
    n, t, _ = arguments["x"].shape
    for name in ("mask", "lengths", "zero_output_for_mask"):
        arguments.pop(name, None)
    lengths = random.integers(0, t + 1, n)
    mask = np.arange(t) < lengths[:, None]
    by_lengths = flat(getattr(ops, cell)(**arguments, lengths=lengths))
    arguments["x"] = np.where(mask[..., None], arguments["x"], np.nan).astype(arguments["x"].dtype)
    for a, b in zip(flat(getattr(ops, cell)(**arguments, mask=mask)), by_lengths, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.isfinite(a).all()


@settings(CHECKED, max_examples=40)
@given(networks(), st.integers(2, 5))
def test_any_number_of_threads(network: Network, threads: int) -> None:
    cell, arguments, random = network
    arguments["x"] = np.resize(arguments["x"], (96, 8, arguments["x"].shape[2])).astype(
        arguments["kernel"].dtype
    )
    for name in ("mask", "lengths", "zero_output_for_mask", "initial_h", "initial_c"):
        arguments.pop(name, None)
    *forward, _ = getattr(ops, cell)(**arguments, return_cache=True)
    given = gradients_of(random, cell, *forward[:2])

    def results() -> list[np.ndarray]:
        y, *states, cache = getattr(ops, cell)(**arguments, return_cache=True)
        return [y, *states, *flat(getattr(ops, f"{cell}_backward")(**arguments, **given, y=y, cache=cache))]

    before = foldgate.get_num_threads()
    try:
        foldgate.set_num_threads(1)
        alone = results()
        foldgate.set_num_threads(threads)
        for a, b in zip(results(), alone, strict=True):
            np.testing.assert_array_equal(a, b)
    finally:
        foldgate.set_num_threads(before)
