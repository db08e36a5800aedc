"""What small calls cost: a training step of four Dense layers, every layer, every op, in microseconds.

    python benchmarks/overhead.py                                # all of it
    python benchmarks/overhead.py --only step layers --above 8   # what is above 8 us
    python benchmarks/overhead.py --against ../before/python     # that tree's times beside, and the ratio

Arrays are so small that what surrounds the kernels is most of the time. Each process measures everything
once, by the median of turns, which alternate between the processes of two trees. One thread.
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


class Turns:
    """Times a call by turns of a few milliseconds each."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._number = 5  # a turn's; the first turns warm up
        self._number = max(1, int(TURN_SECONDS / max(self.microseconds() * 1e-6, 1e-7)))
        self._number = max(1, int(TURN_SECONDS / max(self.microseconds() * 1e-6, 1e-7)))

    def microseconds(self) -> float:
        """A call's time in one turn."""
        call = self._call
        begin = time.perf_counter()
        for _ in range(self._number):
            call()
        return (time.perf_counter() - begin) / self._number * 1e6


def worker(kinds: list[str]) -> None:
    """Prints the names of its calls, and then a turn's time of each that it is asked for."""
    import foldgate

    foldgate.set_num_threads(1)
    calls = {f"{kind}: {name}": call for kind in kinds for name, call in KINDS[kind]().items()}
    print(json.dumps(list(calls)), flush=True)
    name, turns = "", None
    for line in sys.stdin:
        if turns is None or line != name:
            name, turns = line, Turns(calls[line.rstrip("\n")])
        print(turns.microseconds(), flush=True)


class Worker:
    """A process of a source tree, or of what is installed."""

    def __init__(self, tree: str | None, kinds: list[str]) -> None:
        environment = dict(os.environ)
        if tree is not None:
            environment["PYTHONPATH"] = tree
        command = [sys.executable, __file__, "--worker", "--only", *kinds]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
        self.names: list[str] = json.loads(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def microseconds(self, name: str) -> float:
        """The time of one of its calls, in a turn."""
        assert self._process.stdin is not None
        print(name, file=self._process.stdin, flush=True)
        return float(self._line())

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()


def one_round(trees: list[str | None], kinds: list[str]) -> list[dict[str, float]]:
    """A process of each tree. Their turns alternate, as a machine's clock changes at any time."""
    workers = [Worker(tree, kinds) for tree in trees]
    found: list[dict[str, float]] = [{} for _ in trees]
    for name in workers[0].names:
        having = [i for i, one in enumerate(workers) if name in one.names]
        turns = [[workers[i].microseconds(name) for i in having] for _ in range(TURNS)]
        for i, times in zip(having, zip(*turns, strict=True), strict=True):
            found[i][name] = statistics.median(times)
    for one in workers:
        one.close()
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
    rounds = [one_round(trees, given.only) for _ in range(given.rounds)]
    for name in rounds[0][0]:
        of_trees = [[found[name] for found in tree if name in found] for tree in zip(*rounds, strict=True)]
        times = [statistics.median(found) for found in of_trees if found]
        if times[0] > given.above:
            beside = f"{times[1]:9.2f}  {times[1] / times[0]:5.2f}x" if len(times) > 1 else ""
            print(f"{name:44} {times[0]:9.2f} us {beside}")


if __name__ == "__main__":
    main()
