"""How time grows with threads, beside other processes, on older instruction sets and with size; and scratch.

    python benchmarks/scaling.py threads neighbours tiers size scratch     # or some of them

Calls that are compared alternate; a figure is a median.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import foldgate
from foldgate import _native, ops

Array = NDArray[Any]
Run = Callable[[], object]


def _normal(*shape: int, scale: float = 1.0) -> Array:
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32) * np.float32(scale)


def conv(batch: int, channels: int, side: int, filters: int, size: int = 3, train: bool = False) -> Run:
    """A convolution, forward or with both gradients."""
    x, kernel = _normal(batch, side, side, channels), _normal(size, size, channels, filters, scale=0.05)
    forward = partial(ops.conv, x, kernel, padding="same")
    dy = _normal(*forward().shape)
    backward = partial(ops.conv_backward, dy, x, kernel, padding="same")
    return (lambda: (forward(), backward())) if train else forward


def recurrent(name: str, steps: int, batch: int, inputs: int, units: int, train: bool = False) -> Run:
    """An LSTM or a GRU, forward or in training."""
    gates = 4 if name == "lstm" else 3
    x, kernel = _normal(batch, steps, inputs), _normal(inputs, gates * units, scale=0.05)
    around = _normal(units, gates * units, scale=0.05)
    forward, backward = getattr(ops, name), getattr(ops, f"{name}_backward")
    if not train:
        return partial(forward, x, kernel, around)
    dy = _normal(batch, steps, units)

    def step() -> object:
        y, *_, cache = forward(x, kernel, around, return_cache=True)
        return backward(dy, x, kernel, around, None, y, cache)

    return step


# What multiply-adds bound: GFLOP, and what makes the call.
BOUND: dict[str, tuple[float, Callable[[], Run]]] = {
    "conv 16x64x56 -> 64 k3": (2e-9 * 9 * 16 * 56 * 56 * 64 * 64, partial(conv, 16, 64, 56, 64)),
    "conv 16x256x14 -> 256 k3": (2e-9 * 9 * 16 * 14 * 14 * 256 * 256, partial(conv, 16, 256, 14, 256)),
    "conv 16x1024x14 -> 256 k1": (2e-9 * 16 * 14 * 14 * 1024 * 256, partial(conv, 16, 1024, 14, 256, 1)),
    "conv 16x64x56 -> 64 k3, training": (
        6e-9 * 9 * 16 * 56 * 56 * 64 * 64,
        partial(conv, 16, 64, 56, 64, train=True),
    ),
    "matmul 1024": (2e-9 * 1024**3, lambda: partial(ops.matmul, _normal(1024, 1024), _normal(1024, 1024))),
    "LSTM 100 32 128 256": (2e-9 * 100 * 32 * 384 * 1024, partial(recurrent, "lstm", 100, 32, 128, 256)),
    "GRU 100 32 128 256": (2e-9 * 100 * 32 * 384 * 768, partial(recurrent, "gru", 100, 32, 128, 256)),
    "LSTM 64 128 64 128, training": (
        6e-9 * 64 * 128 * 192 * 512,
        partial(recurrent, "lstm", 64, 128, 64, 128, train=True),
    ),
}


def timed(run: Run) -> float:
    """Seconds of a call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def alternating(runs: list[Run], before: list[Run], seconds: float) -> list[float]:
    """Medians of calls that take turns, each after its own untimed preparation."""
    taken: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + seconds
    while len(taken[0]) < 3 or time.perf_counter() < end:
        for prepare, run, times in zip(before, runs, taken, strict=True):
            prepare()
            run()
            times.append(timed(run))
    return [statistics.median(times) for times in taken]


def threads(seconds: float) -> None:
    """Two threads against one, and how many nanoseconds a value takes from core to core meanwhile."""
    settings: list[Run] = [partial(foldgate.set_num_threads, n) for n in (1, 2)]
    for name, (_, make) in BOUND.items():
        run = make()
        one, two = alternating([run, run], settings, seconds)
        gain = f"{one * 1e3:8.2f} ms {two * 1e3:8.2f} ms {one / two:6.2f}x"
        print(f"{name:36s} {gain} {_native.measure_handover():6.0f} ns", flush=True)


SIDE = ("conv 16x64x56 -> 64 k3", "conv 16x1024x14 -> 256 k1", "LSTM 100 32 128 256")


def side(count: int, start: float, seconds: float) -> None:
    """What a process of `neighbours` does: each call for so long, all processes at the same times."""
    foldgate.set_num_threads(count)
    runs = [BOUND[name][1]() for name in SIDE]
    for number, run in enumerate(runs):
        run()
        time.sleep(max(0.0, start + 2 * number * seconds - time.time()))
        times = []
        end = time.time() + seconds
        while time.time() < end:
            times.append(timed(run))
        times.sort()
        print(f"{times[len(times) // 2] * 1e3:.2f} {times[len(times) * 9 // 10] * 1e3:.2f}", flush=True)


