"""Ctrl-C: a long call answers it long before it would have ended, and leaves everything usable."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

# Each call takes many seconds, on purpose: an answer within LIMIT cannot be the call's own end. The promise
# is 200 ms on a machine that has nothing else to do; the measured time is printed, and LIMIT allows for a
# machine that has.
LIMIT = 2.0
CALLS = {
    "matmul": "a = np.ones((12000, 12000), np.float64); call = lambda: ops.matmul(a, a)",
    "conv": "x = np.ones((64, 256, 256, 64), np.float32); k = np.ones((9, 9, 64, 64), np.float32);"
    "call = lambda: ops.conv(x, k)",
    "conv_backward": "x = np.ones((32, 200, 200, 64), np.float32); k = np.ones((9, 9, 64, 64), np.float32);"
    "dy = np.ones((32, 192, 192, 64), np.float32); call = lambda: ops.conv_backward(dy, x, k)",
    "lstm": "x = np.ones((8, 20000, 256), np.float32); k = np.ones((256, 2048), np.float32);"
    "r = np.ones((512, 2048), np.float32); call = lambda: ops.lstm(x, k, r, return_sequences=False)",
    "gru_one_row": "x = np.ones((1, 200000, 64), np.float32); k = np.ones((64, 1536), np.float32);"
    "r = np.ones((512, 1536), np.float32); call = lambda: ops.gru(x, k, r, reset_after=False,"
    "return_sequences=False)",
    "bidirectional_gru": "x = np.ones((4, 20000, 64), np.float32); k = np.ones((64, 1536), np.float32);"
    "r = np.ones((512, 1536), np.float32); call = lambda: ops.bidirectional_gru(x, k, r, None, k, r, None,"
    "return_sequences=False)",
    "stacked_rnn": "x = np.ones((1, 400000, 64), np.float32); w = np.ones((64, 384), np.float32);"
    "r = np.ones((128, 384), np.float32); k = np.ones((128, 384), np.float32); "
    "call = lambda: ops.stacked_rnn(x, [(w, r, None), (k, r, None)], cell='gru', return_sequences=False)",
    "max_pool": "x = np.ones((16, 600, 600, 16), np.float32);call = lambda: ops.max_pool(x, 41, 1)",
}
PROGRAM = """
import sys, time, signal, threading, os
import numpy as np
import foldgate
from foldgate import ops
foldgate.set_num_threads({threads})
{setup}
signal.signal(signal.SIGINT, signal.default_int_handler)
sent = [None]
def send():
    time.sleep(0.3)
    sent[0] = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=send).start()
try:
    call()
except KeyboardInterrupt:
    answered = time.perf_counter() - sent[0]
else:
    sys.exit("the call ended before it was interrupted: it is too short for this test")
small = np.eye(200, dtype=np.float32)
assert (ops.matmul(small, small) == small).all()
print(f"{{answered:.3f}}")
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGINT to a process of its own")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CALLS)
def test_a_long_call_answers_ctrl_c(name, threads, capsys):
    program = PROGRAM.format(setup=CALLS[name], threads=threads)
    done = subprocess.run([sys.executable, "-c", program], timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    seconds = float(re.fullmatch(r"([\d.]+)\n", done.stdout)[1])
    with capsys.disabled():
        print(f" [{1e3 * seconds:.0f} ms]", end="")
    assert seconds < LIMIT


def test_a_handler_that_does_not_raise_lets_the_call_go_on():
    program = """
import os, signal, threading, time
import numpy as np
from foldgate import ops
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append(time.perf_counter()))
a = np.ones((2500, 2500), np.float64)
threading.Timer(0.02, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
for _ in range(20):
    c = ops.matmul(a, a)
    assert (c == 2500).all()
    if seen:
        break
assert seen
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_handler_may_call_kernels_itself():
    program = """
import os, signal, threading
import numpy as np
from foldgate import ops
a = np.ones((2500, 2500), np.float64)
small = np.ones((400, 400), np.float32)
inner = []
def handler(*_):
    inner.append(ops.matmul(small, small))
    inner.append(ops.matmul(small[:4, :4], small[:4, :4]))  # keeps the GIL
signal.signal(signal.SIGINT, handler)
threading.Timer(0.02, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
for _ in range(20):
    assert (ops.matmul(a, a) == 2500).all()
    if inner:
        break
assert (inner[0] == 400).all() and (inner[1] == 4).all()
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_call_off_the_main_thread_leaves_the_signal_to_the_main_thread():
    program = """
import os, signal, threading, time
import numpy as np
from foldgate import ops
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell starts with it ignored
a = np.ones((2500, 2500), np.float64)
failures = []
def work():
    try:
        for _ in range(3):
            ops.matmul(a, a)
    except BaseException as error:
        failures.append(error)
worker = threading.Thread(target=work)
worker.start()
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)
    raise SystemExit("no KeyboardInterrupt")
except KeyboardInterrupt:
    pass
worker.join()
assert failures == [], failures
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
