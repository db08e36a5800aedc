"""One case: build its inputs, check every result against the reference, then time who passed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from .cases import Arrays, Case
from .check import differences
from .peers import Candidate, Peer
from .result import FOLDGATE, REFERENCE, Row
from .timing import Contestant, Measurement, measure, once

SEED = 20240
# Seconds in which other libraries' idle threads stop spinning; needed beyond one thread.
# libgomp spins through 300,000 pauses, 17 ms at the 140 cycles that one takes on Skylake.
REST = 0.03
# NumPy's OpenBLAS yields its core in a loop through 2^28 cycles: 0.13 s at 2 GHz. Beside peers that counts;
# without them most of a run would be rest.
REFERENCE_REST = 0.14
PEER_SLACK = 4.0  # peers may compute in another way; a wrong layout is off by far more


@dataclass(frozen=True)
class Problem:
    """One pass of a case, set up.

    Args:
        arrays: The case's inputs.
        expected: The reference's results.
        known: Seconds that the reference took for this very pass, or 0.
    """

    case: Case
    pass_: str
    threads: int
    arrays: Arrays
    expected: Arrays
    known: float

    def run(self, ops: Any) -> Arrays:
        return self.prepared(ops)()

    def prepared(self, ops: Any) -> Callable[[], Arrays]:
        return self.case.prepared(self.pass_, ops, self.arrays)

    def wrong(self, call: Callable[[], Arrays], slack: float = 1.0) -> str:
        """What is wrong with a call's results; empty when nothing is."""
        try:
            return "; ".join(differences(self.case, call(), self.expected, self.arrays, slack))
        except Exception as error:  # whatever an op raises is this row's result
            return f"{type(error).__name__}: {error}"


class Contest:
    """Who competes, and for how long.

    Args:
        ops: The module under test.
        reference: The module that says what is right.
        rivals: The libraries to compare with.
        budget: Seconds of timing for a case and pass with two contestants; more take longer in proportion.
    """

    def __init__(self, ops: Any, reference: Any, rivals: Sequence[Peer], budget: float) -> None:
        self._ops, self._reference, self._rivals, self._budget = ops, reference, rivals, budget

    def rows(self, case: Case, threads: int) -> list[Row]:
        """Decide every pass of a case."""
        arrays = case.inputs(np.random.default_rng(SEED))
        last = case.passes[-1]  # it yields every result, the forward's among them
        start = perf_counter()
        expected = case.run(last, self._reference, arrays)
        known = {last: perf_counter() - start}
        return [
            self._row(Problem(case, pass_, threads, arrays, expected, known.get(pass_, 0.0)))
            for pass_ in case.passes
        ]

    def _row(self, problem: Problem) -> Row:
        errors: dict[str, str] = {}
        variants: dict[str, str] = {}
        times: dict[str, Measurement] = {}
        wrong = problem.wrong(lambda: problem.run(self._ops))
        if wrong:
            errors[FOLDGATE] = wrong
        else:
            contestants = self._contestants(problem, errors, variants)
            times = measure(contestants, self._budget * len(contestants) / 2)
        case = problem.case
        return Row(
            op=case.op,
            family=case.family,
            name=case.name,
            pass_=problem.pass_,
            dtype=case.dtype,
            threads=problem.threads,
            shapes=case.shapes(),
            flops=case.flops(problem.pass_),
            traffic=case.traffic(problem.pass_),
            errors=errors,
            times=times,
            variants=variants,
        )

    def _contestants(
        self, problem: Problem, errors: dict[str, str], variants: dict[str, str]
    ) -> list[Contestant]:
        """foldgate, then the rivals that have the operation and get it right, then the reference."""
        rest = REST if problem.threads > 1 else 0.0
        contestants = [Contestant(FOLDGATE, problem.prepared(self._ops), rest / 4)]
        for rival in self._rivals:
            chosen = _fastest(rival, problem, errors)
            if chosen:
                contestants.append(Contestant(rival.name, chosen.call, rest))
                variants[rival.name] = chosen.variant
        return [
            *contestants,
            Contestant(
                REFERENCE,
                problem.prepared(self._reference),
                REFERENCE_REST if rest and self._rivals else rest / 4,
                problem.known,
            ),
        ]


def _fastest(rival: Peer, problem: Problem, errors: dict[str, str]) -> Candidate | None:
    """The rival's fastest way of those that give the right results; the others are written into `errors`."""
    best, least = None, float("inf")
    for candidate in rival.candidates(problem.case, problem.pass_, problem.arrays, problem.threads):
        wrong = problem.wrong(candidate.results, PEER_SLACK)
        if wrong:
            errors[rival.name] = wrong
            continue
        seconds = min(once(candidate.call) for _ in range(3))
        if seconds < least:
            best, least = candidate, seconds
    return best
