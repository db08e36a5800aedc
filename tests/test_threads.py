"""Threads: bit-identical results for any number of them, callers from many Python threads, the setting."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import foldgate
from foldgate import ops
from op_calls import op_calls
from support import flat


def results(dtype: type, size: int) -> dict[str, list[bytes]]:
    return {
        name: [part.tobytes() for part in flat(call())] for name, call in op_calls(ops, dtype, size).items()
    }


@pytest.fixture
def threads():
    """Sets the number of threads, and puts it back."""
    before = foldgate.get_num_threads()
    yield foldgate.set_num_threads
    foldgate.set_num_threads(before)


def test_every_op_has_a_call():
    functions = {name for name in ops.__all__ if callable(getattr(ops, name)) and name[0].islower()}
    assert functions == set(op_calls(ops))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 4])
def test_results_are_bit_identical_for_any_number_of_threads(threads, dtype, size):
    threads(1)
    one = results(dtype, size)
    for number in (2, 3, 5):
        threads(number)
        for _ in range(3):
            many = results(dtype, size)
            assert [name for name in one if one[name] != many[name]] == []


def test_callers_from_many_python_threads_get_their_own_results(threads):
    threads(2)
    expected = results(np.float32, 2)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: results(np.float32, 2), range(12)):
            assert got == expected


def test_the_gil_is_free_during_a_call(threads):
    """Another Python thread goes on while one call runs: never held up for as long as half of it."""
    threads(1)
    a = np.ones((2500, 2500), np.float64)
    seconds, done = [], threading.Event()

    def call():
        begin = time.perf_counter()
        try:
            foldgate.ops.matmul(a, a)
            seconds.append(time.perf_counter() - begin)
        finally:
            done.set()

    worker = threading.Thread(target=call)
    longest, last = 0.0, time.perf_counter()
    worker.start()
    while not done.is_set():
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    worker.join()
    assert longest < seconds[0] / 2


@pytest.mark.parametrize("value", [0, -1])
def test_fewer_than_one_thread_is_a_value_error(value):
    before = foldgate.get_num_threads()
    with pytest.raises(ValueError, match=rf"set_num_threads: \w+ is {value}"):
        foldgate.set_num_threads(value)
    assert foldgate.get_num_threads() == before


@pytest.mark.parametrize("value", ["2", 1.5, None, True])
def test_another_kind_of_number_of_threads_is_a_type_error(value):
    with pytest.raises(TypeError):
        foldgate.set_num_threads(value)


def threads_of_a_new_process(**environment: str) -> int:
    clean = {k: v for k, v in os.environ.items() if k not in ("FOLDGATE_NUM_THREADS", "OMP_NUM_THREADS")}
    code = "import foldgate; print(foldgate.get_num_threads())"
    return int(subprocess.check_output([sys.executable, "-c", code], env=clean | environment, text=True))


def test_the_environment_sets_the_number():
    assert threads_of_a_new_process(FOLDGATE_NUM_THREADS="3") == 3
    assert threads_of_a_new_process(OMP_NUM_THREADS="5") == 5
    assert threads_of_a_new_process(FOLDGATE_NUM_THREADS="3", OMP_NUM_THREADS="5") == 3


@pytest.mark.parametrize("value", ["", "0", "-2", "many"])
def test_a_number_that_makes_no_sense_means_the_default(value):
    assert threads_of_a_new_process(FOLDGATE_NUM_THREADS=value) == threads_of_a_new_process()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity masks")
def test_the_default_honours_the_affinity_mask():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "import foldgate; print(foldgate.get_num_threads())"
    )
    clean = {k: v for k, v in os.environ.items() if k not in ("FOLDGATE_NUM_THREADS", "OMP_NUM_THREADS")}
    assert subprocess.check_output([sys.executable, "-c", code], env=clean, text=True).strip() == "1"
