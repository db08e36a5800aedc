"""The process is left as found: floating-point control, signals and locale, by the import and by every op."""

from __future__ import annotations

import ctypes
import ctypes.util
import locale
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from op_calls import op_calls

TESTS = Path(__file__).parent
SECONDS = 60


def floating_point_control() -> int:
    """MXCSR's (x86-64) or FPCR's (aarch64) control bits: rounding, flush to zero, traps."""
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    environment = (ctypes.c_uint32 * 64)()
    assert libm.fegetenv(ctypes.byref(environment)) == 0
    if platform.machine() == "x86_64":
        # glibc's fenv_t: 28 bytes of x87 state, then MXCSR, whose low 6 bits are flags
        return environment[7] & 0xFFC0
    return environment[0]


def process_state() -> dict[str, object]:
    handlers = {s: signal.getsignal(s) for s in signal.valid_signals()}
    return {
        "floating point": floating_point_control(),
        "denormals": float(np.float32(1e-38) * np.float32(0.01)),
        "signal mask": signal.pthread_sigmask(signal.SIG_BLOCK, []),
        "signal handlers": handlers,
        "locale": locale.setlocale(locale.LC_ALL),
        "numpy errors": np.geterr(),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
    }


pytestmark = pytest.mark.skipif(
    platform.system() != "Linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="reads glibc's floating-point environment",
)


def test_the_state_that_is_read_is_the_one_that_matters():
    """Rounding upwards shows in what is compared, so that a change would be seen."""
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    before = process_state()
    upward = {"x86_64": 0x800, "aarch64": 0x400000}[platform.machine()]
    libm.fesetround(upward)
    try:
        assert process_state()["floating point"] != before["floating point"]
    finally:
        libm.fesetround(0)
    assert process_state() == before


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_op_leaves_the_process_as_found(dtype, threads):
    import foldgate

    before_threads = foldgate.get_num_threads()
    foldgate.set_num_threads(threads)
    try:
        for name, call in op_calls(foldgate.ops, dtype, 3).items():
            before = process_state()
            call()
            assert process_state() == before, name
    finally:
        foldgate.set_num_threads(before_threads)


def run(code: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    return subprocess.run(
        [sys.executable, "-c", code], timeout=SECONDS, capture_output=True, text=True, env=environment
    )


def test_the_import_leaves_the_process_as_found():
    done = run(
        "import warnings, test_process_state as t\n"
        "before, filters = t.process_state(), list(warnings.filters)\n"
        "import foldgate\n"
        "assert t.process_state() == before\n"
        "assert warnings.filters == filters\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_import_starts_no_thread_and_takes_no_framework_along():
    done = run(
        "import os, sys\n"
        "import numpy\n"
        "threads = len(os.listdir('/proc/self/task'))\n"
        "import foldgate\n"
        "assert len(os.listdir('/proc/self/task')) == threads\n"
        "heavy = {'torch', 'keras', 'matplotlib', 'rich', 'onnx', 'foldgate.bench', 'threadpoolctl'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_the_exit_does_not_hang_with_the_pool_awake():
    done = run(
        "import numpy as np, foldgate\n"
        "foldgate.set_num_threads(3)\n"
        "a = np.ones((700, 700), np.float32)\n"
        "foldgate.ops.matmul(a, a)\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_exit_does_not_hang_or_crash_while_a_daemon_thread_computes():
    done = run(
        "import numpy as np, foldgate, threading, time\n"
        "foldgate.set_num_threads(3)\n"
        "a = np.ones((300, 300), np.float32)\n"
        "def work():\n"
        "    while True:\n"
        "        foldgate.ops.matmul(a, a)\n"
        "threading.Thread(target=work, daemon=True).start()\n"
        "time.sleep(0.3)\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("threads", [1, 3])
def test_the_exit_does_not_wait_for_a_daemon_threads_long_call(threads):
    done = run(
        "import numpy as np, foldgate, threading, time\n"
        f"foldgate.set_num_threads({threads})\n"
        "a = np.ones((12000, 12000), np.float64)\n"  # a minute of work
        "threading.Thread(target=foldgate.ops.matmul, args=(a, a), daemon=True).start()\n"
        "time.sleep(0.5)\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "on_exit"), reason="C's on_exit is an addition of glibc's")
@pytest.mark.parametrize("threads", [1, 3])
def test_daemon_threads_calls_may_outlive_the_interpreter(threads):
    """Kernels run on while Python is gone already and the process is not. The calls look for signals every
    50 ms, each 12 ms after another one, and some of them not before the 262,144 us that on_exit sleeps: it
    hands its function the exit status.
    """
    done = run(
        "import ctypes, sys, threading, time\n"
        "import numpy as np, foldgate\n"
        f"foldgate.set_num_threads({threads})\n"
        "a = np.ones((6000, 6000), np.float64)\n"  # seconds of work
        "for _ in range(4):\n"
        "    threading.Thread(target=foldgate.ops.matmul, args=(a, a), daemon=True).start()\n"
        "    time.sleep(0.112)\n"
        "libc = ctypes.CDLL(None)\n"
        "libc.on_exit(libc.usleep, None)\n"
        "sys.exit(0x40000)\n"  # of which the parent sees the lowest eight bits
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_call_in_atexit_works():
    """After foldgate's own atexit function has ended the pool: it is registered later, so it runs first."""
    done = run(
        "import atexit, numpy as np\n"
        "a = np.ones((700, 700), np.float32)\n"
        "def last():\n"
        "    import foldgate\n"
        "    assert (foldgate.ops.matmul(a, a) == 700).all()\n"
        "    print('computed')\n"
        "atexit.register(last)\n"
        "import foldgate\n"
        "foldgate.set_num_threads(3)\n"
        "foldgate.ops.matmul(a, a)\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "computed\n", "")
