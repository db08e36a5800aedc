"""What the machine can do: multiply-adds by a register loop, bytes by a large copy, the way between cores."""

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
    """GFLOP/s by dtype, and GB/s read plus written, all on the run's number of threads.

    `handover`: nanoseconds in which a value passes from one core to another, of several threads; 0: unknown.
    On a virtual machine it tells whether cores share a chip; two threads gain less where they do not.
    """

    gflops: dict[str, float]
    bandwidth: float
    handover: float = 0.0

    def text(self) -> str:
        """All of it in a line."""
        limits = ", ".join(f"{gflops:.0f} GFLOP/s {dtype}" for dtype, gflops in self.gflops.items())
        way = f", {self.handover:.0f} ns from core to core" if self.handover else ""
        return f"peak {limits}, copy {self.bandwidth:.0f} GB/s{way}"


def measure_peak(threads: int, dtypes: set[str]) -> Peak:
    """Probe the active ISA on the active number of threads.

    Args:
        threads: foldgate's number of threads, which the copy uses as well.
        dtypes: The element types to probe.
    """
    with ThreadPoolExecutor(threads) as pool:
        gflops = {dtype: sum(pool.map(_native.measure_peak, [dtype] * threads)) for dtype in sorted(dtypes)}
    return Peak(gflops, _bandwidth(threads), _native.measure_handover() if threads > 1 else 0.0)


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
