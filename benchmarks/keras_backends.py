"""Layers of Keras 3 as they are and with foldgate's kernels under them, in one run.

    KERAS_BACKEND=torch python benchmarks/keras_backends.py
    KERAS_BACKEND=numpy python benchmarks/keras_backends.py --rows LSTM GRU --json numpy.json
    KERAS_BACKEND=torch python benchmarks/keras_backends.py --ladder   # all kinds from 1 x 8 x 8 up

Rounds alternate between Keras alone and Keras with foldgate; the medians are compared. Inference is a call
of the layer; training, on the torch backend, a call and the backward of the sum of its outputs. The numpy
backend needs JAX here, for what Keras alone does with windows.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from keras_rows import RECURRENT, WINDOWS, Row, ladder
from rich.console import Console
from rich.table import Table

import foldgate
import foldgate.keras

REST = 0.15
"""Seconds after Keras alone: NumPy's OpenBLAS has idle threads yield their core in a loop for 2^28 cycles."""


def build(keras: Any, row: Row) -> Any:
    """The layer of a row, with its weights."""
    kind, options, shape = row
    if "layer" in options:
        inner, inner_options = options["layer"]
        options = options | {"layer": getattr(keras.layers, inner)(**inner_options)}
    layer = getattr(keras.layers, kind)(**options)
    layer.build(shape)
    return layer


def works(keras: Any, row: Row) -> dict[str, Callable[[], Any]]:
    """What is timed of a row: a call without gradients, and one with."""
    layer = build(keras, row)
    x = np.random.default_rng(0).normal(size=row[2]).astype("float32")
    if keras.config.backend() != "torch":
        return {"inference": lambda: layer(x)}
    import torch

    plain, leaf = torch.from_numpy(x), torch.from_numpy(x).requires_grad_()

    def infer() -> None:
        with torch.no_grad():
            layer(plain)

    def train() -> None:
        layer(leaf).sum().backward()

    return {"inference": infer, "training": train}


def measure(work: Callable[[], Any], seconds: float) -> float:
    """Seconds of a call: the median of as many as fit."""
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 2:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def compare(work: Callable[[], Any], rounds: int, seconds: float) -> tuple[float, float, bool]:
    """Median seconds of Keras alone and with foldgate, in turns, and whether foldgate computed it."""
    alone, ours = [], []
    ran = False
    for turn in range(rounds + 1):  # the first loads and compiles
        alone.append(measure(work, seconds if turn else 0))
        time.sleep(REST)
        with foldgate.keras.enabled():
            foldgate.keras.calls(reset=True)
            ours.append(measure(work, seconds if turn else 0))
            ran = any(by_foldgate for by_foldgate, _ in foldgate.keras.calls().values())
    return statistics.median(alone[1:]), statistics.median(ours[1:]), ran


def title(row: Row) -> str:
    kind, options, shape = row
    if "layer" in options:
        inner, options = options["layer"]
        kind = f"{kind}({inner})"
    options = {k: v for k, v in options.items() if k != "return_sequences"}
    return f"{kind} {shape} " + " ".join(f"{k}={v}" for k, v in options.items())


def chosen(given: argparse.Namespace) -> list[Row]:
    """The rows that were asked for."""
    rows = list(ladder()) if given.ladder else RECURRENT + WINDOWS
    part, parts = map(int, given.part.split("/"))
    return [row for row in rows if not given.rows or row[0] in given.rows][part - 1 :: parts]


def main(arguments: list[str] | None = None) -> list[dict[str, Any]]:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", nargs="+", help="only layers of these classes")
    parser.add_argument("--ladder", action="store_true", help="every kind of layer from 1 x 8 x 8 up")
    parser.add_argument("--part", default="1/1", help="2/5: the second of five parts of the rows")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.1, help="of a measurement")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="a file for the results")
    given = parser.parse_args(arguments)
    keras = foldgate.keras.loading.load_keras()
    backend = keras.config.backend()
    foldgate.set_num_threads(given.threads)
    if backend == "torch":
        import torch

        torch.set_num_threads(given.threads)
    table = Table(
        "layer", "work", "Keras", "with foldgate", "times", title=f"Keras {keras.__version__}, {backend}"
    )
    found = []
    for row in chosen(given):
        for name, work in works(keras, row).items():
            try:
                alone, ours, ran = compare(work, given.rounds, given.seconds)
            except RuntimeError as error:  # PyTorch cannot train all that Keras hands it
                table.add_row(title(row), name, str(error)[:40], "", "")
                continue
            found.append(
                {"row": title(row), "work": name, "keras": alone, "foldgate": ours, "by_foldgate": ran}
            )
            times = f"{alone / ours:.2f}" + ("" if ran else " (left to Keras)")
            table.add_row(title(row), name, f"{alone * 1e3:.3f} ms", f"{ours * 1e3:.3f} ms", times)
    Console(width=150).print(table)
    if found:
        ratios = [entry["keras"] / entry["foldgate"] for entry in found]
        print(
            f"geometric mean {math.exp(statistics.fmean(map(math.log, ratios))):.2f}, least {min(ratios):.2f}"
        )
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    return found


if __name__ == "__main__":
    main()
