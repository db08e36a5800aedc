"""What small calls cost: a training step of four Dense layers, every layer, every op, in microseconds.

    python benchmarks/overhead.py                                # all of it
    python benchmarks/overhead.py --only step layers --above 8   # what is above 8 us
    python benchmarks/overhead.py --against ../before/python     # that tree's times beside, and the ratio

Arrays are so small that what surrounds the kernels is most of the time. Each process measures everything
once, by the median of turns; processes of the two trees alternate. One thread.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from overhead_calls import layer_calls, op_calls, step_calls

KINDS: dict[str, Callable[[], dict[str, Callable[[], Any]]]] = {
    "step": step_calls,
    "layers": layer_calls,
    "ops": op_calls,
}
TURNS = 9
TURN_SECONDS = 3e-3


def microseconds(call: Callable[[], Any]) -> float:
    """The time of a call: the median of turns of a few milliseconds each."""
    for _ in range(5):
        call()
    begin = time.perf_counter()
    call()
    number = max(1, int(TURN_SECONDS / max(time.perf_counter() - begin, 1e-7)))
    turns = []
    for _ in range(TURNS):
        begin = time.perf_counter()
        for _ in range(number):
            call()
        turns.append((time.perf_counter() - begin) / number * 1e6)
    return statistics.median(turns)


def worker(kinds: list[str]) -> None:
    """Prints every time as JSON."""
    import foldgate

    foldgate.set_num_threads(1)
    print(
        json.dumps(
            {f"{kind}: {name}": microseconds(call) for kind in kinds for name, call in KINDS[kind]().items()}
        )
    )


def measured(tree: str | None, kinds: list[str]) -> dict[str, float]:
    """One process of a source tree, or of what is installed."""
    environment = dict(os.environ)
    if tree is not None:
        environment["PYTHONPATH"] = tree
    command = [sys.executable, __file__, "--worker", "--only", *kinds]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--above", type=float, default=0.0, help="shows those above so many microseconds")
    parser.add_argument("--rounds", type=int, default=3, help="processes a tree")
    parser.add_argument("--against", help="PYTHONPATH of another source tree")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        worker(given.only)
        return
    trees = [None] if given.against is None else [None, given.against]
    rounds: list[list[dict[str, float]]] = [[] for _ in trees]
    for _ in range(given.rounds):
        for tree, found in zip(trees, rounds, strict=True):
            found.append(measured(tree, given.only))
    for name in rounds[0][0]:
        times = [statistics.median([one[name] for one in found if name in one]) for found in rounds]
        if times[0] > given.above:
            beside = f"{times[1]:9.2f}  {times[1] / times[0]:5.2f}x" if len(times) > 1 else ""
            print(f"{name:44} {times[0]:9.2f} us {beside}")


if __name__ == "__main__":
    main()
