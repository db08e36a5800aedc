"""What the machine can do: multiply-adds a second by a register loop, and bytes a second by a large copy."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from foldgate import _native

COPY_BYTES = 128 << 20  # a thread's source: past any L3 share
COPIES = 3


@dataclass(frozen=True)
class Peak:
    """GFLOP/s by dtype, and GB/s read plus written, all on the run's number of threads."""

    gflops: dict[str, float]
    bandwidth: float


def measure_peak(threads: int, dtypes: set[str]) -> Peak:
    """Probe the active ISA on the active number of threads.

    Args:
        threads: foldgate's number of threads, which the copy uses as well.
        dtypes: The element types to probe.
    """
    with ThreadPoolExecutor(threads) as pool:
        gflops = {dtype: sum(pool.map(_native.measure_peak, [dtype] * threads)) for dtype in sorted(dtypes)}
    return Peak(gflops, _bandwidth(threads))


def _bandwidth(threads: int) -> float:
    """GB/s of plain copies, one pair of arrays a thread; the best of a few (the first faults pages in)."""
    sources = [np.ones(COPY_BYTES // 8) for _ in range(threads)]
    targets = [np.zeros(COPY_BYTES // 8) for _ in range(threads)]
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(COPIES):
            start = time.perf_counter()
            list(pool.map(np.copyto, targets, sources))
            best = min(best, time.perf_counter() - start)
    return 2 * threads * COPY_BYTES / best / 1e9
