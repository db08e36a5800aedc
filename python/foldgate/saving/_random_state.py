"""The state of everything that draws random numbers: taken, and put back to the bit."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

from foldgate.random import seeds
from foldgate.saving._walk import walk

Array = np.ndarray[Any, np.dtype[Any]]


def take(model: Any) -> tuple[dict[str, Array], dict[str, Any]]:
    """The states of the model's streams, foldgate's, NumPy's and Python's: arrays, and values for JSON."""
    arrays = {f"random/streams/{i}": stream.state.numpy() for i, stream in enumerate(_streams(model))}
    if seeds.global_stream:
        arrays["random/global"] = seeds.global_stream[0].state.numpy()
    name, words, position, has_gauss, gauss = np.random.get_state()
    arrays["random/numpy"] = np.asarray(words, np.uint32)
    version, state, next_gauss = python_random.getstate()
    arrays["random/python"] = np.array(state, np.uint32)
    values = {"numpy": [name, position, has_gauss, gauss], "python": [version, next_gauss]}
    return arrays, values


def put_back(model: Any, arrays: dict[str, Array], values: dict[str, Any]) -> None:
    """Take up what `take` gave.

    Raises:
        ValueError: The model draws from another number of streams.
    """
    streams = _streams(model)
    saved = [name for name in arrays if name.startswith("random/streams/")]
    if len(saved) != len(streams):
        raise ValueError(f"{len(saved)} streams of random numbers are saved; the model has {len(streams)}")
    for i, stream in enumerate(streams):
        stream.state.assign(arrays[f"random/streams/{i}"])
    seeds.global_stream.clear()
    if "random/global" in arrays:
        seeds.global_stream.append(seeds.SeedGenerator(seed=0))
        seeds.global_stream[0].state.assign(arrays["random/global"])
    name, position, has_gauss, gauss = values["numpy"]
    np.random.set_state((name, arrays["random/numpy"], position, has_gauss, gauss))
    version, next_gauss = values["python"]
    python_random.setstate((version, tuple(int(word) for word in arrays["random/python"]), next_gauss))


def _streams(model: Any) -> list[Any]:
    """The streams of all layers, each once, in the order of their places."""
    found = [stream for _, thing in walk(model) for stream in getattr(thing, "_seed_generators", ())]
    return list({id(stream): stream for stream in found}.values())
