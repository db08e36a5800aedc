"""Where the time of the benchmark's cases goes that stay under 80 % of their bound, a line each.

    python benchmarks/where.py                              # the shapes beyond the tables, one thread
    python benchmarks/where.py --cases tables --filter "*k1"

A case's bound is the longer of its arithmetic at the machine's peak and of its operands' way through memory,
once. Cases under it are called in a process of their own, which Linux's `perf` samples (a thousand times a
second of processor time; it needs no counters). Functions are joined to parts by their names, so it takes a
build with symbols: `tools/dev_build`. Where no transform is in between, the pace of the tiles is told too.
"""

from __future__ import annotations

import argparse
import gc
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from time import perf_counter

import numpy as np
from rich.progress import track

import foldgate
import foldgate.ops
from foldgate.bench.cases import CASE_SETS, Case, select
from foldgate.bench.peak import Peak, measure_peak
from foldgate.bench.timing import Contestant, measure

BELOW = 0.8
# The first pattern that a function's name holds says what it is part of.
SUMS = {
    "transforms": r"Winograd|tile_pixels|transform_tiles|TileGrid",
    "tiles": r"tile_|gemv|strided<|StridedRun|TapSweep|tap_pointers",
    "taps": r"band_|outputs_|gradient_taps|[Dd]epthwise|gradient<|lines",
    "frames": r"fill_row|memmove|memset|memcpy|all_finite",
    "packing": r"pack|transpose|place|find_segments|copy_stretches|WeightInputs|WeightGradient",
    "joining": r"add<|one_stripe|FewBackwardData",
    "the bias' sums": r"column_sums",
}
STEPS = {
    "tiles": r"tile_|panel_tile|gemv",
    "cells": r"step_panels|gradient<|cells",
    "packing": r"pack|transpose",
    "copies": r"memmove|memset|memcpy",
}
PARTS = {"conv": SUMS, "depthwise": SUMS, "lstm": STEPS, "gru": STEPS, "simple_rnn": STEPS}


def main() -> None:
    """Time all cases, then sample those under their bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", choices=CASE_SETS, default="beyond")
    parser.add_argument("--filter", default="*", help="pattern of names")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a case's samples")
    parser.add_argument("--worker", nargs=3, metavar=("OP", "NAME", "PASS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    foldgate.set_num_threads(1)
    if options.worker:
        return work(*options.worker)
    cases = [case for case in select(options.cases) if fnmatch(case.name, options.filter)]
    peak = measure_peak(1, {case.dtype for case in cases})
    for case in track(cases, transient=True):
        for pass_ in case.passes:
            seconds, bound = time_of(case, pass_), bound_of(case, pass_, peak)
            if bound < BELOW * seconds:
                parts = shares(case, pass_, options.seconds)
                print(f"| {case.op} {case.name} | {pass_} | {100 * bound / seconds:.0f} | ", end="")
                print(", ".join(told(case, pass_, parts, seconds, peak)), "|", flush=True)


def bound_of(case: Case, pass_: str, peak: Peak) -> float:
    """Seconds in which the machine could do it."""
    arithmetic = case.flops(pass_) / peak.gflops[case.dtype]
    return max(arithmetic, case.traffic(pass_) / peak.bandwidth) / 1e9


def time_of(case: Case, pass_: str) -> float:
    call = case.prepared(pass_, foldgate.ops, case.inputs(np.random.default_rng(0)))
    return measure([Contestant("foldgate", call)], 0.3)["foldgate"].median


def shares(case: Case, pass_: str, seconds: float) -> dict[str, float]:
    """Each part's share of the samples of a process that does nothing but this case."""
    command = [sys.executable, __file__, "--worker", case.op, case.name, pass_]
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()  # it has its operands
        data = str(Path(folder, "perf.data"))
        sample = f"perf record -q -F 997 -o {data} -p {worker.pid} sleep {seconds}"
        subprocess.run(sample.split(), check=True, capture_output=True)
        worker.kill()
        tell = f"perf report -i {data} --stdio --no-children -g none --sort dso,symbol"
        lines = subprocess.run(tell.split(), check=True, capture_output=True, text=True).stdout.splitlines()
    return by_part(case.op, lines)


def by_part(op: str, lines: list[str]) -> dict[str, float]:
    """The report's lines, "12.34%  library  [.] function", summed by part."""
    found: dict[str, float] = defaultdict(float)
    for line in lines:
        if match := re.match(r"\s*([\d.]+)%\s+(\S+)\s+\[(.)\]\s+(.*)", line):
            share, library, space, function = match.groups()
            found["the system" if space == "k" else part_of(op, library, function)] += float(share)
    return found


def part_of(op: str, library: str, function: str) -> str:
    for part, pattern in PARTS.get(op, {}).items():
        if re.search(pattern, function):
            return part
    return "other kernels" if "_native" in library else "the call"


def told(case: Case, pass_: str, parts: dict[str, float], seconds: float, peak: Peak) -> Iterator[str]:
    """Parts of 3 % and more, the largest first."""
    for part, share in sorted(parts.items(), key=lambda item: -item[1]):
        if share >= 3.0:
            text = f"{part} {share:.0f} %"
            if part == "tiles" and "transforms" not in parts:
                pace = case.flops(pass_) / (seconds * share / 100) / 1e9 / peak.gflops[case.dtype]
                text += f" at {100 * pace:.0f} % of the peak"
            yield text


def work(op: str, name: str, pass_: str) -> None:
    """Call a case until the end, having said that its operands are there."""
    case = next(case for case in select("all") if (case.op, case.name) == (op, name))
    call = case.prepared(pass_, foldgate.ops, case.inputs(np.random.default_rng(0)))
    gc.disable()
    start = perf_counter()
    while perf_counter() - start < 0.2:
        call()
    print("ready", flush=True)
    while True:
        call()


if __name__ == "__main__":
    main()
