"""The whole run: every number of threads, the machine's peak on it, every case."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

import foldgate
import foldgate.ops
from foldgate import reference

from . import peers
from .cases import Case
from .contest import Contest
from .peak import measure_peak
from .result import Report, Row, Run


@dataclass(frozen=True)
class Settings:
    """What to run.

    Args:
        cases: The cases, in order.
        threads: Numbers of threads, one run each.
        peers: Names of the libraries to compare with.
        budget: Seconds of timing for each case and pass.
    """

    cases: Sequence[Case]
    threads: Sequence[int]
    peers: Sequence[str] = ()
    budget: float = 0.4


Progress = Callable[[str, int], None]


def run(settings: Settings, ops: Any = None, progress: Progress = lambda text, done: None) -> Report:
    """Run the benchmark.

    Args:
        settings: What to run.
        ops: The module under test; `foldgate.ops` unless given.
        progress: Called with what comes next and the number of cases done.

    Raises:
        ValueError: A peer's name is unknown.
        ImportError: A peer is not installed.
    """
    rivals = [peers.make(name) for name in settings.peers]
    contest = Contest(foldgate.ops if ops is None else ops, reference, rivals, settings.budget)
    report = Report(
        foldgate.config.config(),
        _versions(rivals),
        {
            "threads": list(settings.threads),
            "peers": list(settings.peers),
            "budget_s": settings.budget,
            "reference_threads_limited": blas_is_limited(),
        },
    )
    before = foldgate.get_num_threads()
    done = 0
    try:
        for threads in settings.threads:
            foldgate.set_num_threads(threads)
            progress(f"peak on {threads} thread{'s' * (threads > 1)}", done)
            peak = measure_peak(threads, {case.dtype for case in settings.cases})
            rows: list[Row] = []
            report.runs.append(Run(threads, peak, rows))
            for case in settings.cases:
                progress(f"{case.op} {case.name}", done)
                with _blas_threads(threads):
                    rows += contest.rows(case, threads)
                done += 1
    finally:
        foldgate.set_num_threads(before)
    return report


def _versions(rivals: Sequence[peers.Peer]) -> dict[str, str]:
    versions = {
        "foldgate": foldgate.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    return versions | {rival.name: rival.version() for rival in rivals}


def blas_is_limited() -> bool:
    """Can the reference's BLAS be held to the run's number of threads? It takes threadpoolctl."""
    return find_spec("threadpoolctl") is not None


@contextmanager
def _blas_threads(threads: int) -> Iterator[None]:
    if not blas_is_limited():
        yield
        return
    with import_module("threadpoolctl").threadpool_limits(threads, user_api="blas"):
        yield
