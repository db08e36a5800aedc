"""Training steps of ten models: foldgate, Keras on each of its backends, and PyTorch, in one run.

    python benchmarks/training.py
    python benchmarks/training.py --rows gru_2 lstm_4 --rounds 5 --plot training.png
    python benchmarks/training.py --python foldgate=.venv/bin/python torch=peers/bin/python

Each backend runs in a process of its own, one row at a time; rounds alternate between backends, and the
median of the rounds counts. A backend that is not installed is left out. The Keras code is the same
everywhere (training_models.py), with `fit`; PyTorch has its own eager loops (training_pytorch.py).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from training_models import ROWS, Row

BACKENDS = ("foldgate", "tensorflow", "jax", "torch", "pytorch")
BATCHES = 8  # different ones


def stepper(backend: str, name: str, row: Row) -> Callable[[int], None]:
    """A function that takes so many training steps."""
    rng = np.random.default_rng(0)
    x, y = row.inputs(rng, BATCHES * row.batch), row.labels(rng, BATCHES * row.batch)
    if backend == "pytorch":
        from training_pytorch import trainer

        return trainer(name, row.loss, x, y, row.batch)
    if backend == "foldgate":
        import foldgate as keras
    else:
        import keras
    model = row.make(keras)
    model.compile("adam", row.loss)

    def steps(number: int) -> None:
        model.fit(x, y, row.batch, max(1, number // BATCHES), verbose=0)

    return steps


def worker(backend: str, name: str, seconds: float, threads: int) -> None:
    """Prints the milliseconds of a step, measured for some seconds after the first steps."""
    if backend == "foldgate":
        import foldgate

        foldgate.set_num_threads(threads)
    if backend in ("torch", "pytorch"):
        import torch

        torch.set_num_threads(threads)
    steps = stepper(backend, name, ROWS[name])
    steps(BATCHES)
    begin = time.perf_counter()
    steps(BATCHES)
    each = (time.perf_counter() - begin) / BATCHES
    number = max(1, round(seconds / each / BATCHES)) * BATCHES
    begin = time.perf_counter()
    steps(number)
    print(json.dumps({"ms": (time.perf_counter() - begin) / number * 1e3}))


def measured(backend: str, name: str, given: argparse.Namespace) -> float | None:
    """One round of one row in a new process; None where the backend is missing."""
    python = dict(pair.split("=", 1) for pair in given.python).get(backend, sys.executable)
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        environment[variable] = str(given.threads)
    command = [python, __file__, "--worker", backend, "--rows", name, "--seconds", str(given.seconds)]
    command += ["--threads", str(given.threads)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        if "ModuleNotFoundError" not in done.stderr:
            print(f"{backend}, {name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return float(json.loads(done.stdout.strip().splitlines()[-1])["ms"])


def geometric_mean(values: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(values)))) if len(values) else float("nan")


def ratios(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """The best peer's time over foldgate's, by row."""
    return {
        name: min(ms for backend, ms in times.items() if backend != "foldgate") / times["foldgate"]
        for name, times in found.items()
        if "foldgate" in times and len(times) > 1
    }


def show(found: dict[str, dict[str, float]]) -> None:
    """The table of all rows."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="milliseconds a training step")
    for title in ("model (batch)", *BACKENDS, "best peer / foldgate"):
        table.add_column(title, justify="left" if title.startswith("model") else "right")
    share = ratios(found)
    for name, times in found.items():
        cells = [f"{times[b]:.3g}" if b in times else "-" for b in BACKENDS]
        last = f"{share[name]:.2f}x" if name in share else "-"
        table.add_row(f"{ROWS[name].title} ({ROWS[name].batch})", *cells, last)
    Console(width=140).print(table)
    print(f"geometric mean of {len(share)} rows: {geometric_mean(list(share.values())):.2f}x")


def draw(found: dict[str, dict[str, float]], path: Path) -> None:
    """Bars of each backend's time over foldgate's."""
    from matplotlib.figure import Figure

    names = [name for name in found if "foldgate" in found[name]]
    figure = Figure((9, 0.55 * len(names) + 1.5), layout="constrained")
    axes = figure.subplots()
    shown = [b for b in BACKENDS if any(b in found[name] for name in names)]
    for i, backend in enumerate(shown):
        values = [found[name].get(backend, float("nan")) / found[name]["foldgate"] for name in names]
        places = np.arange(len(names)) + (i - len(shown) / 2) * 0.8 / len(shown)
        axes.barh(places, values, 0.8 / len(shown), label=backend)
    axes.set(yticks=range(len(names)), yticklabels=[ROWS[name].title for name in names], xscale="log")
    axes.set_xlabel("time of a training step, foldgate = 1")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.legend()
    figure.savefig(path, dpi=130)


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Runs what is asked for; gives the milliseconds by row and backend."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=list(BACKENDS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--python", nargs="+", default=[], help="backend=interpreter")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.worker:
        worker(given.worker, given.rows[0], given.seconds, given.threads)
        return {}
    found: dict[str, dict[str, float]] = {}
    for name in given.rows:
        rounds: dict[str, list[float]] = {}
        for _ in range(given.rounds):
            for backend in given.backends:
                ms = measured(backend, name, given)
                if ms is not None:
                    rounds.setdefault(backend, []).append(ms)
        found[name] = {backend: statistics.median(values) for backend, values in rounds.items()}
        print(name, {backend: round(ms, 3) for backend, ms in found[name].items()}, flush=True)
    show(found)
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=2))
    if given.plot is not None:
        draw(found, given.plot)
    return found


if __name__ == "__main__":
    main()
