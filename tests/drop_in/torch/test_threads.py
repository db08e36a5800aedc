"""The kernels on torch's own threads: the same bits for any number of them, and in forked children."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

SHARED = """
import os
import torch, foldgate
import numpy as np
from foldgate import config, ops
x = np.random.default_rng(0).standard_normal((8, 32, 32, 32)).astype(np.float32)
kernel = np.random.default_rng(1).standard_normal((3, 3, 32, 32)).astype(np.float32)
foldgate.set_num_threads(2)
expected = ops.conv(x, kernel)
threads = lambda: len(os.listdir("/proc/self/task"))
import foldgate.torch
from foldgate._torch_threads import share_threads
if not share_threads():
    print("none")
    raise SystemExit
for torchs, ours in ((2, 2), (1, 3), (3, 1), (3, 2), (2, 3)):
    torch.set_num_threads(torchs)
    foldgate.set_num_threads(ours)
    (torch.randn(512, 512) @ torch.randn(512, 512)).exp()
    for _ in range(20):
        assert np.array_equal(ops.conv(x, kernel), expected)
before = threads()
for _ in range(20):
    ops.conv(x, kernel)
assert threads() == before
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(ops.conv(x, kernel), expected) else 3)
assert os.waitpid(child, 0)[1] == 0
config._borrow_threads(0, 0, 0)
assert np.array_equal(ops.conv(x, kernel), expected)
print("shared")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the runtime that torch brings on Linux")
def test_the_kernels_run_on_torchs_threads():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", SHARED], capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.stdout.strip() == "shared", done.stderr
