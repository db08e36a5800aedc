"""fork: a child works, whatever the parent's threads were doing, and nothing hangs."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import foldgate
from foldgate import ops
from op_calls import op_calls
from support import flat

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    # Python >= 3.12 warns of every fork in a process with threads: that is what is tested here.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
SECONDS = 60  # a hang, not a slow machine


@pytest.fixture(autouse=True)
def two_threads():
    before = foldgate.get_num_threads()
    foldgate.set_num_threads(2)
    yield
    foldgate.set_num_threads(before)


def digest() -> list[bytes]:
    return [part.tobytes() for call in op_calls(ops, np.float32, 3).values() for part in flat(call())]


def child_status(work) -> int:
    """Exit status of a forked child that runs `work`; a child that hangs is ended by its alarm."""
    pid = os.fork()
    if pid == 0:
        import signal

        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1]


def test_a_child_gets_the_parents_results():
    expected = digest()
    assert child_status(lambda: digest() == expected) == 0
    assert digest() == expected


def test_a_child_of_a_child():
    expected = digest()
    assert child_status(lambda: child_status(lambda: digest() == expected) == 0) == 0


def test_a_fork_while_kernels_run():
    expected, stop = digest(), threading.Event()

    def busy():
        while not stop.is_set():
            digest()

    worker = threading.Thread(target=busy)
    worker.start()
    try:
        for _ in range(10):
            assert child_status(lambda: digest() == expected) == 0
    finally:
        stop.set()
        worker.join()


def _worker_digest(_: int) -> list[bytes]:
    return digest()


def test_multiprocessing_by_fork():
    expected = digest()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for got in pool.map_async(_worker_digest, range(4)).get(timeout=SECONDS):
            assert got == expected


def test_the_childs_exit_is_clean():
    """Through the interpreter's whole shutdown, atexit and destructors, with the pool awake."""
    code = """
import os, numpy as np, foldgate
foldgate.set_num_threads(2)
a = np.ones((600, 600), np.float32)
foldgate.ops.matmul(a, a)
pid = os.fork()
foldgate.ops.matmul(a, a)
if pid:
    assert os.waitpid(pid, 0)[1] == 0
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], timeout=SECONDS, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
