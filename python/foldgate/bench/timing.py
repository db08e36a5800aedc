"""Timing of several contestants in one run: warm, alternating, medians, within a time budget."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

MAX_CALLS = 200  # a round; beyond that the median does not improve


@dataclass(frozen=True)
class Contestant:
    """A call to time.

    Args:
        name: Its key in the results.
        call: What is timed; its result is dropped at once.
        settle: Seconds of rest at the end of its turn, in which its idle threads stop spinning.
        known: Seconds of a call that was made already, so that a slow one need not be called again.
    """

    name: str
    call: Callable[[], object]
    settle: float = 0.0
    known: float = 0.0


@dataclass(frozen=True)
class Measurement:
    """Seconds a call: the median of the rounds' medians, the least, every round's median; and the calls."""

    median: float
    minimum: float
    rounds: tuple[float, ...]
    calls: int


def once(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(contestants: Sequence[Contestant], budget: float, rounds: int = 5) -> dict[str, Measurement]:
    """Time the contestants in alternating rounds.

    Each gets an equal share of `budget` seconds. Who needs more than that for one call is called only once.
    For the others each round begins with an untimed call, which refills the caches that the one before it
    emptied, and the order rotates, so that no contestant always follows the same one.

    Returns:
        A measurement by contestant's name.
    """
    share = budget / len(contestants)
    with _no_garbage_collection():
        first = {c.name: c.known if c.known > share else _round(c, 1)[0] for c in contestants}
        samples = {name: [[seconds]] for name, seconds in first.items() if seconds > share}
        others = [c for c in contestants if c.name not in samples]
        samples |= {c.name: [] for c in others}
        estimates = {c.name: min(_round(c, 2)) for c in others}  # the first call paid for page faults
        for number in range(rounds):
            start = number % max(1, len(others))
            for contestant in (*others[start:], *others[:start]):
                name, estimate = contestant.name, estimates[contestant.name]
                if (2 * number + 2) * estimate > share and number > 0:
                    continue  # an untimed and a timed call would exceed its share
                calls = max(1, min(MAX_CALLS, int(share / rounds / estimate) - 1))
                contestant.call()
                samples[name].append(_round(contestant, calls))
    return {name: _summary(taken) for name, taken in samples.items()}


def _round(contestant: Contestant, calls: int) -> list[float]:
    taken = [once(contestant.call) for _ in range(calls)]
    if contestant.settle > 0.0:
        time.sleep(contestant.settle)
    return taken


def _summary(taken: list[list[float]]) -> Measurement:
    medians = tuple(median(one) for one in taken)
    return Measurement(median(medians), min(map(min, taken)), medians, sum(map(len, taken)))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