def neighbours(seconds: float) -> None:
    """Alone, two processes side by side, and beside a process that only spins: median and 90th percentile."""
    rows: list[list[str]] = [[] for _ in SIDE]
    for name, counts, spins in (
        ("alone, 1 thread", [1], False),
        ("alone, 2 threads", [2], False),
        ("two processes of 1", [1, 1], False),
        ("two processes of 2", [2, 2], False),
        ("2 threads beside a spinning process", [2], True),
    ):
        spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if spins else None
        start = time.time() + 2.0
        command = [sys.executable, __file__, "--seconds", str(seconds), "--start", str(start), "--side"]
        running = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True) for n in counts]
        lines = [process.communicate()[0].splitlines() for process in running]
        if spinning:
            spinning.kill()
            spinning.wait()
        for row, *times in zip(rows, *lines, strict=True):
            row.append(f"{name}: " + " | ".join(times))
    for case, row in zip(SIDE, rows, strict=True):
        print(case, *row, sep="\n  ", flush=True)


def tiers(seconds: float) -> None:
    """The share of each instruction set's own peak, one thread."""
    foldgate.set_num_threads(1)
    names = _native.isas()
    peaks = {}
    for name in names:
        foldgate.set_max_isa(name)
        peaks[name] = _native.measure_peak("float32")
    print("peak", *(f"{name} {peak:.0f}" for name, peak in peaks.items()), flush=True)
    for case, (gflop, make) in BOUND.items():
        run = make()
        times = alternating([run] * len(names), [partial(foldgate.set_max_isa, n) for n in names], seconds)
        shares = (f"{gflop / t / peaks[n] * 100:6.0f} %" for n, t in zip(names, times, strict=True))
        print(f"{case:36s}", *shares, flush=True)
    foldgate.set_max_isa(None)


def size(seconds: float) -> None:
    """Time by batch, steps and pixels, for one of them, against that at the greatest size."""
    foldgate.set_num_threads(1)
    grown: dict[str, tuple[list[int], Callable[[int], Run], Callable[[int], int]]] = {
        "conv 64x56 k3 by batch": ([1, 2, 4, 8, 16, 32], lambda n: conv(n, 64, 56, 64), lambda n: n),
        "conv 4x64 k3 by side": ([14, 28, 56, 112, 224], lambda n: conv(4, 64, n, 64), lambda n: n * n),
        "conv 64x28 k3 training by batch": (
            [1, 2, 4, 8, 16, 32],
            lambda n: conv(n, 64, 28, 64, train=True),
            lambda n: n,
        ),
        "LSTM 32 128 256 by steps": (
            [25, 50, 100, 200, 400],
            lambda n: recurrent("lstm", n, 32, 128, 256),
            lambda n: n,
        ),
        "LSTM 50 . 128 256 by batch": (
            [8, 16, 32, 64, 128],
            lambda n: recurrent("lstm", 50, n, 128, 256),
            lambda n: n,
        ),
        "LSTM 32 64 128 training by steps": (
            [25, 50, 100, 200, 400],
            lambda n: recurrent("lstm", n, 32, 64, 128, train=True),
            lambda n: n,
        ),
    }
    for name, (sizes, make, units) in grown.items():
        runs = [make(n) for n in sizes]
        times = alternating(runs, [lambda: None] * len(runs), seconds)
        each = [t / units(n) for t, n in zip(times, sizes, strict=True)]
        print(
            f"{name:34s}", *(f"{n}: {e / each[-1]:.2f}" for n, e in zip(sizes, each, strict=True)), flush=True
        )


def scratch(_: float) -> None:
    """Bytes that a call took and gave back, on one and two threads: what the allocator keeps after it."""
    for name, (_, make) in BOUND.items():
        run, row = make(), []
        for count in (1, 2):
            foldgate.set_num_threads(count)
            _native.release_cached()
            kept = run()  # results stay out of the allocator
            row.append(_native.cached_bytes())
            del kept
        print(f"{name:36s}", *(f"{taken / 2**20:8.2f} MB" for taken in row), flush=True)


SECTIONS = {"threads": threads, "neighbours": neighbours, "tiers": tiers, "size": size, "scratch": scratch}


def main() -> None:
    """Print the sections that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; all unless named")
    parser.add_argument("--seconds", type=float, default=1.0, help="of a row")
    parser.add_argument("--start", type=float, default=0.0, help=argparse.SUPPRESS)
    parser.add_argument("--side", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        return side(options.side, options.start, options.seconds)
    for name in options.sections or SECTIONS:
        if name not in SECTIONS:
            parser.error(f"no section {name!r}; there are {', '.join(SECTIONS)}")
        print(f"\n{name}: {SECTIONS[name].__doc__}")
        SECTIONS[name](options.seconds)


if __name__ == "__main__":
    main()
