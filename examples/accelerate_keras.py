"""A Keras model as it is and with foldgate's kernels under it: the same answers, and how long each takes.

    KERAS_BACKEND=numpy python examples/accelerate_keras.py
    KERAS_BACKEND=torch python examples/accelerate_keras.py --train

The model classifies drawn curves by a convolution over time and two recurrent layers.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import foldgate.keras

CLASSES = 3


def curves(count: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Noisy sines, squares and saws of any phase: (count, 96, 1), and which is which."""
    kind = rng.integers(0, CLASSES, count)
    turns = (np.linspace(0, 3, 96) + rng.random((count, 1))) % 1
    shapes = np.stack([np.sin(2 * np.pi * turns), np.sign(turns - 0.5), 2 * turns - 1])
    drawn = shapes[kind, np.arange(count)] + 0.2 * rng.normal(size=turns.shape)
    return drawn[..., None].astype("float32"), kind


def build(keras: Any) -> Any:
    """A small network with something of everything."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((96, 1)),
            layers.Conv1D(16, 5, padding="same", activation="relu"),
            layers.MaxPooling1D(2),
            layers.Bidirectional(layers.LSTM(32, return_sequences=True)),
            layers.GRU(32),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def timed(call: Any) -> tuple[float, Any]:
    """Seconds and result of a second call; the first loads what is loaded once."""
    call()
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def alone(call: Any) -> float:
    """Seconds of Keras alone; infinity where it lacks a package that foldgate does without."""
    foldgate.keras.disable()
    try:
        return timed(call)[0]
    except ImportError:
        print("Keras alone cannot run this model here: its numpy backend needs JAX for it")
        return float("inf")
    finally:
        foldgate.keras.enable()


def main(arguments: list[str] | None = None) -> float:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--train", action="store_true", help="one epoch too (torch backend)")
    parser.add_argument("--count", type=int, default=256, help="curves")
    given = parser.parse_args(arguments)
    foldgate.keras.enable()  # before keras is imported: the numpy backend then needs no JAX
    import keras

    x, y = curves(given.count, np.random.default_rng(0))
    model = build(keras)
    works = {"predict": lambda: model.predict(x, batch_size=64, verbose=0)}
    if given.train:
        works["fit, one epoch"] = lambda: model.fit(x, y, batch_size=32, verbose=0).history["loss"][0]
    table = Table("work", "Keras", "with foldgate", "times", title=f"{keras.config.backend()} backend")
    worst = np.inf
    try:
        for name, work in works.items():
            ours, _ = timed(work)
            theirs = alone(work)
            worst = min(worst, theirs / ours)
            cells = ("-", f"{ours * 1e3:.0f} ms", "-")
            if np.isfinite(theirs):
                cells = (f"{theirs * 1e3:.0f} ms", cells[1], f"{theirs / ours:.1f}")
            table.add_row(name, *cells)
    finally:
        foldgate.keras.disable()
    Console().print(table)
    return float(worst)


if __name__ == "__main__":
    main()
